package cluster

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]int{"h100x16384": 16384, "a100-40x8": 8, "mi300x": 1, "mi300xx4": 4, "TPU-v4x2": 2} {
		if c := machine(t, text); c.Devices != want {
			t.Errorf("%s has %d devices, want %d", text, c.Devices, want)
		}
	}
	for text, want := range map[string]string{
		"h10x8": "did you mean h100", "h100x0": "between 1 and", "": "no accelerator", "h100x99999999": "between 1 and",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestAccelerators(t *testing.T) {
	for _, a := range Accelerators() {
		if a.Source == "" || a.Peak[BF16] < 1e12 || a.Memory < 1e10 || a.Bandwidth < 1e11 || a.Link < a.Network || a.Domain < 1 || a.PriceHigh <= a.PriceLow {
			t.Errorf("%s: %+v", a.Name, a)
		}
		if p8 := a.Peak[FP8]; p8 > 0 && (p8 < 1.9*a.Peak[BF16] || p8 > 2.1*a.Peak[BF16]) {
			t.Errorf("%s: fp8 %g beside bf16 %g", a.Name, p8, a.Peak[BF16])
		}
	}
}

func TestLayoutMistakes(t *testing.T) {
	m := builtin(t, "mixtral-8x7b")
	for text, want := range map[string]string{
		"tp3": "does not divide the 32 heads", "dp3": "no multiple of data", "pp64": "between 1 and 32", "vp2": "need a pipeline",
		"ep3 dp3": "no multiple", "ep16 dp16": "does not divide the 8 experts", "ep8": "does not divide data x context x tensor", "zero4": "stages 0 to 3", "pp8 vp8": "more than the 32 layers",
	} {
		l := testLayout(t, m, text)
		if err := l.Check(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseLayout(f *testing.F) {
	f.Add("dp64 tp8 pp16 vp2 ep8 cp1 mb1 zero1 selective")
	f.Add("tp8,pp4 full")
	f.Add("dp-1 mb99999999999999999999")
	m := builtin(f, "deepseek-v3")
	f.Fuzz(func(t *testing.T, text string) {
		var base Layout
		base.SetDefaults()
		l, err := ParseLayout(text, base)
		if err != nil || l.Check(m) != nil {
			return
		}
		again, err := ParseLayout(l.String(), base)
		if err != nil || again != l {
			t.Errorf("%q is %+v, and its %q is %+v (%v)", text, l, l.String(), again, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"h100x8", "mi300x", "x", "a100-40x", "tpu-v4x3072"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := Parse(text); err == nil && (c.Devices < 1 || c.Devices > maxDevices) {
			t.Errorf("%q has %d devices", text, c.Devices)
		}
	})
}
