package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/plan"
	"github.com/polymath-lm/polymath/train"
)

// readPlanModel finds the shape that a command line names: a model that is built
// in, a config.json or a directory with one, a GGUF file, a recipe of training, or
// a YAML file of a shape. Of a recipe the tokens of its run come too.
func readPlanModel(name string) (*plan.Model, error) {
	if slices.Contains(plan.Names(), name) {
		return plan.Builtin(name)
	}
	m, err := readShape(name)
	if err != nil {
		return nil, err
	}
	m.Name = name
	return m, nil
}

// readShape reads a file or directory.
func readShape(path string) (*plan.Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(path, `/\`) {
			return nil, err
		}
		_, unknown := plan.Builtin(path)
		return nil, fmt.Errorf("%w, and there is no such file", unknown)
	}
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case info.IsDir(), ext == ".json":
		return plan.ReadConfig(path)
	case ext == ".yaml", ext == ".yml":
		return readPlanYAML(path)
	case ext == ".gguf":
		c, err := model.ReadConfig(path)
		if err != nil {
			return nil, err
		}
		return plan.FromConfig(c), nil
	}
	return nil, fmt.Errorf("%s: neither config.json, a model's directory, a GGUF file, a recipe nor a shape in YAML", path)
}

// ofShape tells a shape from a recipe of training, which has its shape one section
// deeper.
var ofShape = regexp.MustCompile(`(?m)^vocabulary *:`)

// maxPlanYAML bounds a file of a shape.
const maxPlanYAML = 1 << 20

func readPlanYAML(path string) (*plan.Model, error) {
	data, err := atomicfile.ReadSmall(path, maxPlanYAML)
	if err != nil {
		return nil, err
	}
	if ofShape.Match(data) {
		return plan.Parse(path, data)
	}
	recipe, err := train.ReadRecipe(path)
	if err != nil {
		return nil, err
	}
	c, err := recipe.Shape()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m := plan.FromConfig(c)
	m.Title, m.Source = recipe.Name, path
	m.TrainingTokens = float64(recipe.Tokens)
	if steps := recipe.TotalSteps(); steps > 0 {
		m.TrainingTokens = float64(steps) * float64(recipe.Batch.Tokens)
	}
	return m, nil
}

// bigCount is a flag: a number such as 13T, 300G, 300B or 1.5e9.
type bigCount float64

// String is of pflag.Value.
func (c *bigCount) String() string {
	if *c == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*c), 'g', -1, 64)
}

// Type is of pflag.Value.
func (c *bigCount) Type() string { return "number" }

// Set is of pflag.Value.
func (c *bigCount) Set(text string) error {
	digits, by := text, 1.0
	if n := len(text); n > 0 {
		if f, ok := map[byte]float64{'k': 1e3, 'M': 1e6, 'G': 1e9, 'B': 1e9, 'T': 1e12}[text[n-1]]; ok {
			digits, by = text[:n-1], f
		}
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(v > 0 && v*by < 1e30) {
		return errors.New("give a positive number such as 1.5e9, 300G or 13T")
	}
	*c = bigCount(v * by)
	return nil
}

// windowList is a flag: lengths of text such as 8k,32k,128k, where k is 1024.
type windowList []int

// String is of pflag.Value.
func (l *windowList) String() string {
	var parts []string
	for _, n := range *l {
		parts = append(parts, windowText(n))
	}
	return strings.Join(parts, ",")
}

// Type is of pflag.Value.
func (l *windowList) Type() string { return "lengths" }

// Set is of pflag.Value.
func (l *windowList) Set(text string) error {
	*l = nil
	for part := range strings.SplitSeq(text, ",") {
		n, err := parseTokens(part)
		if err != nil {
			return err
		}
		*l = append(*l, n)
	}
	return nil
}

// windowText writes a length as people do: 128k for 131072.
func windowText(n int) string {
	if n >= 1<<10 && n%(1<<10) == 0 {
		return strconv.Itoa(n>>10) + "k"
	}
	return strconv.Itoa(n)
}
