package dialogue

import (
	"errors"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	var b strings.Builder
	err := Lines(&b, func(add func(any) error) error {
		return errors.Join(
			add(Conversation{[]Message{System("Be brief."), User("1 < 2?"), Assistant("Yes.")}}),
			add(struct {
				Preference
				Group string `json:"group"`
			}{Prefer([]Message{User("A & B?")}, "Both.", "None."), "g"}),
		)
	})
	want := `{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"1 < 2?"},{"role":"assistant","content":"Yes."}]}
{"prompt":[{"role":"user","content":"A & B?"}],"chosen":[{"role":"assistant","content":"Both."}],"rejected":[{"role":"assistant","content":"None."}],"group":"g"}
`
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s", err, b.String())
	}
}

type full struct{}

var errFull = errors.New("the disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestLinesFail: nothing that was added is lost without an error.
func TestLinesFail(t *testing.T) {
	one := func(add func(any) error) error { return add(Conversation{}) }
	if err := Lines(full{}, one); !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
	own := errors.New("no more")
	if err := Lines(&strings.Builder{}, func(func(any) error) error { return own }); !errors.Is(err, own) {
		t.Errorf("an error of who fills: %v", err)
	}
}
