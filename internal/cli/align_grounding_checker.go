package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath/align/grounding"
	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

// Who checks statements.
const (
	checkWorld = "world"
	checkJudge = "judge"
	checkHead  = "head"
)

var checkers = []string{checkWorld, checkJudge, checkHead}

// checkerFlags say who checks statements.
type checkerFlags struct {
	kind, judge, judgeModel, head string
}

func (o *checkerFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.kind, "checker", checkWorld, "who checks statements: "+strings.Join(checkers, ", "))
	f.StringVar(&o.judge, "judge", "", "model or address that checks statements")
	f.StringVar(&o.judgeModel, "judge-model", "", "name of the judge at an address")
	f.StringVar(&o.head, "head", "", "directory of the reward model that checks statements")
}

func (o *checkerFlags) check() error {
	switch {
	case !slices.Contains(checkers, o.kind):
		return usagef("--checker %s: it is %s", o.kind, strings.Join(checkers, ", "))
	case (o.kind == checkJudge) != (o.judge != ""):
		return usagef("--checker judge and --judge MODEL go together")
	case (o.kind == checkHead) != (o.head != ""):
		return usagef("--checker head and --head DIR go together")
	}
	return checkJudgeName(o.judge, o.judgeModel)
}

// openedChecker is a checker with what must be closed.
type openedChecker struct {
	grounding.Checker
	name  string // with the weights it has
	close func()
}

// openChecker opens who checks statements. subject says how a judge is reached.
func (a *app) openChecker(ctx context.Context, o *checkerFlags, subject *subjectFlags) (*openedChecker, error) {
	switch o.kind {
	case checkJudge:
		flags := *subject
		flags.model, flags.adapter, flags.chat = o.judgeModel, "", "auto"
		s, err := a.openSubject(ctx, o.judge, &flags)
		if err != nil {
			return nil, fmt.Errorf("--judge: %w", err)
		}
		return &openedChecker{grounding.ByModel(askSubject(s.subject)), "the judge " + judgeName(s.subject), s.close}, nil
	case checkHead:
		h, err := openHead(o.head)
		if err != nil {
			return nil, fmt.Errorf("--head: %w", err)
		}
		c, err := readCalibration(o.head)
		if err != nil {
			h.close()
			return nil, fmt.Errorf("--head: %w", err)
		}
		return &openedChecker{grounding.Entailment(h.score, c), fmt.Sprintf("the head %s %+v", h.hash, c), h.close}, nil
	}
	return &openedChecker{grounding.World(), "reading worlds", func() {}}, nil
}

// askSubject lets a subject answer a question about statements, greedily.
func askSubject(s eval.Subject) grounding.AskFunc {
	const maxTokens = 4096 // twenty statements with a sentence for each
	return func(ctx context.Context, prompt, schema string) (string, error) {
		r := eval.Request{MaxTokens: maxTokens, TopP: 1, Schema: schema, Prompt: prompt}
		if s.Info().Chat {
			r.Prompt, r.Conversation.Messages = "", []chat.Message{chat.Text(chat.User, prompt)}
		}
		answer, err := s.Generate(ctx, r)
		if err == nil && answer.Cut > 0 {
			err = fmt.Errorf("the text with the statements is %d tokens too long for %s", answer.Cut, s.Info().Name)
		}
		return answer.Text, err
	}
}

// head is a reward model that has learned what support is.
type head struct {
	model   *scalar.Model
	encoder preference.Encoder
	hash    string // of its weights
	mu      sync.Mutex
}

func openHead(dir string) (*head, error) {
	_, err := model.ReadConfig(dir)
	switch {
	case err == nil:
		return nil, fmt.Errorf("%s is a language model: name a reward model, as 'polymath align reward' makes", dir)
	case !errors.Is(err, model.ErrScalar):
		return nil, err
	}
	h := &head{}
	if h.hash, err = atomicfile.Hash(filepath.Join(dir, "model.safetensors")); err != nil {
		return nil, err
	}
	h.encoder = preference.Encoder{TooLong: preference.Cut, EndToken: true}
	if h.encoder.Tokenizer, err = modelfile.Tokenizer(dir); err != nil {
		return nil, err
	}
	if h.encoder.Template, err = modelfile.Template(dir); err != nil {
		return nil, err
	}
	if h.model, err = scalar.Load(dir, false); err != nil {
		return nil, err
	}
	h.encoder.MaxTokens = h.model.Decoder().Config().MaxPositions
	return h, nil
}

func (h *head) close() { _ = h.model.Decoder().Close() } // nothing was written

// score implements grounding.ScoreFunc. Passages that are too long for the model lose
// their beginning.
func (h *head) score(ctx context.Context, pairs [][2]string) ([]float64, error) {
	list := make([][]int32, len(pairs))
	for i, p := range pairs {
		c := &preference.Comparison{Answers: []preference.Answer{{chat.Text(chat.Assistant, p[1])}}}
		c.Prompt.Messages = []chat.Message{chat.Text(chat.User, grounding.EntailmentPrompt(p[0]))}
		x, err := h.encoder.Encode(c)
		if err != nil {
			return nil, err
		}
		if x == nil {
			return nil, fmt.Errorf("the statement %q is too long for the model", p[1])
		}
		list[i] = x.Answers[0].Tokens
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	scores := make([]float64, 0, len(list))
	for some := range slices.Chunk(list, headAtOnce) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		values, err := h.model.Score(some)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			scores = append(scores, float64(v))
		}
	}
	return scores, nil
}

// headAtOnce is after how many statements the head looks whether to go on.
const headAtOnce = 64

// calibrationFile is where the calibration of a head is, in its directory.
const calibrationFile = "grounding.json"

const maxCalibration = 1 << 16

func readCalibration(dir string) (grounding.Calibration, error) {
	var c grounding.Calibration
	path := filepath.Join(dir, calibrationFile)
	data, err := atomicfile.ReadSmall(path, maxCalibration)
	if errors.Is(err, fs.ErrNotExist) {
		makes := shell.Command("align", "grounding", "--labelled", "FILE", "--checker", "head", "--head", dir, "--calibrate")
		return c, fmt.Errorf("%s is not there: '%s' makes it", path, makes)
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
