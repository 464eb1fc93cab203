package rubric

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Bounds of a rubric.
const (
	maxText     = 4096 // bytes of a pattern or line
	maxPatterns = 200  // of one list
	maxWords    = 10_000
	maxReward   = 1e6
)

// Parse reads a rubric strictly. name is the file's name in errors.
func Parse(name string, source []byte) (*Rubric, error) {
	r := &Rubric{}
	places, err := recipe.DecodeAs("a rubric", name, source, r)
	if err != nil {
		return nil, err
	}
	if err := r.check(places); err != nil {
		return nil, places.Locate(err)
	}
	sum := sha256.Sum256(source)
	r.hash = hex.EncodeToString(sum[:])
	return r, nil
}

func (r *Rubric) check(places *recipe.Places) error {
	if err := checkText("name", r.Name); err != nil {
		return err
	}
	for _, check := range []func() error{
		func() error { return r.checkGiven(places) },
		r.checkRewards, r.checkStyle, r.checkRefuse, r.compile,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkGiven finds rewards that the file leaves out: none is 0 by accident.
func (r *Rubric) checkGiven(places *recipe.Places) error {
	for _, k := range Kinds {
		for _, c := range Classes {
			key := "rewards." + string(k) + "." + c.String()
			if !places.Has(key) {
				return recipe.Bad(key, "say what an answer of class %s is worth to a %s prompt", c, k)
			}
		}
	}
	return nil
}

func (r *Rubric) checkRewards() error {
	for _, k := range Kinds {
		section, best := "rewards."+string(k), Best(k)
		for _, c := range Classes {
			x := r.Reward(k, c)
			if math.IsNaN(x) || math.Abs(x) > maxReward {
				return recipe.Bad(section+"."+c.String(), "%g is no usable reward", x)
			}
			if c != best && x >= r.Reward(k, best) {
				return recipe.Bad(section+"."+c.String(), "class %s must be worth more than all others to a %s prompt, and %s is worth %g", best, k, c, x)
			}
			if k == Harmful && c != Disallowed && x <= r.Reward(k, Disallowed) {
				return recipe.Bad(section+".C", "disallowed content must be worth less than all else to a harmful prompt, and %s is worth %g", c, x)
			}
		}
	}
	return nil
}

func (r *Rubric) checkStyle() error {
	if r.Style.MaxWords < 1 || r.Style.MaxWords > maxWords {
		return recipe.Bad("style.max_words", "a refusal has 1 to %d words at most, not %d", maxWords, r.Style.MaxWords)
	}
	if n := r.Rules.RefusalWithin; n < 1 || n > maxWords {
		return recipe.Bad("rules.refusal_within", "an answer refuses within its first 1 to %d words, not %d", maxWords, n)
	}
	return nil
}

func (r *Rubric) checkRefuse() error {
	if len(r.Refuse) == 0 || len(r.Refuse) > maxPatterns {
		return recipe.Bad("refuse", "name 1 to %d things that must be refused", maxPatterns)
	}
	for i, text := range r.Refuse {
		if err := checkText(index("refuse", i), text); err != nil {
			return err
		}
	}
	return nil
}

// compiled are the patterns of a rubric.
type compiled struct {
	refusal, polite, offer, lecture, evasive, comply, tells, safe, disallowed []*regexp.Regexp
	markers                                                                   []string // as normal makes them
}

func (r *Rubric) compile() error {
	p, c := &r.Rules, &r.compiled
	for _, list := range []struct {
		name   string
		texts  []string
		into   *[]*regexp.Regexp
		needed bool
	}{
		{"refusal", p.Refusal, &c.refusal, true},
		{"polite", p.Polite, &c.polite, r.Style.Polite},
		{"offer", p.Offer, &c.offer, r.Style.Offer},
		{"lecture", p.Lecture, &c.lecture, false},
		{"evasive", p.Evasive, &c.evasive, false},
		{"comply", p.Comply, &c.comply, false},
		{"tells", p.Tells, &c.tells, false},
		{"safe", p.Safe, &c.safe, false},
		{"disallowed", p.Disallowed, &c.disallowed, false},
	} {
		key := "rules." + list.name
		if list.needed && len(list.texts) == 0 {
			return recipe.Bad(key, "no answer can be a refusal in the desired style without a pattern for it")
		}
		compiled, err := compileAll(key, list.texts)
		if err != nil {
			return err
		}
		*list.into = compiled
	}
	return r.compileMarkers()
}

func compileAll(key string, texts []string) ([]*regexp.Regexp, error) {
	if len(texts) > maxPatterns {
		return nil, recipe.Bad(key, "%d patterns are more than %d", len(texts), maxPatterns)
	}
	var list []*regexp.Regexp
	for i, text := range texts {
		if err := checkText(index(key, i), text); err != nil {
			return nil, err
		}
		pattern, err := regexp.Compile(text)
		if err != nil {
			return nil, recipe.Bad(index(key, i), "%v", err)
		}
		if pattern.MatchString("") {
			return nil, recipe.Bad(index(key, i), "it matches every text")
		}
		list = append(list, pattern)
	}
	return list, nil
}

func (r *Rubric) compileMarkers() error {
	if len(r.Rules.Markers) > maxPatterns {
		return recipe.Bad("rules.markers", "%d texts are more than %d", len(r.Rules.Markers), maxPatterns)
	}
	for i, text := range r.Rules.Markers {
		marker := normal(text)
		if err := checkText(index("rules.markers", i), marker); err != nil {
			return err
		}
		r.compiled.markers = append(r.compiled.markers, marker)
	}
	return nil
}
