package main

import "math"

// The operations that every processor has, in 16 lanes each.
func (p *program) sum(a, b *val) *val        { return p.op("add", a, b) }
func (p *program) difference(a, b *val) *val { return p.op("sub", a, b) }
func (p *program) product(a, b *val) *val    { return p.op("mul", a, b) }
func (p *program) quotient(a, b *val) *val   { return p.op("div", a, b) }
func (p *program) root(a *val) *val          { return p.op("sqrt", a) }
func (p *program) fma(a, b, c *val) *val     { return p.op("fma", a, b, c) }  // a*b + c
func (p *program) fnma(a, b, c *val) *val    { return p.op("fnma", a, b, c) } // c - a*b
func (p *program) larger(a, b *val) *val     { return p.op("larger", a, b) }  // a > b ? a : b
func (p *program) smaller(a, b *val) *val    { return p.op("smaller", a, b) } // a < b ? a : b

func (p *program) float(f float32) *val { return p.bits(math.Float32bits(f)) }

// Changes of a variable.
func (p *program) addTo(s, a *val)        { p.op("addTo", s, a) }
func (p *program) fmaTo(s, a, b *val)     { p.op("fmaTo", s, a, b) }
func (p *program) largerTo(s, a *val)     { p.op("largerTo", s, a) } // s = larger(a, s)
func (p *program) treeSum(s *val) *val    { v := p.op("treeSum", s); v.wide = false; return v }
func (p *program) treeLarger(s *val) *val { v := p.op("treeLarger", s); v.wide = false; return v }

// round adds what makes the upper halves of x the nearest bf16, ties to even;
// the lower halves are left over. A NaN becomes some NaN.
func (p *program) round(x *val) *val { return p.op("round", x) }

// roundWeight is round for numbers that are not denormal, and roundFlushed is
// roundFlushed of the package kernel.
func (p *program) roundWeight(x *val) *val  { return p.op("roundWeight", x) }
func (p *program) roundFlushed(x *val) *val { return p.op("roundFlushed", x) }

// negative is -x.
func (p *program) negative(x *val) *val { return p.op("xor", x, p.bits(1<<31)) }

// upper clears the lower halves: the bf16 of round as a float32.
func (p *program) upper(x *val) *val { return p.op("and", x, p.bits(0xffff0000)) }

// reduced is expReduced of the package kernel: p, and 2^n as a float32.
func (p *program) reduced(x *val) (y, scale *val) {
	magic := p.float(0x1.8p+23 + 127)
	t := p.fma(x, p.float(0x1.715476p+0), magic)
	n := p.difference(t, magic)
	r := p.fnma(n, p.float(0x1.62e430p-1), x)
	r = p.fma(n, p.float(0x1.05c610p-29), r)
	scale = p.op("shl23", t)
	y = p.fma(p.float(0x1.6a4748p-10), r, p.float(0x1.1239a2p-7))
	for _, c := range []float32{0x1.5558b6p-5, 0x1.555492p-3, 0x1.fffffcp-2, 1, 1} {
		y = p.fma(y, r, p.float(c))
	}
	return y, scale
}

// expDown is expDown of the package kernel.
func (p *program) expDown(x *val) *val {
	y, scale := p.reduced(x)
	return p.op("mulUnlessBelow", y, scale, x, p.float(-0x1.5d589ep+6))
}

// exp is Exp32 of the package kernel.
func (p *program) exp(x *val) *val {
	y, scale := p.reduced(x)
	y = p.op("addInt", y, scale)
	y = p.op("subInt", y, p.bits(127<<23))
	y = p.op("selectLE", x, p.float(0x1.62e42ep+6), y, p.sum(x, p.float(float32(math.Inf(1)))))
	return p.op("zeroBelow", y, x, p.float(-0x1.5d589ep+6))
}

// expShort is expShort of the package kernel.
func (p *program) expShort(x *val) *val {
	log2e, magic := p.float(0x1.715476p+0), p.float(0x1.8p+23+127)
	t := p.fma(x, log2e, magic)
	f := p.fma(x, log2e, p.difference(magic, t))
	scale := p.op("shl23", t)
	y := p.fma(p.float(0x1.3a035cp-7), f, p.float(0x1.c9fc88p-5))
	for _, c := range []float32{0x1.ec0376p-3, 0x1.62e12cp-1, 1} {
		y = p.fma(y, f, p.float(c))
	}
	return p.op("mulUnlessBelow", y, scale, x, p.float(-87))
}

// sigmoidShort is sigmoidShort of the package kernel.
func (p *program) sigmoidShort(x *val) *val {
	e := p.expShort(p.smaller(p.float(87), x))
	return p.quotient(e, p.sum(p.float(1), e))
}
