package model

// Stretch changes how positions are told apart, and how many the model promises to
// read: cfg.RopeTheta, cfg.RopeScaling and cfg.MaxPositions become those of to, whose
// other fields do not matter. The weights stay. Layers that slide keep their angles
// where the model type can say so: their window is no longer than it was. A
// configuration that cannot be is an error, and changes nothing. Config returns the
// new one, which a caller that kept the old one has to ask for. No pass may be
// running.
func (m *Model) Stretch(to *Config) error {
	cfg := m.cfg.Stretched(to)
	if err := cfg.Validate(); err != nil {
		return err
	}
	m.cfg = cfg
	m.rope.Reset(cfg.ropeFrequencies())
	return nil
}

// Stretched is the configuration that Model.Stretch gives a model of c.
func (c *Config) Stretched(to *Config) *Config {
	own := c.clone()
	if own.ModelType == Mellum && own.SlidingRopeTheta == 0 && to.RopeTheta != c.RopeTheta {
		own.SlidingRopeTheta = c.RopeTheta
	}
	own.RopeTheta, own.MaxPositions, own.RopeScaling = to.RopeTheta, to.MaxPositions, nil
	if to.RopeScaling != nil {
		scaling := *to.RopeScaling
		own.RopeScaling = &scaling
	}
	return own
}

// ReservePositions makes room for documents of up to n tokens in what tells positions
// apart, PositionBytes of it, so that passes over such allocate nothing.
func (m *Model) ReservePositions(n int) {
	m.rope.Grow(n)
	m.slidingRope.Grow(n)
}

// PositionBytes is the memory of what tells n positions apart.
func PositionBytes(cfg *Config, n int) int64 {
	tables := int64(3) // cosines, and sines with both signs
	if cfg.ModelType == Mellum {
		tables *= 2
	}
	return tables * 4 * int64(cfg.headDim()/2) * int64(n)
}
