package filter

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// rules are the names that datatrove gives to what each rule of ours drops.
var rules = map[string]map[string]string{
	qualityName: {
		"min_words": "gopher_short_doc", "max_words": "gopher_long_doc", "min_mean_length": "gopher_below_avg_threshold",
		"max_mean_length": "gopher_above_avg_threshold", "max_hashes": "gopher_too_many_hashes",
		"max_ellipses": "gopher_too_many_ellipsis", "max_bullet_lines": "gopher_too_many_bullets",
		"max_ellipsis_lines": "gopher_too_many_end_ellipsis", "min_alphabetic": "gopher_below_alpha_threshold",
		"min_stop_words": "gopher_enough_stop_words",
	},
	repetitionName: {
		"empty": "empty", "duplicate_paragraphs": "dup_para_frac", "duplicate_paragraph_characters": "dup_para_char_frac",
		"duplicate_lines": "dup_line_frac", "duplicate_line_characters": "dup_line_char_frac", "top_2_gram": "top_2_gram",
		"top_3_gram": "top_3_gram", "top_4_gram": "top_4_gram", "duplicate_5_grams": "duplicated_5_n_grams",
		"duplicate_6_grams": "duplicated_6_n_grams", "duplicate_7_grams": "duplicated_7_n_grams",
		"duplicate_8_grams": "duplicated_8_n_grams", "duplicate_9_grams": "duplicated_9_n_grams",
		"duplicate_10_grams": "duplicated_10_n_grams",
	},
	fineWebName: {
		"empty": "empty", "min_punctuated_lines": "line_punct_ratio", "max_short_lines": "short_line_ratio",
		"max_repeated_characters": "char_dup_ratio", "max_newlines": "list_ratio",
	},
	c4Name: {"lorem_ipsum": "lorem_ipsum", "curly_bracket": "curly_bracket", "min_sentences": "too_few_sentences"},
}

// decision is what the filters make of one document, in datatrove's names.
type decision struct {
	ID         string `json:"id"`
	Quality    string `json:"gopher_quality"`
	Repetition string `json:"gopher_repetition"`
	FineWeb    string `json:"fineweb"`
	C4         string `json:"c4"`
	C4Text     string `json:"c4_text,omitempty"`
}

// published returns the four published filters with their defaults, in the order
// of decision's fields.
func published(t testing.TB) [4]document.Step {
	t.Helper()
	var (
		q QualityOptions
		r RepetitionOptions
		f FineWebOptions
		c C4Options
	)
	q.SetDefaults()
	r.SetDefaults()
	f.SetDefaults()
	c.SetDefaults()
	quality, err1 := NewQuality(q)
	repetition, err2 := NewRepetition(r)
	fineWeb, err3 := NewFineWeb(f)
	c4, err4 := NewC4(c)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return [4]document.Step{quality.Worker(), repetition.Worker(), fineWeb.Worker(), c4.Worker()}
}

// decide applies each filter to the text as it came.
func decide(t testing.TB, steps [4]document.Step, id, text string) decision {
	t.Helper()
	out := decision{ID: id}
	for i, to := range []*string{&out.Quality, &out.Repetition, &out.FineWeb, &out.C4} {
		var d document.Document
		d.Reset([]byte(text))
		steps[i].Apply(&d)
		if d.Drop == nil {
			if i == 3 {
				sum := sha256.Sum256(d.Text())
				out.C4Text = hex.EncodeToString(sum[:])
			}
			continue
		}
		*to = rules[d.Drop.Filter][d.Drop.Rule]
		if *to == "" {
			t.Errorf("%s: %s drops by rule %q, which is not known", id, d.Drop.Filter, d.Drop.Rule)
		}
	}
	return out
}
