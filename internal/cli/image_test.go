package cli_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/tokenizer"
)

// seeing DIR makes a model that sees and knows nothing: a view of 16 pixels is 16
// tokens, and pictures are looked at in 32.
func seeing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: seeing DIR")
	}
	ts.Check(saveSeeing(ts.MkAbs(args[0])))
}

func saveSeeing(dir string) error {
	text := []byte("The cat sat on the mat. The dog sat by the door.")
	special := []string{tokenizer.EndOfText, "<|im_start|>", "<|im_end|>", chat.ImageToken}
	tok, err := tokenizer.Train(slices.Values([][]byte{text, text}), tokenizer.TrainOptions{VocabSize: 280, Special: special})
	if err != nil {
		return err
	}
	file, err := tok.JSON()
	if err != nil {
		return err
	}
	cfg, err := model.Default(model.Qwen3)
	if err != nil {
		return err
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = tok.VocabSize(), 32, 2, 64
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim, cfg.MaxPositions, cfg.InitStd = 2, 2, 16, 512, 0.2
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.Box, v.Short = 16, 4, 32, 32
	v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads, v.InitStd = 16, 32, 2, 2, 0.3
	id, _ := tok.Special(chat.ImageToken)
	v.ImageTokenID = int(id)
	cfg.Vision = &v
	m, err := model.New(cfg, 1)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return m.Save(dir, model.Provenance{Version: "test"}, map[string][]byte{"tokenizer.json": file})
}

// paint FILE.png WIDTH HEIGHT writes a picture.
func paint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: paint FILE.png WIDTH HEIGHT")
	}
	width, err := strconv.Atoi(args[1])
	ts.Check(err)
	height, err := strconv.Atoi(args[2])
	ts.Check(err)
	p := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black, color.RGBA{200, 20, 20, 255}})
	for y := range min(height, 64) {
		for x := range min(width, 64) {
			p.SetColorIndex(x, y, uint8((x/3+y/5)%3))
		}
	}
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
	f, err := os.Create(path)
	ts.Check(err)
	ts.Check(png.Encode(f, p))
	ts.Check(f.Close())
}
