package secrets

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// StepName is the step as recipes name it.
const StepName = "secrets"

// Actions for a document with a secret.
const (
	ActionReplace = "replace"
	ActionDrop    = "drop"
)

// Options say what becomes of secrets.
type Options struct {
	// Action is ActionReplace, which puts Placeholder in the place of each secret,
	// or ActionDrop, which leaves the document out. Default: replace.
	Action string `yaml:"action" json:"action"`
	// Placeholder is the text that takes the place. Default: <SECRET>.
	Placeholder string `yaml:"placeholder" json:"placeholder"`
	// Skip are rules that are not applied; Rules() lists all.
	Skip []string `yaml:"skip" json:"skip"`
	// Allow are texts, in lower case, that say of a secret that it is none when it
	// holds one of them. Those that examples in manuals have are always allowed.
	Allow []string `yaml:"allow" json:"allow"`
}

// SetDefaults sets what a recipe need not say.
func (o *Options) SetDefaults() {
	*o = Options{Action: ActionReplace, Placeholder: "<SECRET>"}
}

// Check reports the first impossible value as a *recipe.ValueError.
func (o *Options) Check() error {
	switch {
	case o.Action != ActionReplace && o.Action != ActionDrop:
		return recipe.Bad("action", "action is %q, it must be %s or %s", o.Action, ActionReplace, ActionDrop)
	case len(o.Placeholder) > 64:
		return recipe.Bad("placeholder", "placeholder has %d bytes, 64 are allowed", len(o.Placeholder))
	}
	for _, name := range o.Skip {
		if !slices.Contains(Rules(), name) {
			return recipe.Bad("skip", "skip: there is no rule %q: the rules are %s", name, strings.Join(Rules(), ", "))
		}
	}
	for _, text := range o.Allow {
		if text == "" || text != strings.ToLower(text) {
			return recipe.Bad("allow", "allow: %q must be a text in lower case", text)
		}
	}
	return nil
}
