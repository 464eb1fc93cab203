package vision

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Workspace holds the buffers of a pass over up to maxViews views. It serves one
// pass at a time, of the tower that it was taken for.
type Workspace struct {
	tower    *Tower
	maxViews int
	train    bool

	batch  nn.Batch      // of the current pass
	spans  []kernel.Span // [maxViews]
	places []int32       // [N*P], the row of a patch in the table of positions

	acts      []acts          // by layer; all share their buffers unless train
	x         [][]tensor.BF16 // [L+1][N*P, Dv] residual stream before each layer; all the same unless train
	mid       [][]tensor.BF16 // [L][N*P, Dv] between attention and feed-forward
	normed    []tensor.BF16   // [N*P, Dv]
	out       []tensor.BF16   // [N*P, Dv] result of a sublayer
	mlp       nn.MLPScratch
	projector nn.MLPActs
	project   nn.MLPScratch
	grad      gradients
}

// acts are the stored results of one layer.
type acts struct {
	attn         nn.AttentionActs
	mlp          nn.MLPActs
	norm1, norm2 nn.Moments // empty unless train
}

// gradients is the scratch of the backward pass.
type gradients struct {
	x, normed []tensor.BF16 // [N*P, Dv]
	attn      nn.AttentionGrads
	sums      []float32 // for norms and the bias of patches
}

// Take lays out the buffers for up to maxViews views; train keeps what Backward
// needs. From an Arena that measures, the Workspace is good for nothing.
func (t *Tower) Take(arena *nn.Arena, maxViews int, train bool) *Workspace {
	if maxViews < 1 {
		panic("vision: workspace of no views")
	}
	rows, d := maxViews*t.cfg.Patches(), t.cfg.HiddenSize
	ws := &Workspace{
		tower: t, maxViews: maxViews, train: train,
		places: nn.Take[int32](arena, rows),
		normed: nn.Take[tensor.BF16](arena, rows*d), out: nn.Take[tensor.BF16](arena, rows*d),
		projector: t.projector.Take(arena, rows),
	}
	for i := range ws.places {
		ws.places[i] = int32(i % t.cfg.Patches())
	}
	ws.takeActs(arena, rows, d)
	ws.takeSpans(arena)
	if !train {
		ws.project.H = ws.projector.U
		if len(ws.acts) > 0 {
			ws.mlp.H = ws.acts[0].mlp.U
		}
		return ws
	}
	ws.project = t.projector.TakeScratch(arena, rows)
	ws.grad = gradients{
		x: nn.Take[tensor.BF16](arena, rows*d), normed: nn.Take[tensor.BF16](arena, rows*d),
		sums: nn.Take[float32](arena, nn.SumsLen(rows, 2*d)),
	}
	if len(t.layers) > 0 {
		ws.mlp = t.layers[0].mlp.TakeScratch(arena, rows)
		ws.grad.attn = t.layers[0].attn.TakeGrads(arena, rows)
	}
	return ws
}

// takeActs lays out the activations: one set for each layer in training, and
// otherwise one for all.
func (ws *Workspace) takeActs(arena *nn.Arena, rows, d int) {
	ws.x = append(ws.x, nn.Take[tensor.BF16](arena, rows*d))
	ws.acts = make([]acts, len(ws.tower.layers))
	for i, l := range ws.tower.layers {
		a := &ws.acts[i]
		switch {
		case ws.train:
			ws.x, ws.mid = append(ws.x, nn.Take[tensor.BF16](arena, rows*d)), append(ws.mid, nn.Take[tensor.BF16](arena, rows*d))
			a.norm1, a.norm2 = nn.TakeMoments(arena, rows), nn.TakeMoments(arena, rows)
		default:
			ws.x, ws.mid = append(ws.x, ws.x[0]), append(ws.mid, ws.x[0])
		}
		if ws.train || i == 0 {
			a.attn, a.mlp = l.attn.Take(arena, rows, ws.train), l.mlp.Take(arena, rows)
		} else {
			a.attn, a.mlp = ws.acts[0].attn, ws.acts[0].mlp
		}
	}
}

// takeSpans makes every view a document with blocks of its own for its keys.
func (ws *Workspace) takeSpans(arena *nn.Arena) {
	patches := ws.tower.cfg.Patches()
	ws.spans = make([]kernel.Span, ws.maxViews)
	for v := range ws.spans {
		s := &ws.spans[v]
		*s = kernel.Span{Start: v * patches, Len: patches}
		if len(ws.tower.layers) == 0 {
			continue
		}
		blockLen := ws.tower.layers[0].attn.Shape.BlockLen()
		s.Blocks = make([]kernel.Block, (patches+kernel.KeyBlock-1)/kernel.KeyBlock)
		for b := range s.Blocks {
			s.Blocks[b].BF16 = nn.Take[tensor.BF16](arena, blockLen)
		}
	}
	ws.batch.Groups = make([]int32, 2)
}

// MaxViews returns how many views fit.
func (ws *Workspace) MaxViews() int { return ws.maxViews }

// Rows returns what the tower made of the last pass's patches, before the projector:
// [N*P, Dv], and rows of earlier passes behind them. It is of ws and changes with the
// next pass.
func (ws *Workspace) Rows() []tensor.BF16 { return ws.x[len(ws.x)-1] }

// begin checks the arrays of a pass and returns its rows.
func (ws *Workspace) begin(t *Tower, features, patches []tensor.BF16) (rows int) {
	if ws.tower != t {
		panic("vision: workspace of another tower")
	}
	view := t.cfg.Patches() * t.cfg.PatchLen()
	views := len(patches) / view
	rows = views * t.cfg.Patches()
	if views < 1 || views > ws.maxViews || len(patches) != views*view || len(features) != rows*t.width {
		panic(fmt.Sprintf("vision: %d numbers of patches and %d of features for %d views at most", len(patches), len(features), ws.maxViews))
	}
	ws.batch.Positions, ws.batch.Spans = ws.places[:rows], ws.spans[:views]
	ws.batch.Groups[1] = int32(views)
	return rows
}
