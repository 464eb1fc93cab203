package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// peftConfig is adapter_config.json as PEFT writes and reads it: the fields that
// matter here.
type peftConfig struct {
	Base         string   `json:"base_model_name_or_path"`
	Bias         string   `json:"bias"`
	FanInFanOut  bool     `json:"fan_in_fan_out"`
	Inference    bool     `json:"inference_mode"`
	InitWeights  bool     `json:"init_lora_weights"`
	Alpha        float64  `json:"lora_alpha"`
	Dropout      float64  `json:"lora_dropout"`
	Type         string   `json:"peft_type"`
	Rank         int      `json:"r"`
	Targets      any      `json:"target_modules"`
	Task         string   `json:"task_type"`
	DoRA         bool     `json:"use_dora"`
	RankStable   bool     `json:"use_rslora"`
	ModulesSaved []string `json:"modules_to_save"`
}

// marshal is the file's content. Targets are by what PEFT finds modules.
func (c AdapterConfig) marshal(base string, targets any) []byte {
	data, err := json.MarshalIndent(peftConfig{
		Base: base, Bias: "none", Inference: true, InitWeights: true, Alpha: c.Alpha, Type: "LORA",
		Rank: c.Rank, Targets: targets, Task: "CAUSAL_LM", RankStable: c.RankStable,
	}, "", "  ")
	if err != nil {
		panic(err) // finite numbers and texts always marshal
	}
	return append(data, '\n')
}

// idleFields are those of adapter_config.json that say nothing about what an
// adapter computes, given its tensors.
var idleFields = []string{
	"auto_mapping", "base_model_name_or_path", "revision", "task_type", "inference_mode", "peft_version",
	"target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", // the tensors say which
	"lora_dropout", // in training only
	"ensure_weight_tying", "megatron_core", "qalora_group_size", "runtime_config", "loftq_config", "eva_config", "corda_config", "lora_ga_config",
}

// maxAdapterConfig bounds the file; real ones have a thousand bytes.
const maxAdapterConfig = 1 << 20

// noAdapter says that a directory holds no adapter. The error is that of a file
// that does not exist.
func noAdapter(dir string) error {
	hint := ""
	if inside := filepath.Join(dir, "adapter"); IsAdapter(inside) {
		hint = "; did you mean " + inside + "?"
	}
	return &missingError{fmt.Sprintf("%s holds no adapter: there is no %s%s", dir, adapterConfigName, hint)}
}

func readAdapterConfig(dir string) (AdapterConfig, error) {
	path := filepath.Join(dir, adapterConfigName)
	data, err := atomicfile.ReadSmall(path, maxAdapterConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return AdapterConfig{}, noAdapter(dir)
	}
	if err != nil {
		return AdapterConfig{}, err
	}
	c, err := parseAdapter(data)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// parseAdapter reads adapter_config.json. A field that asks for what the
// decoder does not do is an error that names it, one that this program does not
// know is too, unless it is off.
func parseAdapter(data []byte) (AdapterConfig, error) {
	var c AdapterConfig
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return c, err
	}
	if err := needField(fields, "peft_type", `"LORA"`); err != nil {
		return c, err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := c.take(name, fields[name]); err != nil {
			return c, err
		}
	}
	if _, ok := fields["r"]; !ok {
		return c, errors.New("r is missing")
	}
	if _, ok := fields["lora_alpha"]; !ok {
		return c, errors.New("lora_alpha is missing")
	}
	c.Targets = []string{AdapterTargets()[0]} // the tensors say which
	if err := c.Check(); err != nil {
		return c, err
	}
	c.Targets = nil
	return c, nil
}

func needField(fields map[string]json.RawMessage, name, want string) error {
	if got := string(fields[name]); got != want {
		if got == "" {
			got = "missing"
		}
		return fmt.Errorf("%s is %s, and only %s is supported", name, got, want)
	}
	return nil
}

// take sets what one field says.
func (c *AdapterConfig) take(name string, value json.RawMessage) error {
	unmarshal := func(dst any) error {
		if err := json.Unmarshal(value, dst); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	switch name {
	case "peft_type":
		return nil
	case "r":
		return unmarshal(&c.Rank)
	case "lora_alpha":
		return unmarshal(&c.Alpha)
	case "use_rslora":
		return unmarshal(&c.RankStable)
	case "bias":
		if string(value) != `"none"` {
			return fmt.Errorf("bias is %s, and only \"none\" is supported: biases stay those of the base model", value)
		}
		return nil
	case "init_lora_weights":
		return checkInit(value)
	}
	if slices.Contains(idleFields, name) || isOff(value) {
		return nil
	}
	return fmt.Errorf("%s is %.60s, which is not supported: use an adapter without it, or merge it with PEFT first", name, value)
}

// checkInit refuses ways to begin that change the base model's own weights.
func checkInit(value json.RawMessage) error {
	switch strings.Trim(string(value), `"`) {
	case "true", "false", "null", "gaussian", "eva", "orthogonal":
		return nil
	}
	return fmt.Errorf("init_lora_weights is %.60s, which may change the base model's own weights: save the adapter with PEFT's path_initial_model_for_weight_conversion first", value)
}

// isOff reports whether a field asks for nothing.
func isOff(value json.RawMessage) bool {
	switch strings.Join(strings.Fields(string(value)), "") {
	case "null", "false", "0", "0.0", `""`, "[]", "{}":
		return true
	}
	return false
}
