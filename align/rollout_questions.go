package align

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/task/suite"
	"github.com/polymath-lm/polymath/train/conversation"
)

// question is what the policy is asked.
type question struct {
	// item is the item of a task, which grader judges answers to; nil: there is a
	// conversation alone.
	item         *task.Item
	grader       task.Grader
	conversation chat.Conversation
	prompt       []int32
	name         string // where it is from
	task         string // of item
	kind         rubric.Kind
	group        string // questions of one group are on one side of a split
}

// questions are those of a run.
type questions struct {
	train   []*question
	held    []*question // of the same tasks and files, never trained on
	further []*question // of eval.tasks
}

// questionSource is what questions are made with.
type questionSource struct {
	speaker *speaker
	dataDir string // of tasks' files
	grading grade.Options
	room    int      // tokens of a prompt and its answer
	seen    []string // hashes of what was read
}

// load reads the questions of a recipe.
func (s *questionSource) load(r *Recipe) (*questions, error) {
	all, err := s.tasks("rollout.tasks", r.Rollout.Tasks)
	if err != nil {
		return nil, err
	}
	for _, q := range all {
		if of := suite.Examines(q.task); of != nil {
			return nil, recipe.Bad("rollout.tasks", "%s examines, in the suite %s, what is not to be learned from: learn from %s, and name %s as eval.tasks", q.task, of.Name, strings.Join(of.Train, " or "), q.task)
		}
	}
	if all, err = some(all, r.Rollout.Items); err != nil {
		return nil, err
	}
	more, err := s.conversations(r.Rollout.Prompts)
	if err != nil {
		return nil, err
	}
	var q questions
	if q.further, err = s.tasks("eval.tasks", r.Eval.Tasks); err != nil {
		return nil, err
	}
	learned := map[string]bool{}
	for _, l := range all {
		learned[l.task] = true
	}
	for _, f := range q.further {
		if learned[f.task] {
			return nil, recipe.Bad("eval.tasks", "%s is learned from (rollout.tasks): leave it out, rollout.held_out keeps a share of it to measure", f.task)
		}
	}
	if err := checkJudged(r.Rewards, all, q.further); err != nil {
		return nil, err
	}
	all = append(all, more...)
	for _, list := range [][]*question{all, q.further} {
		if err := s.fit(list, r.Rollout.MaxTokens); err != nil {
			return nil, err
		}
	}
	q.train, q.held = split(all, r.Rollout.HeldOut)
	switch {
	case len(q.train) == 0:
		return nil, recipe.Bad("rollout.held_out", "a share of %v leaves none of %d prompts to learn from", r.Rollout.HeldOut, len(all))
	case r.Rollout.HeldOut > 0 && len(q.held) == 0:
		return nil, recipe.Bad("rollout.held_out", "a share of %v of %d prompts holds none: raise it, or set it to 0; prompts that begin alike are held out together", r.Rollout.HeldOut, len(all))
	case len(q.train) < r.Batch.Prompts:
		return nil, recipe.Bad("batch.prompts", "a step has %d prompts, and there are only %d to learn from: lower it", r.Batch.Prompts, len(q.train))
	}
	if n := r.Eval.Items; n > 0 {
		q.held = q.held[:min(n, len(q.held))]
	}
	return &q, nil
}

// hash identifies what was read.
func (s *questionSource) hash() string {
	sum := sha256.Sum256([]byte(strings.Join(s.seen, "\n")))
	return hex.EncodeToString(sum[:])
}

// tasks reads the items of the tasks that names name; key is the recipe's.
func (s *questionSource) tasks(key string, names []string) ([]*question, error) {
	if len(names) == 0 {
		return nil, nil
	}
	tasks, err := suite.Find(strings.Join(names, ","))
	if err != nil {
		return nil, recipe.Bad(key, "%v", err)
	}
	var list []*question
	for _, t := range tasks {
		more, err := s.task(t)
		if err != nil {
			return nil, recipe.Below(key, err)
		}
		list = append(list, more...)
	}
	return list, nil
}

