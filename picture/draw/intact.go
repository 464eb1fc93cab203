package draw

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// pngName is the file of picture i of the set, of a shard whose pictures are in images.
func (o *SetOptions) pngName(images string, i int) string {
	return fmt.Sprintf("%s/%s-%07d.png", images, o.Kinds[i%len(o.Kinds)], i/len(o.Kinds))
}

// intact tells whether the files of a shard are as they were written, and its pictures
// are there to their end.
func (o *SetOptions) intact(dir string, number int, s *Shard) bool {
	for _, f := range []ShardFile{s.Train, s.HeldOut} {
		if sum, err := atomicfile.Hash(filepath.Join(dir, f.Name)); err != nil || sum != f.SHA256 {
			return false
		}
	}
	for i := range s.Pictures {
		if !o.Inline && !wholePNG(filepath.Join(dir, o.pngName(imagesDir(number), number*ShardPictures+i))) {
			return false
		}
	}
	return true
}

// pngEnd is the last chunk of a PNG.
const pngEnd = "\x00\x00\x00\x00IEND\xaeB`\x82"

// wholePNG tells whether a file ends as a PNG does.
func wholePNG(path string) bool {
	file, err := atomicfile.OpenRegular(path)
	if err != nil {
		return false
	}
	defer file.Close()
	end := make([]byte, len(pngEnd))
	if _, err := file.Seek(-int64(len(end)), io.SeekEnd); err != nil {
		return false
	}
	_, err = io.ReadFull(file, end)
	return err == nil && string(end) == pngEnd
}
