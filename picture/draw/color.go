package draw

import "image/color"

// paint is a color with its name.
type paint struct {
	name string
	rgb  color.NRGBA
}

func rgb(r, g, b uint8) color.NRGBA { return color.NRGBA{r, g, b, 255} }

// paints are far from each other and from the grounds.
var paints = []paint{
	{"red", rgb(214, 39, 40)},
	{"orange", rgb(255, 140, 0)},
	{"yellow", rgb(250, 215, 20)},
	{"green", rgb(30, 140, 50)},
	{"blue", rgb(35, 85, 220)},
	{"purple", rgb(125, 45, 165)},
	{"pink", rgb(250, 130, 190)},
	{"black", rgb(20, 20, 20)},
}

// grounds are what things are drawn on.
var grounds = []color.NRGBA{rgb(255, 255, 255), rgb(240, 240, 240), rgb(250, 245, 230), rgb(226, 236, 246), rgb(232, 243, 230)}

// inks are for text and lines: dark.
var (
	ink  = rgb(30, 30, 36)
	soft = rgb(205, 208, 214) // lines of a grid
	gray = rgb(120, 124, 132)
	none = rgb(255, 255, 255)
)

// paintNamed returns one of paints.
func paintNamed(name string) color.NRGBA {
	for _, p := range paints {
		if p.name == name {
			return p.rgb
		}
	}
	return ink
}

// light mixes a color with white, so that dark text is readable on it.
func light(c color.NRGBA, percent int) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8((int(v)*(100-percent) + 255*percent) / 100) }
	return rgb(mix(c.R), mix(c.G), mix(c.B))
}
