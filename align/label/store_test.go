package label

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat"
)

func prompt(text string) Prompt {
	return Prompt{Messages: []chat.Message{chat.Text(chat.User, text)}}
}

func answers(texts ...string) (list []Answer) {
	for i, text := range texts {
		list = append(list, Answer{Source: Source{Name: string(rune('x' + i))}, Text: text})
	}
	return list
}

// open makes a file with n prompts, of each two answers "good i" and "bad i".
func openWith(t *testing.T, path string, n int, o Options) *Store {
	t.Helper()
	o.Create = true
	s, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for i := range n {
		if _, err := s.Add(t.Context(), prompt(fmt.Sprint("prompt ", i)), answers(fmt.Sprint("good ", i), fmt.Sprint("bad ", i))); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func fileIn(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "labels ?#%.db") }

func TestAdd(t *testing.T) {
	path := fileIn(t)
	s := openWith(t, path, 0, Options{Seed: 7, Overlap: 3})
	for _, c := range []struct {
		p    Prompt
		a    []Answer
		want Added
	}{
		{prompt("p"), answers("1", "2"), Added{1, 2, 1, 0}},
		{prompt("p"), answers("1", "2"), Added{}},
		{prompt("p"), answers("other", "words"), Added{}}, // what is there stays
		{prompt("p"), answers("", "", "3"), Added{0, 1, 2, 0}},
		{prompt("q"), answers("same", "same"), Added{1, 2, 0, 1}},
		{prompt("r"), nil, Added{Prompts: 1}},
		{prompt("s"), []Answer{{Source{"x", "hot"}, 0, "1"}, {Source{"x", "hot"}, 1, "2"}, {Source{"x", "cold"}, 0, "3"}}, Added{1, 3, 3, 0}},
		{prompt("zero\x00byte"), answers("a\x00b", "a\x00c"), Added{1, 2, 1, 0}},
	} {
		if got, err := s.Add(t.Context(), c.p, c.a); err != nil || got != c.want {
			t.Errorf("%v: %+v, %v, want %+v", c.p, got, err, c.want)
		}
	}
	got, err := s.Answers(t.Context(), prompt("zero\x00byte"))
	if err != nil || len(got) != 2 || got[0].Text != "a\x00b" || got[1].Text != "a\x00c" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, p := range []Prompt{{}, prompt("\xff"), prompt(strings.Repeat("x", maxText)), {Messages: []chat.Message{chat.Text(chat.Assistant, "x")}}} {
		if _, err := s.Add(t.Context(), p, nil); err == nil {
			t.Errorf("a prompt of %d messages is taken", len(p.Messages))
		}
	}
	for _, a := range [][]Answer{make([]Answer, MaxAnswers+1), {{Text: "x"}}, answers("\xff"), answers(strings.Repeat("x", maxText+1))} {
		if _, err := s.Add(t.Context(), prompt("t"), a); err == nil {
			t.Errorf("%d answers are taken", len(a))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// It stays as it was made, but for the overlap.
	word := s.word
	if s, err = Open(t.Context(), path, Options{Seed: 8}); err != nil || s.Seed() != 7 || s.Overlap() != 3 || s.word != word {
		t.Fatalf("%+v, %v", s, err)
	}
	_ = s.Close()
	if s, err = Open(t.Context(), path, Options{Overlap: 1}); err != nil || s.Overlap() != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	_ = s.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read %v, %v", info, err)
	}
}

// TestAnswerSeed: all that an answer is of moves its seed, and nothing else does.
func TestAnswerSeed(t *testing.T) {
	a, b := openWith(t, fileIn(t), 0, Options{Seed: 1}), openWith(t, fileIn(t), 0, Options{Seed: 2})
	seen := map[uint64]bool{}
	for _, s := range []*Store{a, b} {
		for _, text := range []string{"p", "q"} {
			for _, by := range []Source{{"x", ""}, {"y", ""}, {"x", "hot"}} {
				for draw := range 2 {
					first, err := s.AnswerSeed(prompt(text), by, draw)
					again, _ := s.AnswerSeed(prompt(text), by, draw)
					if err != nil || first != again || seen[first] {
						t.Errorf("%s %v %d: %d, then %d, %v", text, by, draw, first, again, err)
					}
					seen[first] = true
				}
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		if err := os.WriteFile(in(name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("text", "these are no labels")
	write("long", strings.Repeat("these are no labels ", 1000))
	db, err := sql.Open("sqlite", in("foreign"))
	if err == nil {
		_, err = db.Exec("CREATE TABLE x (y)")
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	s := openWith(t, in("new"), 1, Options{})
	if _, err := s.db.Exec("PRAGMA user_version = 2"); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	s = openWith(t, in("damaged"), 300, Options{})
	_ = s.Close()
	data, err := os.ReadFile(in("damaged"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 8192; i < len(data)/2; i += 3 {
		data[i] ^= 0x5a
	}
	write("damaged", string(data))
	for name, want := range map[string]string{
		"text": "no file of labels", "long": "no file of labels", "foreign": "no file of labels", "new": "version 2",
		"damaged": "", ".": "", "no/where": "", "missing": "", "a\x00b": "zero byte",
	} {
		before, _ := os.ReadFile(in(name))
		s, err := Open(t.Context(), in(name), Options{Create: name != "missing"})
		if err == nil {
			_ = s.Close()
			t.Errorf("%s is opened", name)
			continue
		}
		if !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), in(name)+": ") {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(in(name)); string(after) != string(before) {
			t.Errorf("%s is changed", name)
		}
	}
	if _, err := Open(t.Context(), in("x"), Options{Overlap: -1, Create: true}); err == nil {
		t.Error("an overlap of -1")
	}
}

// TestQueues lets people at random label, take back and put off, and holds the file
// against what they did: each sees a comparison once, none has more labels than are
// wanted, and at the end all have as many.
func TestQueues(t *testing.T) {
	const numComparisons, overlap, numPeople = 12, 3, 5
	s := openWith(t, fileIn(t), numComparisons, Options{Overlap: overlap})
	p := NewPage(s, false)
	r := rand.New(rand.NewPCG(1, 8))
	done := make([][]int64, numPeople)
	act := func(i int, action string, m sent) view {
		v, err := p.act(t.Context(), labellerOf(fmt.Sprint(i)), action, m)
		if err != nil {
			t.Fatalf("%d %s %+v: %v", i, action, m, err)
		}
		return v
	}
	for range 400 {
		i := r.IntN(numPeople)
		v := act(i, "state", sent{})
		if v.Mine != len(done[i]) || v.Undo != (len(done[i]) > 0) {
			t.Fatalf("%d has labelled %v: %+v", i, done[i], v)
		}
		if slices.Contains(done[i], v.Comparison) {
			t.Fatalf("%d sees %d again", i, v.Comparison)
		}
		switch n := r.IntN(10); {
		case n == 0 && len(done[i]) > 0:
			back := act(i, "undo", sent{})
			last := done[i][len(done[i])-1]
			if back.Comparison != last || back.Given == nil || back.Given.Choice != "left" || !back.Given.UnsafeRight || back.Given.UnsafeLeft {
				t.Fatalf("%+v", back)
			}
			done[i] = done[i][:len(done[i])-1]
		case v.Comparison == 0:
		case n == 1:
			act(i, "later", sent{Comparison: v.Comparison})
		default:
			act(i, "label", sent{Comparison: v.Comparison, Choice: "left", UnsafeRight: true})
			done[i] = append(done[i], v.Comparison)
		}
	}
	for turn := range 2 * numPeople { // what one has before them is kept from the others
		i := turn % numPeople
		for v := act(i, "state", sent{}); v.Comparison != 0; {
			done[i] = append(done[i], v.Comparison)
			v = act(i, "label", sent{Comparison: v.Comparison, Choice: "both"})
		}
	}
	counts := map[int64]int{}
	for _, list := range done {
		for _, c := range list {
			counts[c]++
		}
	}
	if len(counts) != numComparisons {
		t.Errorf("%d comparisons", len(counts))
	}
	for c, n := range counts {
		if n != overlap {
			t.Errorf("comparison %d has %d labels", c, n)
		}
	}
	sum, err := s.Summary(t.Context())
	if err != nil || sum.Labels != numComparisons*overlap || sum.Labellers > numPeople {
		t.Errorf("%+v, %v", sum, err)
	}
	if v := act(0, "state", sent{}); v.Waiting || v.Open != 0 {
		t.Errorf("%+v", v)
	}
}

// TestCrash kills a program that labels, at any moment, several times: what it said
// it had kept is there, once, and the file is sound.
func TestCrash(t *testing.T) {
	if path := os.Getenv("POLYMATH_LABEL_CRASH"); path != "" {
		labelForever(t, path)
	}
	path := fileIn(t)
	_ = openWith(t, path, 400, Options{Overlap: 1}).Close()
	said := map[string]bool{}
	for range 3 {
		child := exec.Command(os.Args[0], "-test.run=^TestCrash$")
		child.Env = append(os.Environ(), "POLYMATH_LABEL_CRASH="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 20 && lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "kept "); ok {
				if said[id] {
					t.Errorf("%s is labelled twice", id)
				}
				said[id] = true
				n++
			}
		}
		_ = child.Process.Kill()
		for lines.Scan() { // what was in the pipe
			if id, ok := strings.CutPrefix(lines.Text(), "kept "); ok {
				said[id] = true
			}
		}
		_ = child.Wait()
	}
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, r := range rows {
		kept[fmt.Sprint(r.comparison)] = true
	}
	for id := range said {
		if !kept[id] {
			t.Errorf("the label of %s is lost", id)
		}
	}
	if len(said) < 60 || len(kept) > len(said)+3 {
		t.Errorf("%d are said to be kept, %d are", len(said), len(kept))
	}
}

func labelForever(t *testing.T, path string) {
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := NewPage(s, false)
	v, err := p.act(context.Background(), labellerOf("me"), "state", sent{})
	for err == nil && v.Comparison != 0 {
		id := v.Comparison
		if v, err = p.act(context.Background(), labellerOf("me"), "label", sent{Comparison: id, Choice: "left"}); err == nil {
			fmt.Println("kept", id)
		}
	}
	t.Fatal(err)
}

// TestDiskFull: a label that cannot be kept is an error, nothing of it stays, and the
// page goes on when there is room.
func TestDiskFull(t *testing.T) {
	s := openWith(t, fileIn(t), 200, Options{Overlap: 1})
	p := NewPage(s, false)
	ctx, me := t.Context(), labellerOf("me")
	v, err := p.act(ctx, me, "state", sent{})
	if err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for {
		next, err := p.act(ctx, me, "label", sent{Comparison: v.Comparison, Choice: "right"})
		if err != nil {
			if next.Comparison != v.Comparison || next.Mine != kept {
				t.Errorf("after %v: %+v, %d kept", err, next, kept)
			}
			break
		}
		if v = next; v.Comparison == 0 {
			t.Fatal("the disk is never full")
		}
		kept++
	}
	if _, err := s.Add(ctx, prompt("long"), answers(strings.Repeat("x", 1<<19), "y")); err == nil {
		t.Error("half a megabyte on a full disk")
	}
	if _, err := s.db.Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if v, err = p.act(ctx, me, "label", sent{Comparison: v.Comparison, Choice: "right"}); err != nil || v.Mine != kept+1 {
		t.Errorf("%+v, %v", v, err)
	}
	if got, err := s.Answers(ctx, prompt("long")); err != nil || len(got) != 0 {
		t.Errorf("%d answers of an addition that failed, %v", len(got), err)
	}
}

// TestTwoPrograms: both label, nothing is lost, and none labels for another.
func TestTwoPrograms(t *testing.T) {
	path := fileIn(t)
	a := openWith(t, path, 30, Options{Overlap: 2})
	b, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ended := make(chan error, 2)
	for i, s := range []*Store{a, b} {
		go func() {
			p := NewPage(s, false)
			who := labellerOf(fmt.Sprint(i))
			v, err := p.act(context.Background(), who, "state", sent{})
			for err == nil && v.Comparison != 0 {
				v, err = p.act(context.Background(), who, "label", sent{Comparison: v.Comparison, Choice: "both"})
			}
			ended <- err
		}()
	}
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Fatal(err)
	}
	if sum, err := a.Summary(t.Context()); err != nil || sum.Labels != 60 || sum.Labellers != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
}
