package train

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const seeingRecipe = `model:
  vocab_size: 512
  hidden_size: 32
  num_hidden_layers: 2
  num_attention_heads: 2
  num_experts: 4
  num_experts_per_tok: 2
  moe_intermediate_size: 16
  vision:
    image_size: 32
    patch_size: 8
    hidden_size: 32
    num_hidden_layers: 1
    num_attention_heads: 2
tokenizer: t.json
data: {conversations: [a.jsonl, "b/*.jsonl"]}
batch: {tokens: 64, rows: 1, sequence: 64}
steps: 20
schedule: {warmup: 4, kind: constant}
stages:
  - {steps: 10, train: [projector]}
  - {train: [all]}
optimizer:
  vision: {scale: 0.5}
  projector: {scale: 2}
`

func TestStageRecipe(t *testing.T) {
	r, err := ParseRecipe("r.yaml", []byte(seeingRecipe))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Data.Conversations, Files{"a.jsonl", "b/*.jsonl"}) || r.Optimizer.Attention.Rule != Muon || r.Epochs != 0 ||
		*r.Optimizer.Vision != (GroupSpec{AdamW, 0.5}) || *r.Optimizer.Projector != (GroupSpec{AdamW, 2}) {
		t.Errorf("%+v", r)
	}
	c, err := r.Model.Vision.config()
	if err != nil || c.IntermediateSize != 128 || c.Patches() != 16 {
		t.Errorf("%+v, %v", c, err)
	}
	var rates []string
	for step := 8; step <= 16; step++ {
		stage, before := r.stageOf(step)
		rates = append(rates, fmt.Sprintf("%d/%d/%g", stage, before, r.rate(step, 20)/r.Optimizer.LR))
	}
	if got, want := strings.Join(rates, " "), "0/0/1 0/0/1 0/0/1 1/10/0.25 1/10/0.5 1/10/0.75 1/10/1 1/10/1 1/10/1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	text, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseRecipe("r.yaml", text)
	if err != nil || again.Hash() != r.Hash() {
		t.Errorf("%v: %s", err, text)
	}
}

func TestStageErrors(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"[projector]", "[projecter]", `r.yaml:21:24: stages[0].train: there is no group "projecter"`},
		{"[projector]", "[]", "stages[0].train: say what is trained"},
		{"steps: 10, ", "steps: 10, rope_theta: -1, ", "stages[0].rope_theta: -1 is impossible: it must be at least 0"},
		{"steps: 10, ", "", "stages[0].steps: 0 is impossible"},
		{"{train: [all]}", "{steps: 3, train: [all]}", "stages[1].steps: the last stage has the steps that are left"},
		{"steps: 10", "steps: 20", "stages: the stages before the last have 20 steps, and the run has 20"},
		{"patch_size: 8", "patch_size: 7", "r.yaml:10:17: model.vision.image_size is 32: it must be a multiple of patch_size"},
		{"    num_hidden_layers: 1\n", "", "model.vision.num_hidden_layers is 0"},
		{"    image_size: 32\n", "    from: dir\n    image_size: 32\n", "model.vision.from: the tower brings its own shape"},
		{"projector: {scale: 2}", "projector: {rule: muon}", "optimizer.projector.rule: muon is for"},
		{"vision: {scale: 0.5}", "vision: {scales: 0.5}", `did you mean "scale"`},
		{"[a.jsonl, ", "[3, ", "data.conversations[0] must be a text"},
		{"[a.jsonl, ", `["", `, "data.conversations: a file without a name"},
		{"steps: 20", "steps: 20\nlora: {rank: 2}", "an adapter holds no tower"},
	} {
		source := strings.Replace(seeingRecipe, c.old, c.new, 1)
		if source == seeingRecipe {
			t.Fatalf("%q changes nothing", c.old)
		}
		if _, err := ParseRecipe("r.yaml", []byte(source)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	text := strings.Replace(seeingRecipe, seeingRecipe[strings.Index(seeingRecipe, "  vision:\n"):strings.Index(seeingRecipe, "tokenizer:")], "", 1)
	if _, err := ParseRecipe("r.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "a model without model.vision has no projector") {
		t.Error(err)
	}
}
