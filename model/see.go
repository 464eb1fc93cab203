package model

import (
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/tensor"
)

// Vision returns the tower by which the model sees; nil = it cannot. Its Params
// are among the model's.
func (m *Model) Vision() *vision.Tower { return m.tower }

// NewVisionWorkspace allocates what See needs for up to maxViews views at a
// time, VisionWorkspaceBytes of it. A model that cannot see panics.
func (m *Model) NewVisionWorkspace(maxViews int) *vision.Workspace {
	return m.tower.Take(nn.NewArena(VisionWorkspaceBytes(m.cfg, maxViews)), maxViews, false)
}

// VisionWorkspaceBytes returns the memory of NewVisionWorkspace.
func VisionWorkspaceBytes(cfg *Config, maxViews int) int64 {
	return cfg.Vision.WorkspaceBytes(cfg.HiddenSize, maxViews, false)
}

// See computes the features of views for Batch.Features: features [N*P, D] from
// patches [N*P, PatchLen], those of N views one after the other. It runs the
// tower in ws, which serves one pass at a time. A view's rows depend on that view
// alone, so they have the bits that Batch.Patches gives in a pass of training.
// Goroutines may see at the same time, each with its own ws. Arrays that are no
// whole views, do not fit each other or ws, and a model that cannot see are
// errors.
func (m *Model) See(ws *vision.Workspace, features, patches []tensor.BF16) error {
	if m.tower == nil {
		return errBlind
	}
	rows, err := m.cfg.rowsOf(patches)
	switch {
	case err != nil:
		return err
	case rows == 0:
		return errors.New("there are no patches to see")
	case rows > ws.MaxViews()*m.cfg.Vision.Patches():
		return fmt.Errorf("%d views are more than the %d that the workspace has room for", rows/m.cfg.Vision.Patches(), ws.MaxViews())
	case len(features) != rows*m.cfg.HiddenSize:
		return fmt.Errorf("features have room for %d numbers; the %d patches make %d", len(features), rows, rows*m.cfg.HiddenSize)
	}
	m.tower.Forward(ws, features, patches)
	return nil
}

var errBlind = errors.New("the model cannot see: it has no vision tower")

// rowsOf returns how many patches there are, whole views of them.
func (c *Config) rowsOf(patches []tensor.BF16) (int, error) {
	view := c.Vision.Patches() * c.Vision.PatchLen()
	if len(patches)%view != 0 {
		return 0, fmt.Errorf("%d numbers of patches are no whole views, of %d each", len(patches), view)
	}
	return len(patches) / c.Vision.PatchLen(), nil
}

// sight is what a Workspace has for pictures.
type sight struct {
	images    []int32           // [T] rows of the current batch that are image tokens
	tower     *vision.Workspace // nil = not needed yet, or no view fits
	features  []tensor.BF16     // [views*P, D]
	dFeatures []tensor.BF16     // the same; empty unless train
	bytes     int64             // of the tower's part, if it was allocated later
}

// takeSight lays out what passes over maxTokens tokens need to see; without
// train the tower's part waits until a batch has patches.
func (ws *Workspace) takeSight(arena *nn.Arena) {
	v := ws.model.cfg.Vision
	if v == nil {
		return
	}
	ws.sight.images = nn.Take[int32](arena, ws.maxTokens)[:0]
	if views := ws.maxTokens / v.Patches(); ws.train && views > 0 {
		ws.takeTower(arena, views)
	}
}

func (ws *Workspace) takeTower(arena *nn.Arena, views int) {
	s, cfg := &ws.sight, ws.model.cfg
	rows := views * cfg.Vision.Patches()
	s.tower = ws.model.tower.Take(arena, views, ws.train)
	s.features = nn.Take[tensor.BF16](arena, rows*cfg.HiddenSize)
	if ws.train {
		s.dFeatures = nn.Take[tensor.BF16](arena, rows*cfg.HiddenSize)
	}
}

// needTower makes room for so many views without train.
func (ws *Workspace) needTower(views int) {
	if ws.sight.tower != nil && views <= ws.sight.tower.MaxViews() {
		return
	}
	var measure nn.Arena
	before := ws.sight.bytes
	ws.takeTower(&measure, views)
	ws.sight.bytes = measure.SizeBytes()
	ws.takeTower(nn.NewArena(ws.sight.bytes), views)
	ws.sizeBytes += ws.sight.bytes - before
}

// find lists the image tokens of batch, and checks that there is a row of
// features for each.
func (ws *Workspace) find(batch *Batch) error {
	s, cfg := &ws.sight, ws.model.cfg
	s.images = s.images[:0]
	if cfg.Vision == nil {
		if batch.Patches != nil || batch.Features != nil {
			return errBlind
		}
		return nil
	}
	if batch.Patches != nil && batch.Features != nil {
		return errors.New("a batch has patches or features, and not both")
	}
	for t, id := range batch.Tokens {
		if int(id) == cfg.Vision.ImageTokenID {
			s.images = append(s.images, int32(t))
		}
	}
	rows, err := cfg.rowsOf(batch.Patches)
	if err != nil {
		return err
	}
	if batch.Features != nil {
		if len(batch.Features)%cfg.HiddenSize != 0 {
			return fmt.Errorf("%d numbers of features are no whole rows, of %d each", len(batch.Features), cfg.HiddenSize)
		}
		rows = len(batch.Features) / cfg.HiddenSize
	}
	if rows != len(s.images) {
		return fmt.Errorf("the batch has %d image tokens (%d) and %d rows of features for them; they must be as many",
			len(s.images), cfg.Vision.ImageTokenID, rows)
	}
	return nil
}

// embedBatch computes the rows x [T, D] that the decoder begins with: embeddings, and
// for image tokens features, which the tower makes here of a batch's patches.
func (m *Model) embedBatch(ws *Workspace, x []tensor.BF16, batch *Batch) error {
	if err := m.lookup(x, batch.Tokens); err != nil {
		return err
	}
	s := &ws.sight
	if len(s.images) == 0 {
		return nil
	}
	d, features := m.cfg.HiddenSize, batch.Features
	if batch.Patches != nil {
		if !ws.train {
			ws.needTower(len(s.images) / m.cfg.Vision.Patches())
		}
		features = s.features[:len(s.images)*d]
		m.tower.Forward(s.tower, features, batch.Patches)
	}
	for i, t := range s.images {
		copy(x[int(t)*d:][:d], features[i*d:(i+1)*d])
	}
	return nil
}

// embedBackward adds the gradients of embeddings and tower from dx [T, D], that
// of the rows of embedBatch, which it changes. An image token's row is nothing of
// the embedding's.
func (m *Model) embedBackward(ws *Workspace, dx []tensor.BF16, batch *Batch) {
	s, d := &ws.sight, m.cfg.HiddenSize
	if len(s.images) > 0 {
		seen := batch.Patches != nil
		for i, t := range s.images {
			row := dx[int(t)*d:][:d]
			if seen {
				copy(s.dFeatures[i*d:(i+1)*d], row)
			}
			clear(row)
		}
		if seen {
			m.tower.Backward(s.tower, s.dFeatures[:len(s.images)*d], batch.Patches)
		}
	}
	m.embed.Backward(dx, batch.Tokens)
}
