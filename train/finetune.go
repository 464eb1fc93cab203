package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train/checkpoint"
	"github.com/polymath-lm/polymath/train/conversation"
)

// dataDir is where a run keeps the shards of its conversations.
const dataDir = "data"

// reportFile is beside these shards: of what they were made, and what became of
// each object.
const reportFile = "report.json"

// prepared is reportFile.
type prepared struct {
	Source  dataSource          `json:"source"`
	Report  conversation.Report `json:"report"`
	Version int                 `json:"version"`
}

// preparedVersion is the version of how conversations become shards.
const preparedVersion = 1

// dataSource is all that shards of conversations are a function of.
type dataSource struct {
	File      string  `json:"file_sha256"`
	Tokenizer string  `json:"tokenizer_sha256"`
	Template  string  `json:"template_sha256"`
	Begin     []int32 `json:"begin"`
	End       int32   `json:"end"`
	Sequence  int     `json:"sequence"`
	TooLong   string  `json:"too_long"`
	SkipBad   bool    `json:"skip_bad"`
	Pictures  *layout `json:"pictures,omitempty"`
}

// layout is what of a tower decides how many tokens a picture takes.
type layout struct {
	ImageToken int `json:"image_token"`
	ImageSize  int `json:"image_size"`
	PatchSize  int `json:"patch_size"`
	Box        int `json:"image_box"`
	Short      int `json:"image_short"`
}

