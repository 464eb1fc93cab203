package language

import (
	"errors"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

func apply(t *testing.T, o Options, format document.Format, text string) *document.Document {
	t.Helper()
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var d document.Document
	d.Reset([]byte(text))
	d.Format = format
	f.Worker().Apply(&d)
	return &d
}

func TestStep(t *testing.T) {
	var o Options
	o.SetDefaults()
	o.Keep = []string{"en", "de"}
	const english = "The library is open every day except Monday, and children may borrow as many books as they like."
	const german = "Die Bibliothek ist jeden Tag außer montags geöffnet, und Kinder dürfen beliebig viele Bücher ausleihen."
	const french = "La bibliothèque est ouverte tous les jours sauf le lundi, et les enfants peuvent emprunter autant de livres qu'ils veulent."
	for text, want := range map[string]string{english: "en", german: "de"} {
		d := apply(t, o, document.Text, text)
		if d.Drop != nil || d.Language != want || d.LanguageScore < 0.9 {
			t.Errorf("%q: %q %v, dropped: %+v", text, d.Language, d.LanguageScore, d.Drop)
		}
	}
	d := apply(t, o, document.Text, french)
	if d.Drop == nil || d.Drop.Filter != "language" || d.Drop.Rule != "language" || d.Drop.Note != "fr" || d.Language != "fr" {
		t.Errorf("French: %q, dropped: %+v", d.Language, d.Drop)
	}
	o.Keep = nil
	d = apply(t, o, document.Text, "x = f(y[i]); if (z < 0) { return -EINVAL; } p->next = q; free(p); 0x1f2e")
	if d.Drop == nil || d.Drop.Rule != "min_score" || d.Drop.Limit != 0.65 || d.Drop.Value >= 0.65 {
		t.Errorf("code as text: %q, dropped: %+v", d.Language, d.Drop)
	}
	if d = apply(t, o, document.Code, french); d.Language != "" || d.Drop != nil {
		t.Errorf("code: %q, dropped: %+v", d.Language, d.Drop)
	}
	if d = apply(t, o, document.Text, ""); d.Language != "" || d.LanguageScore != 0 || d.Drop == nil {
		t.Errorf("no text: %q %v, dropped: %+v", d.Language, d.LanguageScore, d.Drop)
	}
}

func TestStepOptions(t *testing.T) {
	for key, o := range map[string]Options{
		"keep":      {Keep: []string{"en", "tlh"}, MinScore: 0.5},
		"min_score": {MinScore: 1.5},
		"sample":    {Sample: 5},
	} {
		_, err := New(o)
		if bad := (*recipe.ValueError)(nil); !errors.As(err, &bad) || bad.Key != key {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestSample shows that a sample is read from three places and cuts no words
// and no characters.
func TestSample(t *testing.T) {
	const german, french = "Morgen früh fährt der nächste Zug über die Brücke. ", "Le prochain train passera demain matin sur le pont. "
	long := strings.Repeat(german, 1000)
	if g := Default().IdentifySample([]byte(long), 300); g.Language != "de" || g.Score < 0.9 {
		t.Errorf("German: %+v", g)
	}
	// Two of the three places are French.
	mixed := strings.Repeat(german, 100) + strings.Repeat(french, 900)
	if g := Default().IdentifySample([]byte(mixed), 3000); g.Language != "fr" {
		t.Errorf("two thirds French: %+v", g)
	}
	for from := range 60 {
		for to := from; to < 120; to++ {
			part := string(whole([]byte(long), from, to))
			if strings.ContainsRune(part, '�') || len(part) > to-from {
				t.Fatalf("%d to %d: %q", from, to, part)
			}
		}
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	var o Options
	o.SetDefaults()
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	step := f.Worker()
	var d document.Document
	d.Reset([]byte(strings.Repeat("Nobody knows how the cat came into the house that night. ", 200)))
	if n := testing.AllocsPerRun(100, func() { step.Apply(&d) }); n > 2 { // two small ones, for the exponentials
		t.Errorf("%v allocations", n)
	}
}
