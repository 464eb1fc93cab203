package modelfile

import (
	"math"
	"slices"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// probe is the text on which two models are compared.
const probe = `The lighthouse keeper wrote the number 1,482 in his book and closed it. ` +
	"func add(a, b int) int { return a + b }\n" +
	`"Is anybody there?" she asked; nobody answered. Zwölf Äpfel kosten 3,50 €.`

const maxProbe = 96 // tokens

// probeTokens are the ids of the probe text, or a few of the vocabulary where
// there is no tokenizer that is read, or one that knows nothing of the text.
func probeTokens(path string, cfg *model.Config) []int32 {
	most := min(maxProbe, cfg.MaxPositions)
	if t, err := Tokenizer(path); err == nil {
		before, _ := t.Template()
		ids := append(slices.Clone(before), t.Encode(probe)...)
		for i, id := range ids {
			ids[i] = id % int32(cfg.VocabSize)
		}
		if len(ids) > 0 {
			return ids[:min(len(ids), most)]
		}
	}
	ids := make([]int32, min(most, 32))
	for i := range ids {
		ids[i] = int32((i*7919 + 13) % cfg.VocabSize)
	}
	return ids
}

// probeBatch is the text as a batch, without what would be image tokens in it, and
// its tokens. A model that sees has a picture before it, where there is room.
func probeBatch(cfg *model.Config, text []int32) (*model.Batch, []int32) {
	b := &model.Batch{}
	if v := cfg.Vision; v != nil {
		image := int32(v.ImageTokenID)
		text = slices.DeleteFunc(slices.Clone(text), func(id int32) bool { return id == image })
		if len(text) == 0 {
			text = []int32{(image + 1) % int32(cfg.VocabSize)}
		}
		if v.Patches()+len(text) <= cfg.MaxPositions {
			b.Tokens = slices.Repeat([]int32{image}, v.Patches())
			b.Patches = make([]tensor.BF16, v.Patches()*v.PatchLen())
			for i := range b.Patches {
				b.Patches[i] = tensor.FromFloat32(float32(i*7919%255)/127.5 - 1)
			}
		}
	}
	b.Tokens = append(b.Tokens, text...)
	b.Spans = []model.Span{{Len: len(b.Tokens)}}
	return b, text
}

// logitsOf returns the logits of the last n tokens of a batch, and closes the
// model.
func logitsOf(m *model.Model, batch *model.Batch, n int) ([]float32, error) {
	defer m.Close()
	ws := model.NewWorkspace(m, len(batch.Tokens), false)
	if err := m.Forward(ws, batch); err != nil {
		return nil, err
	}
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(len(batch.Tokens) - n + i)
	}
	logits := make([]float32, n*m.Config().VocabSize)
	return logits, m.Logits(ws, rows, logits)
}

// crossEntropy is the mean of that of each token given those before it, in nats.
func crossEntropy(logits []float32, ids []int32, v int) float64 {
	sum := 0.0
	for i := range len(ids) - 1 {
		row := logits[i*v : (i+1)*v]
		top := float64(slices.Max(row))
		total := 0.0
		for _, x := range row {
			total += math.Exp(float64(x) - top)
		}
		sum += top + math.Log(total) - float64(row[ids[i+1]])
	}
	return sum / float64(max(len(ids)-1, 1))
}
