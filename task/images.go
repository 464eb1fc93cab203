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
	"path/filepath"
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

// image opens one image below its directory. A link in the data directory may lead
// to where a data set is, since it is the user's own; links in the data set may
// not lead out of it, since its rows say which are followed.
func (b *builder) image(name string) (path, hash string, err error) {
	dir, below, err := b.task.place(b.options.DataDir, name)
	if err != nil {
		return "", "", err
	}
	path = filepath.Join(dir, filepath.FromSlash(below))
	if first, rest, ok := strings.Cut(below, "/"); ok {
		dir, below = filepath.Join(dir, first), rest
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", "", fmt.Errorf("the image %q: %w", name, err)
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(below))
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

func readImage(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	content, err := io.ReadAll(io.LimitReader(f, maxImage+1))
	if err == nil && len(content) > maxImage {
		err = fmt.Errorf("it has more than %d bytes", maxImage)
	}
	return content, err
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
