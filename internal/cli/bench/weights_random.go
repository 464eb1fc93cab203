package bench

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// storedShape is a model of random weights in a format of blocks.
type storedShape struct {
	name   string
	config *model.Config
	format tensor.DType
}

// storedShapes are a dense model of 1.1 billion parameters in 8 and in 4 bits
// and a mixture of 16 experts in 8 bits; with quick, small ones.
func storedShapes(quick bool) []storedShape {
	dense, experts := denseStored(quick), expertsStored(quick)
	return []storedShape{
		{storedName("dense", dense, "q8_0"), dense, tensor.DTypeQ8_0},
		{storedName("dense", dense, "q4_0"), dense, tensor.DTypeQ4_0},
		{storedName("dense", dense, "q4_k"), dense, tensor.DTypeQ4K},
		{storedName("experts", experts, "q8_0"), experts, tensor.DTypeQ8_0},
	}
}

func denseStored(quick bool) *model.Config {
	cfg := defaultConfig(model.Llama)
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 32000, 2048, 22, 5632
	cfg.NumHeads, cfg.NumKVHeads = 32, 4
	cfg.MaxPositions = 4096
	if quick {
		cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 4096, 512, 2, 1024
		cfg.NumHeads = 8
	}
	return cfg
}

func expertsStored(quick bool) *model.Config {
	cfg := defaultConfig(model.Qwen3MoE)
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 32000, 1024, 12
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 16, 4, 64
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 16, 2, 2048
	cfg.NormTopKProb = true
	cfg.MaxPositions = 4096
	if quick {
		cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.MoEIntermediateSize = 4096, 512, 2, 512
		cfg.NumHeads = 8
	}
	return cfg
}

func defaultConfig(kind string) *model.Config {
	cfg, err := model.Default(kind)
	if err != nil {
		panic(err) // the kind is one of the package's own
	}
	return cfg
}

// random returns weights that are made when they are asked for.
func (s storedShape) random() (*model.Weights, error) {
	shapes, formats := map[string][]int{}, map[string]tensor.DType{}
	for _, p := range model.Shapes(s.config) {
		for _, part := range p.Parts {
			shape := p.PartShape(part)
			shapes[part.Name], formats[part.Name] = shape, s.format
			if len(shape) == 1 || shape[0] == s.config.NumExperts {
				formats[part.Name] = tensor.DTypeF32 // a norm, or the router
			}
		}
	}
	return model.NewWeights(s.config, func(name string) tensor.DType { return formats[name] }, func(name string) (*tensor.Tensor, error) {
		return randomTensor(name, formats[name], shapes[name])
	})
}

// randomTensor holds random codes with scales that keep the activations in
// bounds; a vector is all ones.
func randomTensor(name string, d tensor.DType, shape []int) (*tensor.Tensor, error) {
	size, err := tensor.SizeBytes(d, shape)
	if err != nil {
		return nil, err
	}
	hash := fnv.New64a()
	hash.Write([]byte(name))
	draw := rand.New(rand.NewPCG(hash.Sum64(), 0))
	t := &tensor.Tensor{Name: name, DType: d, Shape: shape, Data: tensor.AlignedCopy(make([]byte, size))}
	switch {
	case d != tensor.DTypeF32:
		randomBlocks(t, draw)
	case len(shape) == 1:
		for i := range t.F32() {
			t.F32()[i] = 1
		}
	default:
		for i := range t.F32() {
			t.F32()[i] = float32(weightStd * draw.NormFloat64())
		}
	}
	return t, nil
}

// weightStd is about the standard deviation of a weight.
const weightStd = 0.02

// randomBlocks fills Q8_0, Q4_0 or Q4_K: random bytes, and then the scales at
// the beginning of each block.
func randomBlocks(t *tensor.Tensor, draw *rand.Rand) {
	for i := 0; i < len(t.Data)/8*8; i += 8 {
		binary.LittleEndian.PutUint64(t.Data[i:], draw.Uint64())
	}
	deviation := map[tensor.DType]float64{tensor.DTypeQ8_0: 73.3, tensor.DTypeQ4_0: 4.61, tensor.DTypeQ4K: 32 * 8}[t.DType]
	scale := tensor.F16FromFloat32(float32(weightStd / deviation))
	_, size := t.DType.Block()
	for at := 0; at < len(t.Data); at += size {
		binary.LittleEndian.PutUint16(t.Data[at:], uint16(scale))
		if t.DType == tensor.DTypeQ4K { // the minima's scale; on average they take away what the codes add
			binary.LittleEndian.PutUint16(t.Data[at+2:], uint16(tensor.F16FromFloat32(float32(7.5*weightStd/deviation))))
		}
	}
}
