package cluster

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Precision names a number format of products.
type Precision string

// The formats that accelerators multiply in.
const (
	FP16 Precision = "fp16"
	BF16 Precision = "bf16"
	FP8  Precision = "fp8"
	INT8 Precision = "int8"
	FP4  Precision = "fp4"
)

// Bytes is the size of one number.
func (p Precision) Bytes() float64 {
	switch p {
	case FP8, INT8:
		return 1
	case FP4:
		return 0.5625 // with a scale for every 16 numbers
	}
	return 2
}

// Known reports whether it is one of the formats.
func (p Precision) Known() bool {
	_, ok := wider[p]
	return ok
}

// Accelerator is one device by its maker's figures. In Go they are in units
// without prefix: FLOP/s, bytes, bytes/s, watts, dollars for an hour.
type Accelerator struct {
	Name, Title, Source string
	// Family shares the constants that were fitted.
	Family string
	// Peak is the dense rate of products in each format that it has.
	Peak map[Precision]float64
	// Memory and Bandwidth are of its own memory.
	Memory, Bandwidth float64
	// Link is the rate to the other devices of its domain, one direction; Network
	// that to devices of other domains.
	Link, Network float64
	// Domain is how many devices the link joins.
	Domain int
	// Power is the board's limit.
	Power float64
	// PriceLow and PriceHigh bound what an hour costs, a guess of ours.
	PriceLow, PriceHigh float64
}

//go:embed accelerators.yaml
var acceleratorSource []byte

type acceleratorFile struct {
	Accelerators []acceleratorEntry `yaml:"accelerators"`
}

type acceleratorEntry struct {
	Name      string             `yaml:"name"`
	Title     string             `yaml:"title"`
	Family    string             `yaml:"family"`
	Peak      map[string]float64 `yaml:"peak"`
	Memory    float64            `yaml:"memory"`
	Bandwidth float64            `yaml:"bandwidth"`
	Link      float64            `yaml:"link"`
	Domain    int                `yaml:"domain"`
	Network   float64            `yaml:"network"`
	Power     float64            `yaml:"power"`
	Price     []float64          `yaml:"price"`
	Source    string             `yaml:"source"`
}

var accelerators = sync.OnceValue(func() []Accelerator {
	var f acceleratorFile
	if _, err := recipe.DecodeAs("the accelerators", "accelerators.yaml", acceleratorSource, &f); err != nil {
		panic(err) // the file is part of the program
	}
	list := make([]Accelerator, 0, len(f.Accelerators))
	for _, e := range f.Accelerators {
		a := Accelerator{
			Name: e.Name, Title: e.Title, Source: e.Source, Family: e.Family, Peak: map[Precision]float64{},
			Memory: e.Memory * 1e9, Bandwidth: e.Bandwidth * 1e9, Link: e.Link * 1e9, Network: e.Network * 1e9,
			Domain: e.Domain, Power: e.Power, PriceLow: e.Price[0], PriceHigh: e.Price[1],
		}
		for p, peak := range e.Peak {
			a.Peak[Precision(p)] = peak * 1e12
		}
		list = append(list, a)
	}
	return list
})

// Accelerators returns the devices that are built in, in the order of the file.
// The maps belong to the package.
func Accelerators() []Accelerator { return accelerators() }

// FindAccelerator returns the device of that name.
func FindAccelerator(name string) (Accelerator, error) {
	var names []string
	for _, a := range accelerators() {
		if strings.EqualFold(a.Name, name) {
			return a, nil
		}
		names = append(names, a.Name)
	}
	hint := ""
	if near := recipe.Nearest(strings.ToLower(name), names); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return Accelerator{}, fmt.Errorf("there is no accelerator %q%s (known: %s)", name, hint, strings.Join(names, ", "))
}

// peak returns the rate of products in the format, or in the next wider one that
// the device has.
func (a *Accelerator) peak(p Precision) float64 {
	for _, q := range wider[p] {
		if rate := a.Peak[q]; rate > 0 {
			return rate
		}
	}
	return a.Peak[BF16]
}

// wider lists the formats that can stand for one, the narrowest first.
var wider = map[Precision][]Precision{
	FP4: {FP4, FP8, BF16}, FP8: {FP8, BF16}, INT8: {INT8, FP8, BF16}, FP16: {FP16, BF16}, BF16: {BF16, FP16},
}
