package grounding

import (
	"errors"
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/internal/records"
)

// The fields of a row that may hold the text and the question, the first of them that
// is there.
var (
	sourceFields   = []string{"source", "passage", "context", "document"}
	questionFields = []string{"question", "instruction", "query"}
)

// maxItems is how many questions are read.
const maxItems = 1 << 20

// ItemOf reads a question on a text out of a row: the text in source, passage, context
// or document; prompt, or else the text and below it the question, in question,
// instruction or query; and as may be system, untold, subject and attribute, as the
// fields of Item. A prompt without a text is a text by itself. The ID is for the caller
// to give.
func ItemOf(fields map[string]any) (Item, error) {
	var item Item
	var err error
	text := func(keys ...string) string {
		for _, key := range keys {
			switch v := fields[key].(type) {
			case string:
				return v
			case nil:
			default:
				if err == nil {
					err = fmt.Errorf("%s is no text", key)
				}
			}
		}
		return ""
	}
	item.Source, item.Prompt, item.System = text(sourceFields...), text("prompt"), text("system")
	item.Subject, item.Attribute = text("subject"), text("attribute")
	question := text(questionFields...)
	switch v := fields["untold"].(type) {
	case bool:
		item.Untold = v
	case nil:
	default:
		err = errors.Join(err, errors.New("untold is neither true nor false"))
	}
	switch {
	case err != nil:
	case item.Prompt == "" && question == "":
		err = fmt.Errorf("there is no question: none of prompt, %s", strings.Join(questionFields, ", "))
	case item.Prompt == "" && item.Source == "":
		err = fmt.Errorf("there is no text: none of %s", strings.Join(sourceFields, ", "))
	case item.Prompt == "":
		item.Prompt = Prompt(item.Source, question)
	case item.Source == "":
		item.Source = item.Prompt
	}
	return item, err
}

// Prompt is how a question on a text is put.
func Prompt(source, question string) string {
	return strings.TrimSpace(source) + "\n\n" + strings.TrimSpace(question)
}

// ReadItems reads the questions of a file, each called by its field id or else by its
// place. Of questions that are put in the same words the first is taken. Errors name
// the file and the line.
func ReadItems(path string) ([]Item, error) {
	var list []Item
	put := map[string]bool{}
	err := records.Read(path, records.Options{}, func(row records.Row) error {
		item, err := ItemOf(row.Fields)
		if err != nil {
			return err // its place is put before it
		}
		if put[item.System+"\x00"+item.Prompt] {
			return nil
		}
		put[item.System+"\x00"+item.Prompt] = true
		if len(list) == maxItems {
			return fmt.Errorf("more than %d questions", maxItems)
		}
		if item.ID, _ = row.Fields["id"].(string); item.ID == "" {
			item.ID = row.Place()
		}
		list = append(list, item)
		return nil
	})
	if err == nil && len(list) == 0 {
		err = errors.New("there are no questions in it")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}
