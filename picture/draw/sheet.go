package draw

import "image"

// Sheet puts pictures of one size side by side, so many in a row, with a border
// between them.
func Sheet(pictures []*image.NRGBA, perRow int) *image.NRGBA {
	if len(pictures) == 0 {
		return image.NewNRGBA(image.Rect(0, 0, 1, 1))
	}
	const border = 4
	side := pictures[0].Rect.Dx()
	rows := (len(pictures) + perRow - 1) / perRow
	sheet := image.NewNRGBA(image.Rect(0, 0, perRow*(side+border)+border, rows*(side+border)+border))
	for i := range sheet.Pix {
		sheet.Pix[i] = 150
		if i%4 == 3 {
			sheet.Pix[i] = 255
		}
	}
	for i, p := range pictures {
		x, y := border+i%perRow*(side+border), border+i/perRow*(side+border)
		for row := range side {
			copy(sheet.Pix[sheet.PixOffset(x, y+row):], p.Pix[p.PixOffset(0, row):][:4*side])
		}
	}
	return sheet
}
