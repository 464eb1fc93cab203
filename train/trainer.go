package train

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/memory"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train/checkpoint"
	"github.com/polymath-lm/polymath/train/conversation"
	"github.com/polymath-lm/polymath/train/optim"
)

// Trainer is one run. Its methods are for one goroutine at a time.
type Trainer struct {
	recipe    *Recipe
	options   Options
	cfg       *model.Config
	vision    *vision.Config // the model's; nil = it cannot see
	hashes    hashes
	recipes   []model.RecipeFrom // that the steps were taken with, this one last
	text      *tokenizer.Tokenizer
	template  *chat.Template    // of conversations
	base      *model.Weights    // of an adapter, until the model is loaded
	temporary string            // directory of a dry run's shards, removed by Close
	files     map[string][]byte // go into every model directory
	data      *dataset          // the recipe's, which every stage measures
	feeds     []*feed           // of each stage
	plan      Plan
	// Of the recipe's conversations: the hash of the template's files, and of each
	// talk's directory where it is and what became of the objects.
	templateHash string
	places       map[string]string
	reports      map[string]*conversation.Report
	legs         []leg           // the stages
	shapes       []*model.Config // of the model in each of them
	prompts      [][]int32       // of samples
	promptEnds   []int32         // the tokens that end a sample

	// From here on, what Run makes.
	model     *model.Model
	optimizer *optim.Optimizer
	average   *optim.Average // nil without EMA
	trained   []*model.Param // the optimizer's parameters
	grads     [][]float32    // of these, also where they are frozen
	stage     int            // of the recipe's stages, -1 before one has begun
	// stageUpdates are the optimizer's steps in each stage, where the recipe has any.
	stageUpdates []int
	workspace    *model.Workspace
	journal      *journal
	watcher      watcher
	step         int // last step done
	saved        int // step of the last checkpoint, -1 before there is one
	saveDir      string
	evaluated    EvalRecord
	loss         float64
	stale        bool            // the gradients are those of a step not taken
	recent       []time.Duration // of the last steps, for the time to go
	unlock       func() error    // gives the run's directory free
	began        time.Time       // the run, before all interruptions
	metered      float64         // joules, when the last step ended
	spentBefore  energy.Spent    // by the parts of the run before this one
	store        *checkpoint.Store
}

// New prepares a run and plans it: it reads the tokenizer and opens the shards,
// which reads them once. It writes nothing, but shards of conversations into
// Options.RunDir, and does not allocate the model. Close the Trainer in the end.
//
// An impossible combination is an error: another tokenizer's shards, a
// vocabulary larger than the model's, a share of held-out documents that is
// none. So is a RunDir that Run would refuse, but for Options.DryRun.
func New(r *Recipe, o Options) (*Trainer, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	recipe := *r
	recipe.Sample.Prompts = slices.Clone(r.Sample.Prompts)
	t := &Trainer{recipe: &recipe, options: o, saved: -1, stage: -1, store: checkpoint.New(o.RunDir)}
	t.hashes.Recipe = r.Hash()
	if err := t.checkDir(); err != nil {
		return nil, err
	}
	if err := t.readTokenizer(); err != nil {
		return nil, err
	}
	if err := t.open(); err != nil {
		_ = t.Close() // the other error matters
		return nil, err
	}
	return t, nil
}

// open reads what there is of the model and the data, and plans.
func (t *Trainer) open() error {
	if err := t.configure(); err != nil {
		return err
	}
	if err := t.readSight(); err != nil {
		return err
	}
	if err := t.readFiles(); err != nil {
		return err
	}
	if err := t.prepareTalks(); err != nil {
		return err
	}
	dir := t.recipe.Data.Shards
	if len(t.recipe.Data.Conversations) > 0 {
		dir, t.plan.Data = t.places[dataDir], t.reports[dataDir]
	}
	data, err := openData(dir, t.recipe, t.hashes.Tokenizer)
	if err != nil {
		return err
	}
	t.data = data
	t.hashes.Corpus = data.set.Manifest().Hash()
	if t.feeds, err = openFeeds(t.recipe, data, t.hashes.Tokenizer, t.places); err != nil {
		return err
	}
	if err := t.openEyes(); err != nil {
		return err
	}
	t.hashes.Stages = stageHashes(t.feeds)
	if err := t.shape(); err != nil {
		return err
	}
	if err := t.encodePrompts(); err != nil {
		return err
	}
	return t.makePlan()
}

