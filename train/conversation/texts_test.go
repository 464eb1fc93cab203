package conversation

import (
	"errors"
	"slices"
	"testing"
)

func TestTexts(t *testing.T) {
	path := writeFile(t, good+"\nno object\n"+`{"text": "all of it"}`+"\n"+`{"prompt": "one", "completion": "two"}`+"\n")
	var got []string
	if err := Texts(path, func(text []byte) error { got = append(got, string(text)); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"hi", "ho", "all of it", "one", "two"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	stop := errors.New("stop")
	if err := Texts(path, func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}
