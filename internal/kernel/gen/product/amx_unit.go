package main

// stream is instructions that are written between others.
type stream struct {
	steps []func()
	done  int
}

// spend writes up to a share of all.
func (s *stream) spend(share float64) {
	for ; float64(s.done) < share*float64(len(s.steps)); s.done++ {
		s.steps[s.done]()
	}
}

func (a *assembly) loadTile(tile byte, base, index string, disp int) func() {
	return func() {
		a.raw(tileLoad(tile, base, index, int32(disp)), "TILELOADD T%d, %d(%s)(%s*1)", tile, disp, base, index)
	}
}

func (a *assembly) storeTile(tile byte, base, index string, disp int) func() {
	return func() {
		a.raw(tileStore(tile, base, index, int32(disp)), "TILESTORED T%d, %d(%s)(%s*1)", tile, disp, base, index)
	}
}

func (a *assembly) addTile(sum, x, y byte) func() {
	return func() { a.raw(tileProduct(sum, x, y), "TDPBF16PS T%d += T%d T%d", sum, x, y) }
}

// A unit is the product of a tile of rows and a panel. Its sums begin with loads
// and leave with stores.
type unit struct {
	begin, products, end []func()
}

// unit returns the product of blocks of A at x and of a panel at b, with the
// sums in tiles t and t+1.
func (a *assembly) unit(t byte, blocks int, x, b string, panel int, begin, end func(tile byte, half int) func()) unit {
	u := unit{[]func(){begin(t, 0), begin(t+1, 1)}, nil, []func(){end(t, 0), end(t+1, 1)}}
	for i := range blocks {
		at, even := (panel*blocks+i)*blockBytes, byte(i%2)
		u.products = append(
			u.products,
			a.loadTile(6, b, "R9", at), a.loadTile(4+even, x, "R9", 1024*i), a.addTile(t, 4+even, 6),
			a.loadTile(7, b, "R9", at+halfBytes), a.addTile(t+1, 4+even, 7),
		)
	}
	return u
}

// line puts units in a row: the sums of one are stored during the next, because
// products wait behind a store that waits for its sums.
func line(units ...unit) (steps []func()) {
	var before []func()
	for _, u := range units {
		steps = append(steps, u.begin...)
		steps = append(steps, u.products[:5]...)
		steps = append(steps, before...)
		steps = append(steps, u.products[5:]...)
		before = u.end
	}
	return append(steps, before...)
}
