package draw

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// Line is a picture in a set's JSON lines: a conversation in the form of the
// chat interface, whose first message has the picture, and what is known of it.
type Line struct {
	ID       string    `json:"id"` // kind and index
	Kind     Kind      `json:"kind"`
	Seed     uint64    `json:"seed"`
	Index    int       `json:"index"`
	Messages []Message `json:"messages"`
	// Types are those of the questions, in the order of the messages.
	Types        []QuestionType `json:"types"`
	Descriptions [][]string     `json:"descriptions"`
	Facts        Facts          `json:"facts"`
	Group        string         `json:"group"`
	HeldOut      bool           `json:"held_out"`
}

// Message is what the user asks or the assistant answers.
type Message struct {
	Role    string `json:"role"`
	Content []Part `json:"content"`
}

// Part is text or, where ImageURL is set, a picture.
type Part struct {
	Type     string    `json:"type"` // text or image_url
	Text     string    `json:"text,omitempty"`
	ImageURL *ImageURL `json:"image_url,omitempty"`
}

// ImageURL says where a picture is: a path from the directory of the set, or a
// data: URL.
type ImageURL struct {
	URL string `json:"url"`
}

// NewLine returns the line of a drawing whose picture is at url.
func NewLine(d *Drawing, url string) *Line {
	l := &Line{
		ID: fmt.Sprintf("%s-%07d", d.Kind, d.Index), Kind: d.Kind, Seed: d.Seed, Index: d.Index,
		Descriptions: d.Descriptions, Facts: d.Facts, Group: d.Group, HeldOut: d.HeldOut,
	}
	for i, q := range d.Questions {
		ask := Message{Role: "user"}
		if i == 0 {
			ask.Content = append(ask.Content, Part{Type: "image_url", ImageURL: &ImageURL{url}})
		}
		ask.Content = append(ask.Content, Part{Type: "text", Text: q.Text})
		l.Messages = append(l.Messages, ask, Message{"assistant", []Part{{Type: "text", Text: q.Answer}}})
		l.Types = append(l.Types, q.Type)
	}
	return l
}

// PNG returns the picture as a PNG file.
func (d *Drawing) PNG() ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, d.Image); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// shardLine is a picture on its way into a shard.
type shardLine struct {
	json    []byte
	png     []byte
	name    string // of the file of the picture
	heldOut bool
	err     error
}

// line makes picture i of the set.
func (o *SetOptions) line(s *shardWriter, i int) shardLine {
	d, err := o.Picture(i)
	if err != nil {
		return shardLine{err: err}
	}
	l := shardLine{heldOut: d.HeldOut}
	if l.png, l.err = d.PNG(); l.err != nil {
		return l
	}
	l.name = o.pngName(s.images, i)
	url := l.name
	if s.inline {
		url = "data:image/png;base64," + base64.StdEncoding.EncodeToString(l.png)
	}
	l.json, l.err = json.Marshal(NewLine(d, url))
	return l
}

// shardWriter writes the files of a shard.
type shardWriter struct {
	dir, images string
	inline      bool
	number      int
	files       [2]*atomicfile.File // train and held out
	counts      [2]int
}

// sides are the names of the files' sides.
var sides = [2]string{"train", "held-out"}

func newShardWriter(dir string, number int, inline bool) *shardWriter {
	return &shardWriter{dir: dir, number: number, inline: inline, images: imagesDir(number)}
}

// imagesDir is where the pictures of a shard are.
func imagesDir(number int) string { return fmt.Sprintf("images/%05d", number) }

func (s *shardWriter) open() error {
	if !s.inline {
		path := filepath.Join(s.dir, s.images)
		if err := os.MkdirAll(path, 0o777); err != nil {
			return fmt.Errorf("draw: %w", err)
		}
		if err := atomicfile.RemoveLeftovers(path); err != nil {
			return err
		}
	}
	for i := range sides {
		f, err := atomicfile.Create(filepath.Join(s.dir, s.name(i)))
		if err != nil {
			s.abort()
			return err
		}
		s.files[i] = f
	}
	return nil
}

func (s *shardWriter) name(side int) string {
	return fmt.Sprintf("%s-%05d.jsonl", sides[side], s.number)
}

func (s *shardWriter) abort() {
	for _, f := range s.files {
		if f != nil {
			f.Abort()
		}
	}
}

// add writes a picture. Its file is there before the line that names it.
func (s *shardWriter) add(l *shardLine) error {
	if l.err != nil {
		return l.err
	}
	if !s.inline {
		if _, err := atomicfile.WriteBytes(filepath.Join(s.dir, l.name), l.png); err != nil {
			return err
		}
	}
	side := 0
	if l.heldOut {
		side = 1
	}
	s.counts[side]++
	_, err := s.files[side].Write(append(l.json, '\n'))
	return err
}

func (s *shardWriter) commit() (Shard, error) {
	shard := Shard{Pictures: s.counts[0] + s.counts[1]}
	for i, to := range []*ShardFile{&shard.Train, &shard.HeldOut} {
		sum, err := s.files[i].Commit()
		if err != nil {
			return shard, err
		}
		*to = ShardFile{s.name(i), sum, s.counts[i], s.files[i].Size()}
	}
	return shard, nil
}
