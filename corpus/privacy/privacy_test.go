package privacy

import (
	"os"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

func worked(t testing.TB, change func(*Options), text string) *document.Document {
	t.Helper()
	var o Options
	o.SetDefaults()
	if change != nil {
		change(&o)
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var d document.Document
	d.Reset([]byte(text))
	r.Worker().Apply(&d)
	return &d
}

// TestHandLabelled reads testdata/labelled.txt: lines in which what is private
// stands between ⟦kind: and ⟧, and lines without any.
func TestHandLabelled(t *testing.T) {
	source, err := os.ReadFile("testdata/labelled.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(string(source)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		text, want, count := unlabel(t, line)
		d := worked(t, nil, text)
		if got := string(d.Text()); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		for _, c := range d.Cuts {
			if c.Count != count[c.Reason] {
				t.Errorf("%s: %d times %s, want %d", text, c.Count, c.Reason, count[c.Reason])
			}
			seen[c.Reason] += c.Count
		}
	}
	for _, name := range Kinds() {
		if name != ID && seen[name] == 0 {
			t.Errorf("no case of %s", name)
		}
	}
}

func unlabel(t *testing.T, line string) (text, want string, count map[string]int) {
	count = map[string]int{}
	for {
		before, rest, ok := strings.Cut(line, "⟦")
		text, want = text+before, want+before
		if !ok {
			return text, want, count
		}
		label, after, ok := strings.Cut(rest, "⟧")
		name, value, ok2 := strings.Cut(label, ":")
		if !ok || !ok2 {
			t.Fatalf("bad label in %q", line)
		}
		count[name]++
		group := name
		if !strings.Contains("email phone ip card iban", name) {
			group = ID
		}
		text, want, line = text+value, want+"<"+strings.ToUpper(group)+">", after
	}
}

// TestIDs takes ids that python-stdnum calls valid and invalid.
func TestIDs(t *testing.T) {
	source, err := os.ReadFile("testdata/ids.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var lines int
	for line := range strings.Lines(string(source)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			continue
		}
		lines++
		name, valid := strings.CutPrefix(f[0], "!")
		valid = !valid
		d := worked(t, func(o *Options) { o.Kinds = []string{name} }, strings.Replace(f[1], "{}", f[2], 1)+".")
		if found := len(d.Cuts) == 1 && d.Cuts[0].Reason == name; found != valid {
			t.Errorf("%s %q: found %v, valid %v", name, f[2], found, valid)
		}
	}
	if lines < 500 {
		t.Errorf("only %d ids", lines)
	}
}

func TestOptions(t *testing.T) {
	const text = "Write to ann@site.org or bob@mail.site.org, host 93.184.216.34, tel. 555 1234567, SSN 123-45-6789."
	for _, c := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"kinds", func(o *Options) { o.Kinds = []string{Email} }, "Write to <EMAIL> or <EMAIL>, host 93.184.216.34, tel. 555 1234567, SSN 123-45-6789."},
		{"one id", func(o *Options) { o.Kinds = []string{"us_ssn"} }, "Write to ann@site.org or bob@mail.site.org, host 93.184.216.34, tel. 555 1234567, SSN <ID>."},
		{"placeholders", func(o *Options) {
			o.Kinds = []string{Email, ID}
			o.Placeholders = map[string]string{Email: "", ID: "[id]", "us_ssn": "[ssn]"}
		}, "Write to  or , host 93.184.216.34, tel. 555 1234567, SSN [ssn]."},
		{"allow", func(o *Options) { o.Kinds, o.Allow = []string{Email, IP}, []string{"mail.site.org", "93.184.216.34"} }, "Write to <EMAIL> or bob@mail.site.org, host 93.184.216.34, tel. 555 1234567, SSN 123-45-6789."},
		{"allow address", func(o *Options) { o.Kinds, o.Allow = []string{Email}, []string{"ann@site.org", "bob@"} }, text},
	} {
		if got := string(worked(t, c.change, text).Text()); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	if got := string(worked(t, func(o *Options) { o.PrivateIPs = true }, "at 192.168.17.20, fe80::1ff:fe23:4567:890a and ::").Text()); got != "at <IP>, <IP> and ::" {
		t.Errorf("private addresses: %s", got)
	}
	for _, bad := range []Options{{}, {Kinds: []string{"name"}}, {Kinds: []string{ID}, Placeholders: map[string]string{"x": ""}}, {Kinds: []string{ID}, Allow: []string{"A.org"}}} {
		if _, err := New(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestCounts(t *testing.T) {
	d := worked(t, nil, strings.Repeat("Mail a.b@c.de now. ", 20))
	if len(d.Cuts) != 1 || d.Cuts[0].Count != 20 || d.Cuts[0].Bytes != 160 || len(d.Cuts[0].Spans) != document.MaxSpans || d.Cuts[0].Spans[1] != [2]int{24, 8} {
		t.Errorf("cuts %+v", d.Cuts)
	}
}

// TestClean says that a text without private data is neither copied nor costs
// memory.
func TestClean(t *testing.T) {
	text := []byte(strings.Repeat("In 1999 it was 12,345.67 at 10:30; see pp. 100-120, ISBN 978-0-19-853453-1 and v1.2.3.\n", 50))
	var o Options
	o.SetDefaults()
	r, _ := New(o)
	w := r.Worker()
	var d document.Document
	if n := testing.AllocsPerRun(10, func() {
		d.Reset(text)
		w.Apply(&d)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if &d.Text()[0] != &text[0] || len(d.Cuts) != 0 {
		t.Errorf("a clean text was changed: %+v", d.Cuts)
	}
}

func FuzzApply(f *testing.F) {
	source, _ := os.ReadFile("testdata/labelled.txt")
	for line := range strings.Lines(string(source)) {
		f.Add(line)
	}
	var o Options
	o.SetDefaults()
	o.PrivateIPs = true
	r, _ := New(o)
	f.Fuzz(func(t *testing.T, text string) {
		var d document.Document
		d.Reset([]byte(text))
		r.Worker().Apply(&d)
		var bytes, added int64
		for _, c := range d.Cuts {
			bytes += c.Bytes
			k := 0
			for i, name := range kindNames {
				if name == c.Reason {
					k = i
				}
			}
			added += int64(c.Count * len(r.placeholders[k]))
			for _, s := range c.Spans {
				if s[0] < 0 || s[1] <= 0 || s[0]+s[1] > len(text) {
					t.Fatalf("span %v of %d bytes", s, len(text))
				}
			}
		}
		if int64(len(text))-bytes+added != int64(len(d.Text())) {
			t.Fatalf("%d bytes - %d + %d are not %d", len(text), bytes, added, len(d.Text()))
		}
	})
}

func BenchmarkApply(b *testing.B) {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		b.Skip("needs POLYMATH_DATA")
	}
	for _, name := range sampleFiles(b, dir) {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		text = text[:min(len(text), 4<<20)]
		b.Run(name[strings.LastIndex(name, "/")+1:], func(b *testing.B) {
			var o Options
			o.SetDefaults()
			r, _ := New(o)
			w := r.Worker()
			var d document.Document
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				d.Reset(text)
				w.Apply(&d)
			}
		})
	}
}

// TestPhones measures how many example numbers of the world's plans are found, in
// a sentence and behind a word that says what they are.
func TestPhones(t *testing.T) {
	source, err := os.ReadFile("testdata/phones.tsv")
	if err != nil {
		t.Fatal(err)
	}
	total, found := map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(source)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			continue
		}
		for _, around := range []string{"Reach us at {}, please.", "Tel: {}"} {
			key := f[2] + " " + around
			total[key]++
			d := worked(t, func(o *Options) { o.Kinds = []string{Phone} }, strings.Replace(around, "{}", f[3], 1))
			if string(d.Text()) == strings.Replace(around, "{}", "<PHONE>", 1) {
				found[key]++
			}
		}
	}
	for key, least := range map[string]float64{
		"international Reach us at {}, please.": 0.98, "international Tel: {}": 0.98,
		"e164 Reach us at {}, please.": 0.92, "e164 Tel: {}": 0.98,
		"national Reach us at {}, please.": 0.4, "national Tel: {}": 0.92,
	} {
		t.Logf("%s %d of %d", key, found[key], total[key])
		if float64(found[key]) < least*float64(total[key]) || total[key] == 0 {
			t.Errorf("%s: %d of %d", key, found[key], total[key])
		}
	}
}
