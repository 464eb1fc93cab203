package train

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/train/conversation"
)

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
	if len(t.recipe.talks()) == 0 {
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
	t.templateHash = hex.EncodeToString(h.Sum(nil))
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