// hashFiles is the hash of a file's content, or of those of several.
func hashFiles(paths []string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		sum, err := conversation.Hash(path)
		if err != nil || len(paths) == 1 {
			return sum, err
		}
		fmt.Fprintln(h, sum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// templateFiles are those that make a chat template.
var templateFiles = []string{"tokenizer_config.json", "chat_template.jinja", "chat_template.json"}

// readFiles collects what goes into the finished model's directory beside the
// weights: what the model to go on from has, and the template that it was
// trained with where that has none.
func (t *Trainer) readFiles() error {
	from := t.recipe.Model.From
	if from != "" {
		files, err := modelfile.Files(from)
		if err != nil {
			return fmt.Errorf("model.from: %w", err)
		}
		delete(files, "README.md") // it is about the other model
		maps.Copy(files, t.files)
		t.files = files
	}
	if len(t.recipe.Data.Conversations) == 0 {
		return nil
	}
	return t.readTemplate(from)
}

// readTemplate finds how conversations are written: as the model to go on from
// says, or as new models do.
func (t *Trainer) readTemplate(from string) (err error) {
	files := t.files
	if t.template = chat.Default(); from != "" {
		if t.template, err = modelfile.Template(from); err != nil {
			return err
		}
	}
	h := sha256.New()
	for _, name := range templateFiles {
		fmt.Fprintf(h, "%q %d\n", name, len(files[name]))
		h.Write(files[name])
	}
	t.source.Template = hex.EncodeToString(h.Sum(nil))
	if t.template.IsDefault() && files["chat_template.jinja"] == nil {
		files["chat_template.jinja"] = []byte(chat.DefaultJinja)
	}
	return nil
}

// encoder is what makes tokens of conversations. Texts begin as a prompt does.
func (t *Trainer) encoder() conversation.Encoder {
	e := conversation.Encoder{Tokenizer: t.text, Template: t.template, End: t.text.EOS()}
	if prefix, _ := t.text.Template(); t.text.HasTemplate() {
		e.Begin = slices.Clone(prefix)
	} else if t.cfg == nil { // a new model: documents begin with what ends them
		if e.End >= 0 {
			e.Begin = []int32{e.End}
		}
	} else if t.cfg.BOSTokenID >= 0 {
		e.Begin = []int32{int32(t.cfg.BOSTokenID)}
	}
	if t.cfg != nil && e.End < 0 && len(t.cfg.EOSTokenIDs) > 0 {
		e.End = int32(t.cfg.EOSTokenIDs[0])
	}
	return e
}

// prepareData makes the shards of the run's conversations, or finds them as it
// made them before, and returns their directory. A dry run makes them in a
// temporary one.
func (t *Trainer) prepareData() (dir string, err error) {
	files, err := t.recipe.Data.Conversations.Expand()
	if err == nil {
		t.source.File, err = hashFiles(files)
	}
	if err != nil {
		return "", fmt.Errorf("data.conversations: %w", err)
	}
	e := t.encoder()
	t.source.Tokenizer, t.source.Begin, t.source.End = t.hashes.Tokenizer, e.Begin, e.End
	t.source.Sequence, t.source.TooLong, t.source.SkipBad = t.recipe.Batch.Sequence, t.recipe.Data.TooLong, t.recipe.Data.SkipBad
	if v := t.vision; v != nil {
		t.source.Pictures = &layout{v.ImageTokenID, v.ImageSize, v.PatchSize, v.Box, v.Short}
	}
	dir = filepath.Join(t.options.RunDir, dataDir)
	if _, err := os.Stat(filepath.Join(dir, shard.ManifestName)); err == nil {
		before, err := readPrepared(dir)
		if err != nil {
			return "", err
		}
		_, err = os.Lstat(filepath.Join(t.options.RunDir, metricsFile))
		begun := !errors.Is(err, fs.ErrNotExist)
		changed := t.found(dir, before)
		// What changed in files of pictures nobody knows: before a run begins, they are
		// read again.
		if changed == nil && (begun || before.Report.PictureFiles == 0) {
			return dir, nil
		}
		if begun {
			return "", changed
		}
		if !t.options.DryRun { // those of a run that never began
			if err := atomicfile.RemoveAll(dir); err != nil {
				return "", err
			}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if t.options.DryRun || t.options.RunDir == "" {
		if dir, err = os.MkdirTemp("", "polymath-data-"); err != nil {
			return "", err
		}
		t.temporary = dir
	} else {
		unlock, err := t.lockRun()
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	report, err := conversation.Prepare(files, dir, conversation.Options{
		Encoder: e, Vision: t.vision, MaxTokens: t.recipe.Batch.Sequence, TooLong: t.recipe.Data.TooLong, SkipBad: t.recipe.Data.SkipBad,
		Progress: t.options.Preparing,
		Before: func(r *conversation.Report) error {
			_, err := checkpoint.WriteJSON(filepath.Join(dir, reportFile), prepared{t.source, *r, preparedVersion})
			return err
		},
	})
	t.plan.Data = report
	return dir, err
}

// lockRun takes the run's directory, which it makes if need be.
func (t *Trainer) lockRun() (unlock func() error, err error) {
	if err := os.MkdirAll(t.options.RunDir, 0o777); err != nil {
		return nil, err
	}
	return atomicfile.Lock(t.options.RunDir)
}

// found takes shards that were made before, if they are what the recipe asks for.
func (t *Trainer) found(dir string, before *prepared) error {
	now, err := json.Marshal(t.source)
	if err != nil {
		return err
	}
	was, err := json.Marshal(before.Source)
	if err != nil {
		return err
	}
	if string(now) != string(was) || before.Version != preparedVersion {
		return fmt.Errorf("%s was made of other data, or with another model, program or recipe than this run's: %s; "+
			"change them back, or name another directory for the run", dir, differences(was, now))
	}
	t.plan.Data = &before.Report
	return nil
}

// differences lists the keys of two JSON objects whose values differ.
func differences(was, now []byte) string {
	a, errA := checkpoint.Flatten(was)
	b, errB := checkpoint.Flatten(now)
	if errA != nil || errB != nil {
		return "unreadable"
	}
	var list []string
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if a[key] != b[key] {
			list = append(list, fmt.Sprintf("%s was %s and is %s", key, a[key], b[key]))
		}
	}
	if len(list) == 0 {
		return "another version"
	}
	return strings.Join(list, ", ")
}

// readPrepared reads the report beside shards.
func readPrepared(dir string) (*prepared, error) {
	path := filepath.Join(dir, reportFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var p prepared
	if err := checkpoint.StrictJSON(text, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &p, nil
}

// chatPrompt is a sample's prompt as a user's message.
func (t *Trainer) chatPrompt(prompt string) (ids []int32, end []int32, err error) {
	segments, err := t.template.Render(chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, prompt)}}, chat.RenderOptions{Prompt: true})
	if err != nil {
		return nil, nil, fmt.Errorf("sample.prompts: %w", err)
	}
	for _, id := range t.cfg.EOSTokenIDs {
		end = append(end, int32(id))
	}
	for _, stop := range t.template.Stops() {
		if id, ok := t.text.Special(stop); ok {
			end = append(end, id)
		}
	}
	return chat.Encode(t.text, segments, nil), end, nil
}
