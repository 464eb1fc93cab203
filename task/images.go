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
)

// maxImage bounds the file of an image in bytes.
const maxImage = 32 << 20

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

// image reads one image, which is not kept.
func (b *builder) image(name string) (path, hash string, err error) {
	path, f, err := b.task.open(b.options.DataDir, name)
	if err != nil {
		return "", "", fmt.Errorf("the image %q: %w", name, err)
	}
	defer f.Close()
	content, err := readImage(f)
	if err != nil {
		return "", "", fmt.Errorf("the image %q: %w", name, err)
	}
	sum := sha256.Sum256(content)
	return path, hex.EncodeToString(sum[:]), nil
}

// readImage refuses what is no image, since a row that names another file would
// have it sent to the model.
func readImage(f *os.File) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(f, maxImage+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxImage:
		return nil, fmt.Errorf("it has more than %d bytes", maxImage)
	case !strings.HasPrefix(http.DetectContentType(content), "image/"):
		return nil, errors.New("it is no image: PNG, JPEG, GIF, WebP and BMP are")
	}
	return content, nil
}

// dataURL is an image in a text.
func dataURL(path string) (string, error) {
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
