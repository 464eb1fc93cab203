package scaling

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/internal/random"
)

var made = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func basis(n int) []Basis {
	var list []Basis
	for _, r := range ladder(random.New(1), n, 0.002, func(c float64) float64 { return truth(c) }) {
		list = append(list, Basis{Run: r, Recipe: "recipe " + r.Name, Model: "m", Metrics: "j"})
	}
	return list
}

func foretell(t *testing.T) *Prediction {
	t.Helper()
	p, err := Predict(basis(6), Target{Name: "big", Recipe: "recipe big", FLOPs: 1e16, Tokens: 1e8}, map[string]string{"corpus": "c"}, made, "test")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newKey(t *testing.T) *Key {
	t.Helper()
	k, isNew, err := LoadKey(filepath.Join(t.TempDir(), "new", "key.pem"))
	if err != nil || !isNew {
		t.Fatal(isNew, err)
	}
	return k
}

// TestSignature: what was signed opens, in whatever layout, and what was changed does
// not, wherever.
func TestSignature(t *testing.T) {
	p, k := foretell(t), newKey(t)
	text, err := k.Sign(p)
	if err != nil {
		t.Fatal(err)
	}
	q, signer, err := Open(text)
	if err != nil || signer != k.Fingerprint() {
		t.Fatal(signer, err)
	}
	before, _ := json.Marshal(p)
	if after, _ := json.Marshal(q); !bytes.Equal(before, after) {
		t.Errorf("%s became %s", before, after)
	}
	var plain bytes.Buffer
	if err := json.Compact(&plain, text); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(plain.Bytes()); err != nil {
		t.Errorf("without white space: %v", err)
	}
	for i := range plain.Bytes() {
		b := bytes.Clone(plain.Bytes())
		b[i] ^= 1
		if _, signer, err := Open(b); err == nil && signer == k.Fingerprint() {
			t.Fatalf("a changed byte at %d is not noticed: %s", i, b[max(0, i-20):min(len(b), i+20)])
		}
	}
	other, err := newKey(t).Sign(p)
	if err != nil {
		t.Fatal(err)
	}
	var a, b signed
	if json.Unmarshal(text, &a) != nil || json.Unmarshal(other, &b) != nil {
		t.Fatal("no JSON")
	}
	a.PublicKey = b.PublicKey
	if mixed, _ := encode(a); mixed != nil {
		if _, _, err := Open(mixed); err == nil || !strings.Contains(err.Error(), "changed") {
			t.Errorf("another's key: %v", err)
		}
	}
}

// TestOpenRefuses: what is signed and is no whole prediction is refused, since anyone can
// sign.
func TestOpenRefuses(t *testing.T) {
	k := newKey(t)
	for want, change := range map[string]func(p *Prediction){
		"version 2":      func(p *Prediction) { p.Version = 2 },
		"no date":        func(p *Prediction) { p.Made = time.Time{} },
		"names no runs":  func(p *Prediction) { p.Basis = nil },
		"no loss":        func(p *Prediction) { p.Compute.Loss = Interval{} },
		"no run to come": func(p *Prediction) { p.Target.FLOPs = 0 },
		"no items":       func(p *Prediction) { p.Capability = &Capability{Groups: []Group{{Items: []string{"a"}}}} },
	} {
		p := foretell(t)
		change(p)
		text, err := k.Sign(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	first, _, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	again, isNew, err := LoadKey(path)
	if err != nil || isNew || again.Fingerprint() != first.Fingerprint() {
		t.Error("the key is another one:", isNew, err)
	}
	for _, text := range []string{"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := LoadKey(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestWriteFile: a prediction is made once, and whole or not at all.
func TestWriteFile(t *testing.T) {
	p, k := foretell(t), newKey(t)
	path := filepath.Join(t.TempDir(), "p.json")
	if err := k.WriteFile(path, p); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if err := k.WriteFile(path, p); err == nil || !strings.Contains(err.Error(), "once") {
		t.Errorf("written over: %v", err)
	}
	counted := fault.New()
	write := func(disk *fault.Disk) (string, error) {
		defer atomicfile.Replace(disk)()
		path := filepath.Join(t.TempDir(), "p.json")
		return path, k.WriteFile(path, p)
	}
	if _, err := write(counted); err != nil {
		t.Fatal(err)
	}
	for op := range counted.Ops() {
		disk := fault.New()
		disk.FailOp(op, errors.New("the disk failed"))
		path, err := write(disk)
		if err == nil {
			t.Errorf("failure of operation %d is no error", op)
		}
		if _, statErr := os.Stat(path); !errors.Is(statErr, os.ErrNotExist) {
			if _, _, readErr := ReadFile(path); readErr != nil {
				t.Errorf("failure of operation %d (%v) leaves half a file: %v", op, err, readErr)
			}
		}
	}
}

func TestPredictRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		basis  []Basis
		target Target
		want   string
	}{
		"three runs": {basis(6)[:3], Target{FLOPs: 1e16}, "4 different"},
		"no runs":    {nil, Target{FLOPs: 1e16}, "too few"},
		"smaller":    {basis(6), Target{FLOPs: 1e12}, "must have more"},
		"itself":     {basis(6), Target{FLOPs: 1e16, Recipe: "recipe 2"}, "leave it out"},
	} {
		if _, err := Predict(c.basis, c.target, nil, made, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheck(t *testing.T) {
	p := foretell(t)
	done := Done{
		Run:     Run{Name: "big", FLOPs: 1e16, Loss: p.Compute.Loss.Value * 0.99},
		Recipes: []string{"recipe big"}, Conditions: map[string]string{"corpus": "c"}, Began: made.Add(time.Hour),
	}
	o, err := p.Check(done)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1/0.99 - 1; o.Error < want-1e-12 || o.Error > want+1e-12 || o.Ahead != time.Hour {
		t.Errorf("%+v", o)
	}
	done.Loss = p.Compute.Loss.High * 1.001
	if o, err := p.Check(done); err != nil || o.Inside {
		t.Errorf("%+v %v", o, err)
	}
	for want, change := range map[string]func(d *Done){
		"had begun":       func(d *Done) { d.Began = made.Add(-time.Second) },
		"no prediction":   func(d *Done) { d.Began = made },
		"does not say":    func(d *Done) { d.Began = time.Time{} },
		"another recipe":  func(d *Done) { d.Recipes = []string{"x"} },
		"another corpus ": func(d *Done) { d.Conditions = map[string]string{"corpus": "d"} },
	} {
		d := done
		change(&d)
		if _, err := p.Check(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	p.Target.Recipe = ""
	done.Recipes, done.FLOPs = nil, 1.02e16
	if _, err := p.Check(done); err == nil || !strings.Contains(err.Error(), "FLOP") {
		t.Errorf("another compute: %v", err)
	}
	done.FLOPs = 1.002e16
	if _, err := p.Check(done); err != nil {
		t.Error(err)
	}
}

func TestPage(t *testing.T) {
	p := foretell(t)
	p.Target.Name = "<b>big"
	o := &Outcome{Loss: 2, Predicted: p.Compute.Loss}
	for _, outcome := range []*Outcome{nil, o} {
		page, err := p.Page(outcome)
		if err != nil {
			t.Fatal(err)
		}
		if s := string(page); strings.Contains(s, "<b>big") || strings.Contains(s, "NaN") || !strings.Contains(s, "<svg") || strings.Contains(s, "http://") || strings.Contains(s, "https://") {
			t.Errorf("%.2000s", s)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k := &Key{}
	if made, _, err := LoadKey(filepath.Join(f.TempDir(), "k")); err == nil {
		k = made
	}
	p, err := Predict(basis(5), Target{FLOPs: 1e16}, nil, made, "test")
	if err != nil {
		f.Fatal(err)
	}
	text, err := k.Sign(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"prediction":{},"public_key":"","signature":""}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, signer, err := Open(text); err == nil && (p == nil || signer == "") {
			t.Error("opened without a prediction or a signer")
		}
	})
}
