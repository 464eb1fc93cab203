package task

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/polymath-lm/polymath/picture"
)

// images finds the images of an item.
func (b *builder) images(item *Item) error {
	for i := range b.task.Images {
		key := indexed("images", i)
		name, err := b.render(key)
		if err != nil {
			return err
		}
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		path, hash, err := b.image(name)
		if err != nil {
			return b.fail(key, err)
		}
		item.Images = append(item.Images, path)
		item.imageHashes = append(item.imageHashes, hash)
	}
	return nil
}

// image reads one image, which is not kept, or checks one that the row has in itself.
func (b *builder) image(name string) (path, hash string, err error) {
	if isDataURL(name) {
		content, err := inURL(name)
		return name, hashOf(content), err
	}
	path, f, err := b.task.open(b.options.DataDir, name)
	if err != nil {
		return "", "", fmt.Errorf("the image %q: %w", name, err)
	}
	defer f.Close()
	content, err := readImage(f)
	if err != nil {
		return "", "", fmt.Errorf("the image %q: %w", name, err)
	}
	return path, hashOf(content), nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func isDataURL(name string) bool { return strings.HasPrefix(name, "data:") }

// inURL is the image in a data: URL.
func inURL(url string) ([]byte, error) {
	const way = ";base64,"
	_, text, ok := strings.Cut(url, way)
	if !ok {
		return nil, errors.New("the image in the row is no data: URL with base64")
	}
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the image in the row: %w", err)
	}
	if err := checkImage(content); err != nil {
		return nil, fmt.Errorf("the image in the row: %w", err)
	}
	return content, nil
}

// readImage refuses what is no image, since a row that names another file would
// have it sent to the model.
func readImage(f *os.File) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(f, picture.DefaultLimits().Bytes+1))
	if err != nil {
		return nil, err
	}
	return content, checkImage(content)
}

// checkImage refuses what no model here can see: each would count as a wrong answer.
func checkImage(content []byte) error {
	_, _, err := picture.Size(content, picture.DefaultLimits())
	return err
}

// dataURL is an image in a text.
func dataURL(path string) (string, error) {
	if isDataURL(path) {
		return path, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := readImage(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return "data:" + http.DetectContentType(content) + ";base64," + base64.StdEncoding.EncodeToString(content), nil
}
