package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// positionSheet is a sheet of texts.
func positionSheet(texts ...string) Sheet {
	sheet := Sheet{Task: &task.Task{Name: "novels", Method: task.MethodText, ByPosition: true}}
	for i, text := range texts {
		id := fmt.Sprint(i)
		sheet.Items = append(sheet.Items, task.Item{Task: "novels", ID: id, Number: i, Cluster: id, Prompt: text})
	}
	return sheet
}

// TestByPosition: the beginning of a text is measured as far as the window reaches, as
// the façade scores those tokens.
func TestByPosition(t *testing.T) {
	m := openRandom(t) // a window of 256 tokens
	short, long := "A stitch in time saves nine.", strings.Repeat(proverbs, 4)
	f, err := Run(t.Context(), Local(m, LocalOptions{}), []Sheet{positionSheet(long, short)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ids := m.Tokenize(long, false)
	beginning, err := m.Detokenize(ids[:256])
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{beginning, short} {
		c, err := m.ScoreContinuation(t.Context(), "", text)
		if err != nil {
			t.Fatal(err)
		}
		r := &f.Records[i]
		if len(r.Positions) != 1 || r.Logprob != c.Logprob || r.NumTokens != len(c.Tokens) || r.NumBytes != len(text) || len(r.Tokens) != 0 {
			t.Errorf("%d: %+v, want %v of %d tokens", i, r.Positions, c.Logprob, len(c.Tokens))
		}
		if want := map[bool]int{true: len(long) - len(beginning)}[i == 0]; r.Unread != want {
			t.Errorf("%d: %d bytes unread, want %d", i, r.Unread, want)
		}
	}
	p := f.Result.Tasks[0].Positions
	if p == nil || len(p.Stretches) != 1 || p.Stretches[0].Nats.N != 1 || p.Stretches[0].To != 256 || p.Trend != nil {
		t.Errorf("%+v", p)
	}
	if e := p.Stretches[0].Nats.Value; math.Abs(e+f.Records[0].Logprob/256) > 1e-12 {
		t.Errorf("%v nats a token", e)
	}
}

// TestByPositionUnsupported: a subject that cannot read a text as one is not examined.
func TestByPositionUnsupported(t *testing.T) {
	f, err := Run(t.Context(), &fake{}, []Sheet{positionSheet("A text.")}, Options{})
	if err != nil || f.Result.Tasks[0].Skipped == "" {
		t.Errorf("%+v, %v", f.Result.Tasks, err)
	}
}

// TestStretches: each token is in one stretch; the last one ends with the window.
func TestStretches(t *testing.T) {
	for _, c := range []struct{ tokens, window, last, full int }{
		{1, 0, 256, 1},
		{256, 0, 256, 1},
		{257, 0, 512, 2},
		{5000, 0, 8192, 6},
		{4096, 4096, 4096, 5},
		{5000, 5000, 5000, 6},
		{300, 5000, 512, 2},
		{100, 100, 100, 1},
		{0, 100, 0, 0},
	} {
		list := stretches(make([]TokenScore, c.tokens), c.window)
		sum := 0
		for i, s := range list {
			sum += s.NumTokens
			if i > 0 && s.From != list[i-1].To || i < len(list)-1 && !s.whole() {
				t.Errorf("%+v: %+v", c, list)
			}
		}
		if sum != c.tokens || len(list) != c.full || len(list) > 0 && list[len(list)-1].To != c.last {
			t.Errorf("%+v: %+v", c, list)
		}
	}
}

// texts are records of texts of which each stretch has so many nats a token, give or
// take what all stretches of a text share.
func texts(n int, nats ...float64) (list []Record) {
	r := rand.New(rand.NewPCG(4, 2))
	for i := range n {
		record := Record{Task: "novels", Item: fmt.Sprintf("%03d", i), Cluster: fmt.Sprint(i), Number: i}
		shared := r.NormFloat64() / 10
		for k, v := range nats {
			s := Stretch{To: firstStretch << k}
			if k > 0 {
				s.From = s.To / 2
			}
			s.NumTokens, s.NumBytes = s.To-s.From, 4*(s.To-s.From)
			s.Logprob = -(v + shared) * float64(s.NumTokens)
			record.Positions = append(record.Positions, s)
			record.Logprob, record.NumTokens, record.NumBytes = record.Logprob+s.Logprob, s.To, 4*s.To
		}
		list = append(list, record)
	}
	return list
}

// TestTrend: what all stretches of a text share is not in the trend, and its intervals
// hold the change that was put in.
func TestTrend(t *testing.T) {
	result := func(records []Record) *Positions {
		r := &Result{Tasks: []TaskResult{{Task: "novels", Method: task.MethodText}}}
		Summarize(r, records)
		return r.Tasks[0].Positions
	}
	// To 256, 512, 1k, 2k, 4k, 8k, 16k, 32k.
	p := result(texts(40, 3.5, 3.4, 3.3, 3.2, 3.1, 3.0, 3.02, 3.005))
	tr := p.Trend
	if len(p.Stretches) != 8 || tr == nil || tr.NumTexts != 40 || tr.Until != 8192 || tr.End != 32768 || tr.RiseAt != 16384 || !tr.Falls {
		t.Fatalf("%+v", tr)
	}
	for name, c := range map[string][2]float64{
		"fall": {tr.Fall.Value, math.Expm1(-0.5)}, "rise": {tr.Rise.Value, math.Expm1(0.02)}, "last": {tr.Last.Value, math.Expm1(0.005)},
	} {
		if math.Abs(c[0]-c[1]) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, c[0], c[1])
		}
	}
	if e := p.Stretches[0].Bits; math.Abs(e.Value-p.Stretches[0].Nats.Value/4/math.Ln2) > 1e-12 || !e.Available() {
		t.Errorf("%+v", e)
	}
	if tr := result(texts(5, 3.5, 3.4, 3.45, 3.2, 3.1)).Trend; tr.Falls || tr.Until != 4096 || tr.Rise != nil || tr.End != 4096 {
		t.Errorf("a window of 4096: %+v", tr)
	}
	if tr := result(texts(5, 3.5, 3.4)).Trend; tr != nil {
		t.Errorf("a window of 512: %+v", tr)
	}
	// Texts that end earlier are in the stretches that they have, and not in the trend.
	mixed := append(texts(10, 3.5, 3.4, 3.3, 3.2, 3.1, 3.0), texts(10, 9, 9, 9)...)
	for i := range mixed {
		mixed[i].Item, mixed[i].Number = fmt.Sprintf("%03d", i), i
	}
	p = result(mixed)
	if p.Trend.NumTexts != 10 || math.Abs(p.Trend.Fall.Value-math.Expm1(-0.5)) > 1e-9 || p.Stretches[2].Nats.N != 20 || p.Stretches[3].Nats.N != 10 {
		t.Errorf("%+v, %+v", p.Trend, p.Stretches)
	}
}