// stageHashes are the hashes of the shards that stages read beside the recipe's data.
func stageHashes(feeds []*feed) (list []string) {
	for _, f := range feeds {
		for _, d := range f.sources {
			if hash := d.set.Manifest().Hash(); d.added && !slices.Contains(list, hash) {
				list = append(list, hash)
			}
		}
	}
	return list
}

// Close unmaps the shards, and removes those that a dry run made.
func (t *Trainer) Close() error {
	var err error
	if t.data != nil {
		err = t.data.set.Close()
	}
	for set := range addedSets(t.feeds) {
		err = errors.Join(err, set.Close())
	}
	if t.base != nil {
		err = errors.Join(err, t.base.Close())
	}
	if t.temporary != "" {
		err = errors.Join(err, os.RemoveAll(t.temporary))
	}
	return err
}

// addedSets are the shards that stages read beside the recipe's data.
func addedSets(feeds []*feed) map[*shard.Set]bool {
	sets := map[*shard.Set]bool{}
	for _, f := range feeds {
		for _, d := range f.sources {
			if d.added {
				sets[d.set] = true
			}
		}
	}
	return sets
}

// Plan is the dry run.
func (t *Trainer) Plan() Plan { return t.plan }

// readTokenizer loads the tokenizer and collects the files of model
// directories.
func (t *Trainer) readTokenizer() error {
	path, key := t.recipe.Tokenizer, "tokenizer"
	if path == "" {
		path, key = t.recipe.Model.From, "model.from"
	}
	text, err := modelfile.TokenizerJSON(path)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	own, err := tokenizer.Parse(text)
	if err != nil {
		return fmt.Errorf("tokenizer: %s: %w", path, err)
	}
	t.files = map[string][]byte{}
	for name, content := range t.options.Extra {
		t.files[name] = content
	}
	t.setTokenizer(own, text)
	return nil
}

// setTokenizer makes this the run's tokenizer; text is its tokenizer.json.
func (t *Trainer) setTokenizer(own *tokenizer.Tokenizer, text []byte) {
	t.text, t.hashes.Tokenizer, t.files["tokenizer.json"] = own, own.Hash(), text
}

// configure finds the configuration of the model to go on from, and its hash: that
// of its manifest, or of its weights where other programs wrote it.
func (t *Trainer) configure() error {
	from := t.recipe.Model.From
	if from == "" {
		return nil
	}
	cfg, err := model.ReadConfig(from)
	if err != nil {
		return fmt.Errorf("model.from: %w", err)
	}
	if t.recipe.Model.BiasRate > 0 && !cfg.RouterBias {
		return recipe.Bad("model.router_bias_rate", "%s has no bias on the choice of experts: remove it", from)
	}
	t.cfg = cfg
	if t.hashes.Parent, err = modelfile.Parent(from); err == nil && t.hashes.Parent == "" {
		t.hashes.Parent, err = hashWeights(from)
	}
	return err
}

// shape makes the configuration of a new model, and fits it to the data.
func (t *Trainer) shape() error {
	r, header := t.recipe, t.data.set.Header()
	if r.Model.From == "" {
		cfg, err := r.Model.config()
		if err != nil {
			return err
		}
		t.cfg, cfg.Vision = cfg, t.vision
		cfg.MaxPositions = max(r.Model.Context, r.Batch.Sequence)
		cfg.BOSTokenID, cfg.EOSTokenIDs = int(header.EndOfText), []int{int(header.EndOfText)}
		if _, given := t.files["tokenizer_config.json"]; !given {
			end := string(t.text.Bytes(header.EndOfText))
			if t.files["tokenizer_config.json"], err = modelfile.NewTokenizerConfig(end); err != nil {
				return err
			}
		}
	}
	if header.VocabSize > t.cfg.VocabSize {
		return recipe.Bad("model.vocab_size", "the shards' tokenizer has %d tokens and the model %d: set it to %d or more", header.VocabSize, t.cfg.VocabSize, header.VocabSize)
	}
	if n := r.Batch.Sequence; n > t.cfg.MaxPositions && len(r.Stages) == 0 { // stages make room
		advice := "shorten them"
		if r.Lora.Rank == 0 {
			advice += fmt.Sprintf(", or stretch the model: stages: [{max_position_embeddings: %d}]", n)
		}
		return recipe.Bad("batch.sequence", "rows of %d tokens are longer than the %d positions of the model: %s", n, t.cfg.MaxPositions, advice)
	}
	if err := t.cfg.Validate(); err != nil {
		return err
	}
	return t.stretch()
}

