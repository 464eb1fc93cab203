package label

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/train/conversation"
)

// Each reads prompts of a file, which has one JSON object a line, or is one list of
// objects, or a Parquet file; one whose name ends in .gz or .zst is unpacked:
//
//	{"prompt": "Name a bird."}
//	{"messages": [...], "kind": "harmful"}                      the assistant's last message is left out
//	{"prompt": ..., "answers": ["A wren.", "A bat."]}           answers that were made elsewhere
//	{"prompt": ..., "answers": [{"text": "A wren.", "model": "x"}, ...]}
//
// Prompts have the names that package preference knows, and kind is one of package
// rubric's. An answer without a model is of one named by the file and the answer's
// number. An error names file, line and field; an error from each ends the work.
func Each(path string, each func(p Prompt, answers []Answer) error) error {
	return conversation.Each(path, func(where string, data []byte) error {
		p, answers, err := parse(data, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
		if err == nil {
			err = each(p, answers)
		}
		if err != nil {
			return fmt.Errorf("%s%w", where, err)
		}
		return nil
	})
}

func bad(field, format string, args ...any) error {
	return &conversation.FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// parse reads an object; name is of answers that have none.
func parse(data []byte, name string) (p Prompt, answers []Answer, err error) {
	o, err := conversation.ParseObject("", data)
	if err != nil {
		return p, nil, err
	}
	c, _, err := preference.ReadPrompt(&o)
	if err != nil {
		return p, nil, err
	}
	p.Messages = c.Messages
	if n := len(p.Messages); n > 1 && p.Messages[n-1].Role == chat.Assistant {
		p.Messages = p.Messages[:n-1]
	}
	kind, err := o.Text("kind", true)
	if err != nil {
		return p, nil, err
	}
	if slices.Contains(rubric.Kinds, rubric.Kind(kind)) {
		p.Kind = rubric.Kind(kind) // other files call other things so
	}
	if _, _, err := p.encode(); err != nil {
		return p, nil, err
	}
	if !o.Has("answers") {
		return p, nil, nil
	}
	list, err := o.List("answers")
	if err != nil {
		return p, nil, err
	}
	if len(list) > MaxAnswers {
		return p, nil, bad("answers", "it has %d elements, %d are allowed", len(list), MaxAnswers)
	}
	draws := map[Source]int{}
	for i := range list {
		field := fmt.Sprintf("answers[%d]", i)
		a := Answer{Source: Source{Name: fmt.Sprintf("%s %d", name, i+1)}}
		if err := readAnswer(field, list[i], &a); err != nil {
			return p, nil, err
		}
		a.Draw = draws[a.Source]
		draws[a.Source]++
		answers = append(answers, a)
	}
	return p, answers, checkAnswers(answers)
}

// readAnswer reads a text, or an object with the text and who wrote it.
func readAnswer(field string, data []byte, a *Answer) error {
	if conversation.KindOf(data) != "an object" {
		holder, err := conversation.ParseObject("", slices.Concat([]byte(`{"answer":`), data, []byte("}")))
		if err != nil {
			return err
		}
		if a.Text, err = holder.Text("answer", false); err != nil {
			return bad(field, "it is %s, not a text", conversation.KindOf(data))
		}
		return nil
	}
	o, err := conversation.ParseObject(field, data)
	if err != nil {
		return err
	}
	if a.Text, err = o.Text("text", false); err != nil {
		return err
	}
	name, err := o.Text("model", true)
	if err == nil && strings.TrimSpace(name) != "" {
		a.Name = name
	}
	return err
}
