package conversation

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
)

// Picture is a picture of an example, as its object names it.
type Picture struct {
	// Field is where it is named, such as "messages[0].content[1].image_url".
	Field string
	// Data are the bytes of its file where the object has them, else Path is the
	// file's, relative to the directory of the file with the object.
	Data   []byte
	Path   string
	Detail picture.Detail
}

// maxPictures is how many an example may have.
const maxPictures = 256

// PictureLimits bound the pictures that are learned from: those of Decode, with
// half as many pixels, because several are decoded at a time.
func PictureLimits() picture.Limits {
	l := picture.DefaultLimits()
	l.Pixels /= 2
	return l
}

// readPicture reads how a picture is named: a path, a data: URL, or an object
// with one of bytes (in base64), path and url.
func readPicture(field string, data json.RawMessage) (*Picture, error) {
	if KindOf(data) != "an object" {
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return nil, bad(field, "it is %s: name the picture's file, or give a data: URL", KindOf(data))
		}
		return namedPicture(field, text)
	}
	o, err := ParseObject(field, data)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"bytes", "path", "url", "image"} {
		if !o.Has(key) {
			continue
		}
		text, err := o.Text(key, false)
		if err != nil {
			return nil, err
		}
		p := &Picture{Field: o.At(key)}
		if key == "bytes" {
			p.Data, err = fromBase64(p.Field, text)
		} else {
			p, err = namedPicture(p.Field, text)
		}
		if err != nil {
			return nil, err
		}
		p.Detail, err = readDetail(&o)
		return p, err
	}
	return nil, bad(field, "it has none of bytes, path and url")
}

func readDetail(o *Object) (picture.Detail, error) {
	text, err := o.Text("detail", true)
	if err != nil {
		return 0, err
	}
	d, err := picture.ParseDetail(text)
	if err != nil {
		return 0, bad(o.At("detail"), "%v", err)
	}
	return d, nil
}

// namedPicture is one that a path or an address names.
func namedPicture(field, name string) (*Picture, error) {
	switch scheme, rest, ok := strings.Cut(name, ":"); {
	case name == "":
		return nil, bad(field, "it is empty")
	case ok && strings.EqualFold(scheme, "data"):
		kind, text, ok := strings.Cut(rest, ",")
		if !ok || !strings.HasSuffix(strings.ToLower(kind), ";base64") {
			return nil, bad(field, "the data: URL is not in base64, as data:image/png;base64,... is")
		}
		data, err := fromBase64(field, text)
		return &Picture{Field: field, Data: data}, err
	case ok && strings.HasPrefix(rest, "//"):
		return nil, bad(field, "pictures are not fetched from an address (%s:): name a file, or give a data: URL", visible(scheme))
	}
	return &Picture{Field: field, Path: name}, nil
}

// visible is the beginning of a text that is put into a message.
func visible(s string) string {
	if len(s) > 20 {
		s = s[:20] + "..."
	}
	return strings.Trim(fmt.Sprintf("%q", s), `"`)
}

func fromBase64(field, text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, bad(field, "it is no base64: %v", err)
	}
	if len(data) == 0 {
		return nil, bad(field, "it is empty")
	}
	return data, nil
}

// load returns the bytes of a picture's file; dir is that of the object's file.
func (p *Picture) load(dir string, limit int64) ([]byte, error) {
	if p.Data != nil {
		return p.Data, nil
	}
	path := filepath.FromSlash(p.Path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path) // before it is opened: a pipe that nobody writes to would wait
	switch {
	case err != nil:
		return nil, bad(p.Field, "%v", err)
	case info.IsDir():
		return nil, bad(p.Field, "%s is a directory: name a file in it", path)
	case info.Mode().IsRegular() && info.Size() == 0:
		return nil, bad(p.Field, "%s is empty", path)
	case !info.Mode().IsRegular():
		return nil, bad(p.Field, "%s is no regular file", path)
	case info.Size() > limit:
		return nil, bad(p.Field, "%s: %v", path, &picture.LimitError{What: "bytes", Value: info.Size(), Limit: limit})
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bad(p.Field, "%v", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, bad(p.Field, "%v", err)
	}
	return data, nil
}

// seen is what is kept of a picture that was decoded: its bytes may be many.
type seen struct {
	sum    [sha256.Size]byte // of its file
	tokens int
	views  bool   // shards have its views
	stored []byte // what they have, if there was room to keep it

	garbage int64 // about how many bytes decoding left
	done    bool  // it was looked at
	err     error // what is wrong with it
}

// garbagePerPixel is what decoding leaves, in bytes.
const garbagePerPixel = 8

// look decodes a picture and says what it takes.
func (p *Picture) look(dir string, cfg *vision.Config, d *decoder) seen {
	s := seen{done: true}
	data, err := p.load(dir, PictureLimits().Bytes)
	if err != nil {
		s.err = err
		return s
	}
	err = d.decode(data, func(decoded *picture.Picture) {
		s.sum = sha256.Sum256(data)
		_, s.tokens = cfg.Count(decoded.Width, decoded.Height, p.Detail)
		s.stored = packViews(cfg, decoded, p.Detail)
		s.views = s.stored != nil
		s.garbage = garbagePerPixel*int64(decoded.Width)*int64(decoded.Height) + int64(len(data)+len(s.stored))
	})
	if err != nil {
		s.err = bad(p.Field, "%s%v", p.named(), err)
	}
	return s
}

// named is the file's name for messages.
func (p *Picture) named() string {
	if p.Path == "" {
		return ""
	}
	return p.Path + ": "
}

// again returns what shards have of a picture that was looked at.
func (p *Picture) again(dir string, cfg *vision.Config, s *seen, d *decoder) (stored []byte, err error) {
	if s.stored != nil {
		return s.stored, nil
	}
	data, err := p.load(dir, PictureLimits().Bytes)
	if err == nil && sha256.Sum256(data) != s.sum {
		err = bad(p.Field, "%sit changes while it is read", p.named())
	}
	if err != nil || !s.views {
		return data, err
	}
	err = d.decode(data, func(decoded *picture.Picture) { stored = packViews(cfg, decoded, p.Detail) })
	return stored, err
}

// imagePart reads a part of a message that is a picture: image_url with an
// address or an object with url and detail, or image with what names it, or
// image alone, for the next of the object's images.
func (e *Example) imagePart(part *Object, kind string) (chat.Part, error) {
	place := &chat.Image{}
	var p *Picture
	var err error
	switch {
	case kind == "image_url" && !part.Has(kind):
		return chat.Part{}, bad(part.At(kind), "it is missing")
	case part.Has(kind):
		p, err = readPicture(part.At(kind), part.fields[kind])
	case part.Has("bytes") || part.Has("path") || part.Has("url"):
		text, _ := json.Marshal(part.fields) // of what was parsed
		p, err = readPicture(part.path, text)
	}
	if err != nil {
		return chat.Part{}, err
	}
	if p != nil && part.Has("detail") {
		if p.Detail, err = readDetail(part); err != nil {
			return chat.Part{}, err
		}
	}
	if e.named == nil {
		e.named = map[*chat.Image]*Picture{}
	}
	e.named[place] = p
	return chat.Part{Image: place}, nil
}
