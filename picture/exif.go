package picture

import "encoding/binary"

// exifHeader stands before the TIFF structure in JPEG, and by mistake of some
// writers in PNG and WebP.
const exifHeader = "Exif\x00\x00"

// exifOrientation reads tag 274 of the first directory of a TIFF structure, as
// EXIF 2.32 has it: 1 to 8. It is 1 where there is none or it makes no sense.
func exifOrientation(tiff []byte) int {
	const orientationTag, short, entrySize = 0x0112, 3, 12
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case len(tiff) < 8:
		return 1
	case string(tiff[:4]) == "MM\x00*":
		order = binary.BigEndian
	case string(tiff[:4]) != "II*\x00":
		return 1
	}
	start := int64(order.Uint32(tiff[4:]))
	if start < 8 || start+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[start+2:]
	for range order.Uint16(tiff[start:]) {
		if len(entries) < entrySize {
			break
		}
		if order.Uint16(entries) == orientationTag && order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1 {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		entries = entries[entrySize:]
	}
	return 1
}

// turn returns the picture upright, given EXIF's orientation: that of the
// first row and column of what is stored.
func (p *Picture) turn(orientation int) *Picture {
	if orientation == 1 {
		return p
	}
	w, h := p.Width, p.Height
	// Of the result: the pixel of p that comes first, and the steps in p to the
	// right and down, in pixels.
	first, right, down := 0, 1, w
	switch orientation {
	case 2:
		first, right = w-1, -1
	case 3:
		first, right, down = w*h-1, -1, -w
	case 4:
		first, down = w*(h-1), -w
	case 5:
		right, down = w, 1
	case 6:
		first, right, down = w*(h-1), -w, 1
	case 7:
		first, right, down = w*h-1, -w, -1
	case 8:
		first, right, down = w-1, w, -1
	}
	if orientation >= 5 {
		w, h = h, w
	}
	q := &Picture{Width: w, Height: h, Pix: make([]byte, len(p.Pix))}
	to := q.Pix
	for y := range h {
		at := first + y*down
		for range w {
			copy(to[:3], p.Pix[3*at:])
			to, at = to[3:], at+right
		}
	}
	return q
}
