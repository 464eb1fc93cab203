package model

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// A unit is what is brought into memory at a time: one group of a Param, such
// as the matrix of a dense layer or one expert's.
type unit struct {
	class *class
	parts []filePart // by row
	group int        // of its Param
	order int        // of the Param's product in a pass
	// pinned units stay in memory and are read at any time; what follows is
	// guarded by resident.mu for the others.
	pinned bool
	packed *kernel.Packed // one group; nil = absent

	state   unitState
	given   int     // rows that loaders have been given
	left    int     // rows that are not packed yet
	wanted  bool    // a product waits for it
	busy    bool    // a product reads it
	failed  error   // why some rows could not be read
	ahead   bool    // its loading began before a product asked for it
	guessed bool    // read ahead, and not used yet
	heat    float64 // see resident.touch
	index   int     // in class.ring
}

type unitState int

const (
	absent unitState = iota
	loading
	ready
)

// A class is all units of one shape and format: memory that held one of them
// can hold any other. So nothing is allocated once a model runs.
type class struct {
	k, n    int
	formats []tensor.DType // by panel, as they are in memory
	bytes   int64          // of a unit in memory
	read    int64          // of a unit in the file
	expert  bool
	params  int // to which the units belong
	units   []*unit
	slots   int // memory for so many units
	transit int // of the slots, those through which the units go that are not pinned; experts share all

	free []*kernel.Packed
	held []*unit // with memory, pinned ones not among them
	ring []*unit // those that are not pinned, in the order of the pass; nil for experts
	next int     // in ring: to be read ahead next
}

// direct reports whether rows of format d are kept in memory as they are in the
// file. Others are rounded to bf16.
func direct(d tensor.DType) bool { return d.IsBlocked() || d == tensor.DTypeBF16 }

// panelFormats returns the format of each panel of the unit in memory.
func (u *unit) panelFormats(n int) []tensor.DType {
	var formats []tensor.DType
	for row := 0; row < n; row += kernel.PanelN {
		part, at := u.part(row)
		d := tensor.DTypeBF16
		if at+min(kernel.PanelN, n-row) <= part.rows && direct(part.dtype) {
			d = part.dtype
		}
		formats = append(formats, d)
	}
	return formats
}

// part returns the part that holds a row, and which of its rows that is.
func (u *unit) part(row int) (*filePart, int) {
	for i := range u.parts {
		if p := &u.parts[i]; row < p.rows {
			return p, row
		} else {
			row -= p.rows
		}
	}
	panic(fmt.Sprintf("model: no row %d in %s", row, u.parts[0].name))
}

// name is the first tensor's.
func (u *unit) name() string { return u.parts[0].name }

// classKey is equal for units that can take each other's memory.
func classKey(k, n int, formats []tensor.DType, expert bool) string {
	var b strings.Builder
	fmt.Fprint(&b, k, " ", n, " ", expert)
	for _, d := range formats {
		b.WriteByte(' ')
		b.WriteString(string(d))
	}
	return b.String()
}

// memoryBytes returns the memory of a unit.
func (c *class) memoryBytes() int64 {
	if c.plain() {
		return 2 * int64(kernel.PackedLen(1, c.k, c.n))
	}
	total := int64(0)
	for i, d := range c.formats {
		total += kernel.QuantizedBytes(d, c.k, min(kernel.PanelN, c.n-i*kernel.PanelN))
	}
	return total
}

// plain reports whether the units are bf16 in memory.
func (c *class) plain() bool {
	for _, d := range c.formats {
		if d != tensor.DTypeBF16 {
			return false
		}
	}
	return true
}

// newSlot allocates the memory of a unit.
func (c *class) newSlot() *kernel.Packed {
	if c.plain() && !c.expert {
		return kernel.NewPacked(1, c.k, c.n)
	}
	return kernel.NewQuantized(1, c.k, c.n)
}

// chunkBytes is about how much is read at a time. It is a variable for tests.
var chunkBytes = 512 << 10

// chunkRows returns how many rows are read at a time, whole panels.
func (u *unit) chunkRows() int {
	size := 1
	for i := range u.parts {
		size = max(size, u.parts[i].rowBytes())
	}
	return max(chunkBytes/size/kernel.PanelN, 1) * kernel.PanelN
}

// roundedRows returns how many of rows that are read at a time are rounded to
// bf16 on the way, or put together from several parts.
func (u *unit) roundedRows(rows int) int {
	rounded := 0
	for i := range u.parts {
		switch p := &u.parts[i]; {
		case !direct(p.dtype):
			return rows
		case i+1 < len(u.parts) && p.rows%kernel.PanelN != 0:
			rounded = min(rows, kernel.PanelN)
		}
	}
	return rounded
}

// load reads and packs the rows [row, row+n), whole panels or up to the end.
// Different rows may be loaded at the same time. It returns how many bytes were
// read.
func (u *unit) load(b *rowBuffer, row, n int) (read int, err error) {
	for n > 0 {
		part, at := u.part(row)
		rows := min(n, part.rows-at) / kernel.PanelN * kernel.PanelN
		if at+n <= part.rows {
			rows = n
		}
		if rows > 0 && direct(part.dtype) {
			raw := b.raw[:rows*part.rowBytes()]
			if err = part.read(raw, at, rows); err == nil {
				u.packed.SetRows(0, row, part.dtype, raw)
			}
		} else {
			rows = max(rows, min(n, kernel.PanelN))
			err = u.loadRounded(b, row, rows)
		}
		if err != nil {
			return read, err
		}
		read += rows * part.rowBytes()
		row, n = row+rows, n-rows
	}
	return read, nil
}

// loadRounded is load for rows that are rounded to bf16 or that several parts
// hold.
func (u *unit) loadRounded(b *rowBuffer, row, n int) error {
	k := u.class.k
	dst := b.rounded[:n*k]
	for done := 0; done < n; {
		part, at := u.part(row + done)
		rows := min(n-done, part.rows-at)
		if err := part.readBF16(dst[done*k:], b, at, rows); err != nil {
			return err
		}
		done += rows
	}
	u.packed.SetRows(0, row, tensor.DTypeBF16, tensor.Bytes(dst))
	return nil
}
