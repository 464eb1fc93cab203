package eval

import (
	"context"
	"errors"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/task"
)

// text measures how probable the prompt is as a whole text. One that is longer than
// the window is measured in parts, each after as much of what is before it as has
// room.
func (s *sitter) text(ctx context.Context, item *task.Item, r *Record, spent *took) error {
	whole := item.Text()
	if whole == "" {
		return errors.New("the text is empty")
	}
	r.Prompt, r.NumBytes = whole, len(whole)
	if scorer, ok := s.subject.(TextScorer); ok {
		score, err := finite(scorer.ScoreText(ctx, whole))
		if err == nil {
			r.addText(score, spent)
		}
		return err
	}
	part := len(whole)
	if s.info.ContextWindow > 0 && len(whole) > s.info.ContextWindow {
		score, err := s.ask(ctx, "", whole)
		switch {
		case err == nil && score.Cut == 0:
			r.addText(score, spent)
			return nil
		case err != nil && !errors.Is(err, ErrWindow):
			return err
		}
		part = 2 * s.info.ContextWindow // bytes, about half the tokens that have room
	}
	for at := 0; at < len(whole); {
		end := partEnd(whole, at, part)
		// More than the window holds is not worth reading; a token seldom has more bytes.
		from := partEnd(whole, 0, max(0, at-8*part))
		if at-from < part {
			from = 0
		}
		score, err := s.ask(ctx, whole[from:at], whole[at:end])
		if errors.Is(err, ErrWindow) && part > 1 {
			part /= 2
			continue
		}
		if err != nil {
			return err
		}
		r.addText(score, spent)
		at = end
	}
	return nil
}

// addText adds the score of a part.
func (r *Record) addText(score Score, spent *took) {
	r.Logprob += score.Logprob
	r.NumTokens += len(score.Tokens)
	r.PromptTokens += score.PromptTokens
	spent.cached += score.CachedTokens
	r.Tokens = append(r.Tokens, score.Tokens...)
}

// partEnd returns where a part that begins at at ends: before the last space
// between two letters, where no token reaches across, or else behind a whole
// character.
func partEnd(text string, at, size int) int {
	limit := at + size
	if limit >= len(text) {
		return len(text)
	}
	for i := limit; i > at+size/2; i-- {
		if text[i] == ' ' && isWord(text[:i], false) && isWord(text[i+1:], true) {
			return i
		}
	}
	for limit > at+1 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return limit
}

// isWord says that a text begins, or ends, with a letter.
func isWord(text string, begins bool) bool {
	decode := utf8.DecodeLastRuneInString
	if begins {
		decode = utf8.DecodeRuneInString
	}
	letter, _ := decode(text)
	return unicode.IsLetter(letter)
}
