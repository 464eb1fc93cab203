package model

import "strings"

const (
	sightTower     = "vision_tower."
	sightProjector = "multi_modal_projector."
)

// spellings returns what files of LLaVA call the tensor that a Weights calls
// name, that which is written first. transformers of every release reads that; it
// is what those up to 4 wrote. Release 5 writes towers without "vision_model."
// and has "model." before all in memory, which some files have, too.
func spellings(name string) []string {
	if rest, ok := strings.CutPrefix(name, sightTower+"vision_model."); ok {
		return []string{name, sightTower + rest, "model." + name, "model." + sightTower + rest}
	}
	if strings.HasPrefix(name, sightProjector) {
		return []string{name, "model." + name}
	}
	if rest, ok := strings.CutPrefix(name, "model."); ok {
		return []string{"language_model." + name, "model.language_model." + rest}
	}
	return []string{"language_model." + name, name} // the head
}

// written returns the name of a tensor of a model of this shape in a directory.
func (c *Config) written(name string) string {
	if c.Vision == nil {
		return name
	}
	return spellings(name)[0]
}

// fileNames maps the names of a model's tensors to those that has says the file
// has, and of which it takes the first where none is there.
func (w *Weights) fileNames(has func(name string) bool) map[string]string {
	names := make(map[string]string, len(w.list))
	for _, t := range w.list {
		names[t.Name] = t.Name
		if w.cfg.Vision == nil {
			continue
		}
		all := spellings(t.Name)
		names[t.Name] = all[0]
		for _, name := range all {
			if has(name) {
				names[t.Name] = name
				break
			}
		}
	}
	return names
}

// redundantSight reports whether a tensor of the file of a seeing model says
// nothing that counts: what SigLIP makes one vector of a picture with, and its
// numbers of positions.
func redundantSight(name string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "model."), sightTower)
	rest = strings.TrimPrefix(rest, "vision_model.")
	return ok && (strings.HasPrefix(rest, "head.") || rest == "embeddings.position_ids")
}

// plainName returns the name that a Weights has for a tensor of the decoder of a
// seeing model by its name in the file, the inverse of spellings.
func plainName(name string) string {
	for _, prefix := range []string{"language_model.model.", "model.language_model."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return "model." + rest
		}
	}
	return strings.TrimPrefix(name, "language_model.")
}

// isSight reports whether a tensor belongs to tower or projector.
func isSight(name string) bool {
	return strings.HasPrefix(name, sightTower) || strings.HasPrefix(name, sightProjector)
}
