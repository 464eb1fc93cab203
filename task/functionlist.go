package task

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxChoices is how many choices have letters.
const maxChoices = 26

// listOf is a value that must be a list.
func listOf(value any) ([]any, error) {
	switch v := value.(type) {
	case []any:
		return v, nil
	case []string:
		list := make([]any, len(v))
		for i, text := range v {
			list[i] = text
		}
		return list, nil
	}
	return nil, errors.New("a list is wanted, and this is " + kindOf(value))
}

// kindOf names what a value is, for messages.
func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return "the text " + quoted(v)
	case []any, []string:
		return "a list"
	case map[string]any, Row:
		return "a section with fields of its own"
	}
	return fmt.Sprint(value)
}

// quoted is a text for messages, shortened.
func quoted(text string) string {
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "") + "…"
	}
	return strconv.Quote(text)
}

// textsOf are the elements of a list as texts.
func textsOf(value any) ([]string, error) {
	list, err := listOf(value)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(list))
	for i, element := range list {
		if texts[i], err = textOf(element); err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return texts, nil
}

func join(separator string, value any) (string, error) {
	texts, err := textsOf(value)
	if err != nil {
		return "", err
	}
	size := len(separator) * len(texts)
	for _, text := range texts {
		size += len(text)
	}
	if size > 2*maxText {
		return "", fmt.Errorf("it is longer than %d bytes", maxText)
	}
	return strings.Join(texts, separator), nil
}

func concat(values ...any) (all []any, err error) {
	for _, value := range values {
		list, err := listOf(value)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); len(all) > maxSteps {
			return nil, fmt.Errorf("the list has more than %d elements", maxSteps)
		}
	}
	return all, nil
}

// at is an element of a list; -1 is the last.
func at(value any, i int) (any, error) {
	list, err := listOf(value)
	if err != nil {
		return nil, err
	}
	if i == -1 {
		i = len(list) - 1
	}
	if i < 0 || i >= len(list) {
		return nil, fmt.Errorf("element %d is wanted of a list of %d", i, len(list))
	}
	return list[i], nil
}

// index is what lies in value below keys: numbers in lists, names in sections.
func index(value any, keys ...any) (any, error) {
	for _, key := range keys {
		fields, ok := value.(map[string]any)
		if row, is := value.(Row); is {
			fields, ok = row, true
		}
		if ok {
			name, err := textOf(key)
			if err != nil {
				return nil, err
			}
			below, ok := fields[name]
			if !ok {
				return nil, fmt.Errorf("there is no field %q", name)
			}
			value = below
			continue
		}
		i, err := whole(key)
		if err == nil && i < 0 {
			err = fmt.Errorf("no element has the number %d", i)
		}
		if err != nil {
			return nil, err
		}
		if value, err = at(value, i); err != nil {
			return nil, err
		}
	}
	return value, nil
}

// position is where in a list a value is, from 0.
func position(value, in any) (int, error) {
	list, err := listOf(in)
	if err != nil {
		return 0, err
	}
	for i, element := range list {
		if same, err := equal(value, element); err == nil && same {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the list does not hold %s", kindOf(value))
}

// letters are the lines "A. x", "B. y" of the elements of a list.
func letters(value any) (string, error) {
	texts, err := textsOf(value)
	if err != nil {
		return "", err
	}
	if len(texts) > maxChoices {
		return "", fmt.Errorf("%d choices are more than there are letters", len(texts))
	}
	for i, text := range texts {
		texts[i] = string(rune('A'+i)) + ". " + text
	}
	return strings.Join(texts, "\n"), nil
}

// letter is that of a choice by its number from 0.
func letter(value any) (string, error) {
	i, err := whole(value)
	if err != nil {
		return "", err
	}
	if i < 0 || i >= maxChoices {
		return "", fmt.Errorf("no letter has the number %d", i)
	}
	return string(rune('A' + i)), nil
}

// whole is a value as a whole number.
func whole(value any) (int, error) {
	text, err := textOf(value)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("a whole number is wanted, and this is %s", kindOf(value))
	}
	return n, nil
}

func add(a, b any) (int, error) {
	x, err := whole(a)
	if err != nil {
		return 0, err
	}
	y, err := whole(b)
	return x + y, err
}

// numberOf is a value as a number, if it is one. Texts are none.
func numberOf(value any) (float64, bool) {
	switch v := value.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// equal compares numbers as numbers, and other values if they are of a kind.
func equal(a any, others ...any) (bool, error) {
	if len(others) == 0 {
		return false, errors.New("eq compares two values")
	}
	for _, b := range others {
		same, err := equalTwo(a, b)
		if same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func equalTwo(a, b any) (bool, error) {
	x, isNumber := numberOf(a)
	y, areNumbers := numberOf(b)
	switch {
	case isNumber && areNumbers:
		return x == y, nil
	case a == nil || b == nil:
		return a == nil && b == nil, nil
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return x == y, nil
		}
	case bool:
		if y, ok := b.(bool); ok {
			return x == y, nil
		}
	}
	return false, fmt.Errorf("%s and %s cannot be compared", kindOf(a), kindOf(b))
}

// ordered compares two numbers or two texts.
func ordered(holds func(int) bool) func(a, b any) (bool, error) {
	return func(a, b any) (bool, error) {
		x, isNumber := numberOf(a)
		y, areNumbers := numberOf(b)
		if isNumber && areNumbers {
			return holds(cmp.Compare(x, y)), nil
		}
		s, isText := a.(string)
		t, areTexts := b.(string)
		if isText && areTexts {
			return holds(strings.Compare(s, t)), nil
		}
		return false, fmt.Errorf("%s and %s cannot be compared", kindOf(a), kindOf(b))
	}
}