func (s *questionSource) task(t *task.Task) ([]*question, error) {
	switch {
	case t.Method != task.MethodGenerate || t.Grader == nil:
		return nil, fmt.Errorf("%s is a task of the method %s: only answers that are written, and graded, can be learned from", t.Name, t.Method)
	case len(t.Turns) > 0:
		return nil, fmt.Errorf("%s is a talk of several turns: only single answers can be learned from", t.Name)
	case t.Grader.Code != nil && s.grading.Sandbox == nil:
		return nil, fmt.Errorf("%s: %w", t.Name, grade.ErrNoSandbox)
	case t.Grader.Code != nil && t.Grader.Code.Language == sandbox.Python && t.Grader.Code.Tests == "":
		return nil, fmt.Errorf("%s: code that is paid for learns to change what tests it: give what comes behind the answer as grader.code.tests, and it runs in a process of its own", t.Name)
	case (t.Grader.Rubric != nil || t.Grader.Grounded != nil && t.Grader.Grounded.Checker == task.CheckJudge) && s.grading.Judge == nil:
		return nil, fmt.Errorf("%s is graded by a judge, and there is none here", t.Name)
	}
	items, err := t.Load(task.LoadOptions{DataDir: s.dataDir, Generators: suite.Generators, Shots: -1})
	if err != nil {
		return nil, err
	}
	grader, err := grade.New(t, s.grading)
	if err != nil {
		return nil, err
	}
	if c := t.Grader.Code; c != nil && c.Tests == "" {
		grader = honest{grader}
	}
	kind, err := taskKind(t)
	if err != nil {
		return nil, err
	}
	s.seen = append(s.seen, t.Name+" "+t.Hash(items))
	list := make([]*question, len(items))
	for i := range items {
		it := &items[i]
		q := &question{item: it, grader: grader, task: t.Name, name: t.Name + "/" + it.ID, group: it.Cluster, kind: kind(it)}
		if q.conversation, err = it.Conversation(); err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
		list[i] = q
	}
	return list, s.encode(list)
}

// conversations reads the prompts of files. Where the assistant has the last word,
// that is what the policy says instead.
func (s *questionSource) conversations(files interface{ Expand() ([]string, error) }) ([]*question, error) {
	paths, err := files.Expand()
	if err != nil {
		return nil, recipe.Bad("rollout.prompts", "%v", err)
	}
	var list []*question
	for _, path := range paths {
		sum, err := conversation.Hash(path)
		if err != nil {
			return nil, recipe.Bad("rollout.prompts", "%v", err)
		}
		s.seen = append(s.seen, sum)
		err = conversation.Each(path, func(where string, object []byte) error {
			q, err := readPrompt(object)
			if err != nil {
				return fmt.Errorf("%s%w", where, err)
			}
			q.name = strings.TrimSuffix(where, ": ")
			list = append(list, q)
			return nil
		})
		if err != nil {
			return nil, recipe.Bad("rollout.prompts", "%v", err)
		}
	}
	if err := s.encode(list); err != nil {
		return nil, recipe.Below("rollout.prompts", err)
	}
	return list, nil
}

// promptKeys are the keys that may have the messages of a prompt.
var promptKeys = []string{"messages", "conversations", "prompt"}

// readPrompt reads a conversation, what kind of prompt it says it is, and what it is
// grouped with: prompts of one dialogue are on one side of a split, for the later ones
// hold the earlier ones and their answers.
func readPrompt(object []byte) (*question, error) {
	o, err := conversation.ParseObject("", object)
	if err != nil {
		return nil, err
	}
	q := &question{}
	if text, err := o.Text("kind", true); err == nil {
		q.kind = kindNamed(text)
	}
	group, err := o.Text("group", true)
	if err != nil {
		return nil, err
	}
	key := ""
	for _, k := range promptKeys {
		if key == "" && o.Has(k) {
			key = k
		}
	}
	c := &q.conversation
	switch {
	case key == "":
		x, err := conversation.Parse(object)
		if err != nil {
			return nil, err
		}
		if x.Plain {
			return nil, errors.New("it is a text, not a prompt: give messages, or a prompt")
		}
		*c = x.Conversation
	default:
		if c.Messages, err = preference.ReadTurns(&o, key, chat.User); err != nil {
			return nil, err
		}
		system, err := o.Text("system", true)
		if err != nil {
			return nil, err
		}
		if system != "" && (len(c.Messages) == 0 || c.Messages[0].Role != chat.System) {
			c.Messages = slices.Insert(c.Messages, 0, chat.Text(chat.System, system))
		}
		if c.Tools, err = o.Tools(); err != nil {
			return nil, err
		}
	}
	if n := len(c.Messages); n > 0 && c.Messages[n-1].Role == chat.Assistant {
		c.Messages = c.Messages[:n-1]
	}
	q.group = preference.Group(c, group)
	return q, nil
}

// encode makes the prompts' tokens.
func (s *questionSource) encode(list []*question) error {
	failures := make([]error, len(list))
	par.For(len(list), func(_, i int) {
		if list[i].prompt, failures[i] = s.speaker.encode(list[i].conversation); failures[i] != nil {
			failures[i] = fmt.Errorf("%s: %w", list[i].name, failures[i])
		}
	})
	return cmp.Or(failures...)
}

// fit refuses prompts that leave no room for an answer.
func (s *questionSource) fit(list []*question, maxTokens int) error {
	long, longest := 0, &question{}
	for _, q := range list {
		if len(q.prompt)+maxTokens > s.room {
			long++
		}
		if len(q.prompt) > len(longest.prompt) {
			longest = q
		}
	}
	if long == 0 {
		return nil
	}
	return recipe.Bad("rollout.max_tokens", "with an answer of %d tokens, %d of %d prompts do not fit into %d tokens, the longest being %s of %d: lower it, or raise batch.sequence up to what the model reads",
		maxTokens, long, len(list), s.room, longest.name, len(longest.prompt))
}
