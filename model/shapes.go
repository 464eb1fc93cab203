package model

// Shapes lists the parameters of a model of this shape, as Model.Params does,
// but without arrays: for planning memory before anything is allocated. cfg
// must be valid.
func Shapes(cfg *Config) []*Param {
	return build(cfg.clone()).params
}
