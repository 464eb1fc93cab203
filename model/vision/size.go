package vision

import "github.com/polymath-lm/polymath/model/nn"

// Params returns how many parameters the tower and its projector have for a
// decoder of width columns.
func (c *Config) Params(width int) (tower, projector int64) {
	d, f, n, p := int64(c.HiddenSize), int64(c.IntermediateSize), int64(width), int64(c.Patches())
	tower = d*int64(c.PatchLen()) + d + p*d + 2*d // and the last norm
	tower += int64(c.NumLayers) * (4*d + 4*(d*d+d) + 2*d*f + d + f)
	return tower, d*n + n + n*n + n
}

// FLOPs returns the floating-point operations of the forward pass over one view,
// projector included: two for each weight and patch, and attention from every
// patch to every other. A training step costs three times as much.
func (c *Config) FLOPs(width int) float64 {
	d, f, n, p := float64(c.HiddenSize), float64(c.IntermediateSize), float64(width), float64(c.Patches())
	layer := 2*(4*d*d+2*d*f) + 4*p*d
	return p * (2*d*float64(c.PatchLen()) + float64(c.usedLayers())*layer + 2*(d*n+n*n))
}

// WorkspaceBytes returns the memory of a Workspace for up to maxViews views.
func (c *Config) WorkspaceBytes(width, maxViews int, train bool) int64 {
	var measure nn.Arena
	New(c, width).Take(&measure, maxViews, train)
	return measure.SizeBytes()
}
