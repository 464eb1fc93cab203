package conversation

import (
	"errors"
	"io"
)

// Texts calls each with the texts of every object of the file at path, one a
// message, in the file's order: what a vocabulary is made of. Objects that cannot
// be read are left out, and pictures are not looked at. An error from each ends the
// work.
func Texts(path string, each func(text []byte) error) error {
	f, err := openObjects(path)
	if err != nil {
		return err
	}
	for {
		_, data, _, err := f.next()
		if err == nil {
			if x, unreadable := Parse(data); unreadable == nil {
				err = x.each(each)
			}
		}
		if errors.Is(err, io.EOF) {
			return f.close()
		}
		if err != nil {
			return errors.Join(err, f.close())
		}
	}
}

func (x *Example) each(do func(text []byte) error) error {
	for _, list := range x.texts() {
		for _, p := range *list {
			if p.Text == "" {
				continue
			}
			if err := do([]byte(p.Text)); err != nil {
				return err
			}
		}
	}
	return nil
}