// TestTrendInterval: noise of the stretches is in the interval, which holds the truth in
// most studies.
func TestTrendInterval(t *testing.T) {
	held := 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 9))
		list := texts(24, 3, 3, 3, 3, 3, 3, 3.02)
		for i := range list {
			for k := range list[i].Positions {
				s := &list[i].Positions[k]
				s.Logprob += 0.05 * r.NormFloat64() * float64(s.NumTokens)
			}
		}
		e := positionsOf(answersOf(list)).Trend.Last
		if e.Low <= math.Expm1(0.02) && math.Expm1(0.02) <= e.High {
			held++
		}
	}
	if held < 88 {
		t.Errorf("%d of 100 intervals hold the truth", held)
	}
}

func novels(records []Record) *Finished {
	f := &Finished{Result: &Result{Tasks: []TaskResult{{Task: "novels", Method: task.MethodText, TaskHash: "h"}}}, Records: records}
	Summarize(f.Result, records)
	return f
}

// TestPositionsCompared: windows of two lengths are compared over what both have.
func TestPositionsCompared(t *testing.T) {
	c, err := Compare(novels(texts(9, 3, 3, 3, 3)), novels(texts(9, 3, 3)))
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Tasks[0].Difference.Value; math.Abs(d) > 1e-12 {
		t.Errorf("%v bits per byte", d)
	}
	c, err = Compare(novels(texts(9, 3, 3)), novels(texts(9, 3.03, 3.03)))
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Tasks[0].Relative; math.Abs(r.Value-0.01) > 1e-3 || r.Low > r.Value || r.High < r.Value {
		t.Errorf("%+v", r)
	}
}

// TestOtherTokenizers: as many tokens of another tokenizer are other bytes, which are not
// compared. Up to where both end at the same byte, they are.
func TestOtherTokenizers(t *testing.T) {
	coarse := func(from int, list []Record) []Record { // 5 bytes a token, 1.25 times the nats
		for i := range list {
			r := &list[i]
			r.Logprob, r.NumBytes = 0, 0
			for k := range r.Positions {
				s := &r.Positions[k]
				if k >= from {
					s.NumBytes, s.Logprob = 5*s.NumTokens, 1.25*s.Logprob
				}
				r.Logprob, r.NumBytes = r.Logprob+s.Logprob, r.NumBytes+s.NumBytes
			}
		}
		return list
	}
	_, err := Compare(novels(texts(9, 4, 3, 2)), novels(coarse(0, texts(9, 4, 3, 2))))
	if err == nil || !strings.Contains(err.Error(), "other tokenizers") {
		t.Errorf("other bytes were compared: %v", err)
	}
	other := coarse(1, texts(9, 4, 9, 9))
	c, err := Compare(novels(texts(9, 4, 3, 2)), novels(other))
	if err != nil {
		t.Fatal(err)
	}
	// Behind the stretch that begins elsewhere, one of as many bytes is another one too.
	for i := range other {
		other[i].Positions[2].NumBytes = 4 * other[i].Positions[2].NumTokens
		other[i].NumBytes -= other[i].Positions[2].NumTokens
	}
	d, err := Compare(novels(texts(9, 4, 3, 2)), novels(other))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []TaskComparison{c.Tasks[0], d.Tasks[0]} {
		if line.N != 9 || math.Abs(line.Difference.Value) > 1e-12 || math.Abs(line.A.Value-1/math.Ln2) > 0.1 {
			t.Errorf("%d texts, %v and %v bits per byte", line.N, line.A.Value, line.B.Value)
		}
	}
}

// TestNothingInCommon: texts of which two windows have no stretch in common are left out,
// and a task of no other texts is not compared.
func TestNothingInCommon(t *testing.T) {
	short := texts(9, 3)
	for i := range short { // the window ends at 100 tokens
		r := &short[i]
		r.Positions[0] = Stretch{To: 100, NumTokens: 100, NumBytes: 400, Logprob: -300}
		r.Logprob, r.NumTokens, r.NumBytes = -300, 100, 400
	}
	_, err := Compare(novels(texts(9, 3)), novels(short))
	if err == nil || !strings.Contains(err.Error(), "a window that ends in the first stretch") {
		t.Errorf("nothing was compared: %v", err)
	}
	mixed := append(texts(4, 3), short[4:]...)
	c, err := Compare(novels(texts(9, 3)), novels(mixed))
	if err != nil {
		t.Fatal(err)
	}
	if line := c.Tasks[0]; line.N != 4 || math.Abs(line.Difference.Value) > 1e-12 {
		t.Errorf("%d texts, %v bits per byte", line.N, line.Difference.Value)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}
