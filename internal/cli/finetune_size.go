package cli

import (
	"encoding/base64"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/train/conversation"
)

// jsonBytesPerToken is how many bytes of JSON are a token, about.
const jsonBytesPerToken = 4

// estimateObjects says about how many tokens the objects of a file are, and how many
// objects there are. Where a tower sees them, pictures count as what it makes of them:
// their bytes, if the objects have them, are no text.
func estimateObjects(path string, tower *vision.Config) (tokens, examples int64, err error) {
	if tower == nil {
		info, err := os.Stat(path)
		if err != nil {
			return 0, 0, err
		}
		examples, err = conversation.Count(path)
		return info.Size() / jsonBytesPerToken, examples, err
	}
	var bytes int64
	err = conversation.Each(path, func(_ string, object []byte) error {
		examples++
		bytes += int64(len(object))
		x, err := conversation.Parse(object)
		if err != nil {
			return nil // whoever learns from it says what is wrong
		}
		for _, p := range x.Pictures {
			bytes -= int64(base64.StdEncoding.EncodedLen(len(p.Data)))
			tokens += pictureTokens(tower, p, filepath.Dir(path))
		}
		return nil
	})
	return tokens + max(bytes, 0)/jsonBytesPerToken, examples, err
}

// pictureTokens is how many tokens a picture is, by its header; of one that cannot be
// read as many as a view. dir is the directory of the file that names it.
func pictureTokens(tower *vision.Config, p *conversation.Picture, dir string) int64 {
	data := p.Data
	if data == nil {
		path := filepath.FromSlash(p.Path)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		data, _ = atomicfile.ReadSmall(path, conversation.PictureLimits().Bytes) // none if that fails
	}
	_, tokens, err := conversation.MeasurePicture(tower, data, p.Detail)
	if err != nil {
		return int64(tower.Patches())
	}
	return int64(tokens)
}
