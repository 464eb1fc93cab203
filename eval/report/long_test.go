package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/task"
)

// read makes a run of long texts by a model that finds less the longer they are and the
// more they stand in the middle, with a window of 64k tokens.
func read(skill float64, model, text string) *eval.Finished {
	f := invented(3, skill, model, text)
	f.Result.Tasks, f.Records = nil, nil
	r := rand.New(rand.NewPCG(5, uint64(1000*skill)))
	const passkey, count, novels = "long_passkey", "long_count", "long_novels"
	f.Result.Tasks = append(f.Result.Tasks, []eval.TaskResult{
		{Task: passkey, Title: "A pass key" + text, Method: task.MethodGenerate, Grader: "exact", Samples: 1, TaskHash: "1"},
		{Task: count, Title: "How often" + text, Method: task.MethodGenerate, Grader: "exact", Samples: 1, TaskHash: "2"},
		{Task: novels, Title: "Novels" + text, Method: task.MethodText, TaskHash: "3"},
	}...)
	add := func(record eval.Record, n int) {
		record.Number, record.Item = n, fmt.Sprintf("%s-%04d%s", record.Task, n, text)
		record.Cluster = record.Item
		f.Records = append(f.Records, record)
	}
	number := 0
	for k := range 8 {
		length := 1024 << k
		for i := range 50 {
			depth := (float64(i) + r.Float64()) / 50
			record := eval.Record{Task: passkey, Length: length, Depth: &depth, Prompt: "The pass key is" + text, Gold: "7", Answer: "7"}
			hard := float64(k) / 7 * 4 * depth * (1 - depth)
			record.Verdict = verdict(r.Float64() < 1-hard*(1-skill))
			if length > 65536 {
				record.Unfit, record.Verdict = &eval.Unfit{Prompt: length, Completion: 16, Window: 65536}, task.Verdict{}
			}
			add(record, number)
			number++
			if i%5 == 0 && length <= 65536 {
				add(eval.Record{Task: count, Length: length, Prompt: "How often?", Verdict: verdict(r.Float64() < skill)}, number)
			}
		}
	}
	for i := range 12 {
		record := eval.Record{Task: novels, Prompt: "It was the best of times" + text}
		for k := range 9 {
			s := eval.Stretch{To: 256 << k}
			if k > 0 {
				s.From = s.To / 2
			}
			s.NumTokens, s.NumBytes = s.To-s.From, 4*(s.To-s.From)
			s.Logprob = -float64(s.NumTokens) * (3.4 - skill/5 - 0.06*float64(min(k, 5)) + 0.002*float64(max(0, k-5)) + 0.03*r.NormFloat64())
			record.Positions = append(record.Positions, s)
			record.Logprob, record.NumTokens, record.NumBytes = record.Logprob+s.Logprob, s.To, 4*s.To
		}
		add(record, i)
	}
	eval.Summarize(f.Result, f.Records)
	return f
}

// twoReaders are two such runs.
func twoReaders(t *testing.T, text string) *Data {
	t.Helper()
	a, b := read(0.4, "/models/base", text), read(0.9, "/models/long", text)
	c, err := eval.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return &Data{Run: a, Other: b, Comparison: c}
}

// TestMap: the map has a cell for each length and depth, with the numbers of the result,
// in the page and in Markdown.
func TestMap(t *testing.T) {
	f := read(0.4, "/models/base", "")
	page, text := render(t, &Data{Run: f})
	cells := regexp.MustCompile(`<td class="(g[0-8]|unfit|none)">([^<]+)<small>([^<]*)</small></td>`).FindAllStringSubmatch(page, -1)
	lengths := f.Result.Tasks[0].Lengths
	if len(lengths) != 8 || len(cells) != 8*11+7 {
		t.Fatalf("%d lengths, %d cells", len(lengths), len(cells))
	}
	for i, cell := range cells[:8*11] {
		e := lengths[i%8].Score
		if depth := i / 8; depth < len(lengths[i%8].Depths) {
			e = lengths[i%8].Depths[depth]
		}
		switch {
		case i%8 == 7:
			if cell[1] != "unfit" || cell[2] != "–" || cell[3] != "does not fit" {
				t.Errorf("%v", cell)
			}
		case cell[2] != fmt.Sprintf("%.0f", 100*e.Value) || cell[3] != fmt.Sprintf("%.0f to %.0f", 100*e.Low, 100*e.High) || cell[1] != fmt.Sprintf("g%d", min(8, int(9*e.Value))):
			t.Errorf("%v, want %+v", cell, e)
		}
	}
	for _, want := range []string{
		"5 items in each cell; 95% intervals; 50 items longer than the window: not put, and not counted",
		"longer than the window", "perplexity falls in each step to 8192 tokens",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
		if !strings.Contains(text, want) {
			t.Errorf("the Markdown lacks %q", want)
		}
	}
	if !strings.Contains(text, "| 90 to 100% |") || !strings.Contains(text, "| 32k to 64k tokens") {
		t.Error(text)
	}
	if path := os.Getenv("POLYMATH_SHOW"); path != "" { // for looking at it
		for name, d := range map[string]*Data{"one.html": {Run: f}, "two.html": twoReaders(t, "")} {
			if err := Write(path+name, d); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestMapHostile: titles and names are texts in the map too.
func TestMapHostile(t *testing.T) {
	harmless, _ := render(t, twoReaders(t, " harmless "))
	page, _ := render(t, twoReaders(t, hostile))
	want, got := take(t, harmless), take(t, page)
	if len(got.names) != len(want.names) || len(got.attributes) != len(want.attributes) {
		t.Errorf("elements %v, want %v", got.names, want.names)
	}
	if !strings.Contains(got.text, "Difference by length") {
		t.Error("no differences by length")
	}
}

// TestShades: what is written in a cell can be read: its contrast with each shade is at
// least 4.5 (WCAG 2.2, 1.4.3), in light and dark.
func TestShades(t *testing.T) {
	shades := regexp.MustCompile(`\.map \.g([0-8])\{background:color-mix\(in srgb,var\(--(s[12])\) (\d+)%,var\(--card\)\)\}`).FindAllStringSubmatch(styleText, -1)
	if len(shades) != numShades {
		t.Fatalf("%d shades", len(shades))
	}
	for name, colors := range map[string]map[string][3]float64{
		"light": {"ink": hex("1c2330"), "card": hex("ffffff"), "s1": hex("2563eb"), "s2": hex("d9480f")},
		"dark":  {"ink": hex("e6eaf0"), "card": hex("171c24"), "s1": hex("6ea8ff"), "s2": hex("ff9a5c")},
	} {
		for _, s := range shades {
			var share float64
			fmt.Sscan(s[3], &share)
			var mixed [3]float64
			for i := range mixed {
				mixed[i] = share/100*colors[s[2]][i] + (1-share/100)*colors["card"][i]
			}
			a, b := luminance(colors["ink"]), luminance(mixed)
			if contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05); contrast < 4.5 {
				t.Errorf("%s, shade %s: %.2f", name, s[1], contrast)
			}
		}
	}
}

func hex(text string) (c [3]float64) {
	for i := range c {
		var v int
		fmt.Sscanf(text[2*i:2*i+2], "%x", &v)
		c[i] = float64(v) / 255
	}
	return c
}

// luminance is that of WCAG 2.
func luminance(c [3]float64) float64 {
	for i, v := range c {
		if c[i] = math.Pow((v+0.055)/1.055, 2.4); v <= 0.04045 {
			c[i] = v / 12.92
		}
	}
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}
