package infer

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"unique"

	"github.com/polymath-lm/polymath/tensor"
)

// Image is a picture in a prompt, where it takes a run of image tokens
// (model.Config.Vision.ImageTokenID), one for each row of features.
type Image struct {
	// At is the position of the first token of the run.
	At int
	// Features [n, D] are the picture's rows, as model.Model.See computes them. The
	// caller must not change them while the request is under way.
	Features []tensor.BF16
	// Hash identifies the picture, such as vision.Input has it: equal hashes say
	// equal features. The prefix cache goes by it.
	Hash [32]byte
}

// rows returns how many rows of width d the picture has.
func (i *Image) rows(d int) int { return len(i.Features) / d }

// checkImages refuses pictures that are not where the prompt has image tokens,
// and image tokens without a picture. token is that of images, -1 if the model
// does not see; d is the width of features.
func (r *Request) checkImages(token int32, d int) error {
	if token < 0 {
		if len(r.Images) > 0 {
			return fmt.Errorf("%w: it has %d pictures and the model does not see", ErrPrompt, len(r.Images))
		}
		return nil
	}
	next := 0 // position after the last picture
	for i := range r.Images {
		image := &r.Images[i]
		n := image.rows(d)
		if n == 0 || len(image.Features)%d != 0 {
			return fmt.Errorf("%w: picture %d has %d numbers, and rows of features have %d", ErrPrompt, i, len(image.Features), d)
		}
		if image.At < next || image.At > len(r.Prompt)-n {
			return fmt.Errorf("%w: picture %d of %d rows at position %d: pictures come in order, apart, within %d tokens",
				ErrPrompt, i, n, image.At, len(r.Prompt))
		}
		if at := slices.Index(r.Prompt[next:image.At], token); at >= 0 {
			return strayImage(token, next+at)
		}
		next = image.At + n
		if at := slices.IndexFunc(r.Prompt[image.At:next], func(id int32) bool { return id != token }); at >= 0 {
			return fmt.Errorf("%w: picture %d has %d rows from position %d on, and position %d is another token than that of images",
				ErrPrompt, i, n, image.At, image.At+at)
		}
	}
	if at := slices.Index(r.Prompt[next:], token); at >= 0 {
		return strayImage(token, next+at)
	}
	return nil
}

func strayImage(token int32, position int) error {
	return fmt.Errorf("%w: token %d at position %d is that of images, and no picture is there", ErrPrompt, token, position)
}

// appendFeatures appends the features of the image tokens among the n tokens of
// s from position at on.
func (s *sequence) appendFeatures(features []tensor.BF16, at, n, d int) []tensor.BF16 {
	for i := range s.request.Images {
		image := &s.request.Images[i]
		from, to := max(at, image.At), min(at+n, image.At+image.rows(d))
		if from < to {
			features = append(features, image.Features[(from-image.At)*d:(to-image.At)*d]...)
		}
	}
	return features
}

// A key is a token as the prefix cache knows it: equal keys after equal keys have
// equal keys and values. Image tokens are told apart by their picture, which a
// handle stands for, and by their row of it.
type key struct {
	id    int32
	row   int32
	image unique.Handle[[32]byte] // of image tokens alone
}

// compareKeys orders keys.
func compareKeys(a, b key) int {
	if a.id != b.id {
		return cmp.Compare(a.id, b.id)
	}
	if a.image == b.image {
		return cmp.Compare(a.row, b.row)
	}
	x, y := a.image.Value(), b.image.Value()
	return bytes.Compare(x[:], y[:])
}

// appendKeys appends those of a prompt's first n tokens.
func (r *Request) appendKeys(keys []key, n, d int) []key {
	for _, id := range r.Prompt[:n] {
		keys = append(keys, key{id: id})
	}
	for i := range r.Images {
		image := &r.Images[i]
		handle := unique.Make(image.Hash)
		for row := range max(0, min(image.rows(d), n-image.At)) {
			keys[image.At+row].row, keys[image.At+row].image = int32(row), handle
		}
	}
	return keys
}