func (t *Trainer) makePlan() error {
	r, cfg := t.recipe, t.cfg
	p := &t.plan
	p.Parameters, p.Active = cfg.Params()
	p.Steps = r.stepsFor(t.data.train.Rows())
	if err := errors.Join(r.checkWarmup(p.Steps), r.checkStageSteps(p.Steps)); err != nil {
		return err
	}
	t.legs = legsOf(r, t.feeds, p.Steps)
	p.Tokens = t.tokensAfter(p.Steps)
	p.ShardTokens = t.data.trainSet.Tokens()
	p.RowTokens = t.data.train.Rows() * int64(r.Batch.Sequence)
	t.planSight()
	if r.Lora.Rank > 0 {
		if err := t.planAdapter(); err != nil {
			return err
		}
		t.data.eyes.plan(&p.Memory, &r.Batch)
	} else {
		p.Trained = elements(parameterShapes(r, cfg))
		if r.everTrains(GroupDecoder) { // routers' biases move too, and are no arrays of the optimizer
			p.Trained += p.Parameters - elements(OptimizerParams(&r.Optimizer, model.Shapes(cfg)))
		}
		var disk int64
		if p.DiskBytes, disk = planDisk(r, cfg, p.Steps); p.Vision != nil {
			p.Vision.DiskBytes = disk
		}
	}
	t.planStages()
	p.Available = t.options.Memory
	if p.Available == 0 {
		p.Available = memory.Available()
	}
	t.advise()
	p.DiskFree = checkpoint.Free(t.options.RunDir)
	return nil
}

// fits refuses a run that does not fit in memory or on the disk.
func (t *Trainer) fits() error {
	p := &t.plan
	if p.Available > 0 && p.Memory.Total > p.Available {
		return &MemoryError{p.Memory, p.Available, p.Advice}
	}
	if t.options.NoSave {
		return nil
	}
	taken, err := t.diskTaken()
	if err != nil {
		return err
	}
	if p.DiskFree >= 0 && p.DiskBytes-taken > p.DiskFree {
		return fmt.Errorf("%s needs %s of disk for its checkpoints (%d kept, one being written) and %s are free: "+
			"make room, or lower checkpoint.keep", t.options.RunDir, size(p.DiskBytes-taken), keptCheckpoints(t.recipe, p.Steps), size(p.DiskFree))
	}
	return nil
}

// diskTaken is the part of Plan.DiskBytes that is on the disk already. Whatever
// else lies in the run's directory, such as the shards, is not.
func (t *Trainer) diskTaken() (total int64, err error) {
	for _, name := range []string{checkpointsDir, modelDir, adapterDir} {
		bytes, err := checkpoint.Size(filepath.Join(t.options.RunDir, name))
		if err != nil {
			return 0, err
		}
		total += bytes
	}
	return total, nil
}

// info is what run.json says.
func (t *Trainer) info() *runInfo {
	return &runInfo{
		Recipe: t.recipe, Steps: t.plan.Steps, Parameters: t.plan.Parameters, Active: t.plan.Active, Vision: t.plan.Vision,
		Tokens: t.plan.Tokens, FLOPs: t.plan.FLOPs, Began: t.began, Energy: t.energy(),
		Hashes: t.hashes, CPU: kernel.CPU(), Version: t.options.Version, Saved: t.saved >= 0,
	}
}
