package secrets

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/corpus/document"
)

func scanner(t testing.TB, change ...func(*Options)) *Scanner {
	t.Helper()
	var o Options
	o.SetDefaults()
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func apply(s *Scanner, text string) *document.Document {
	var d document.Document
	d.Reset([]byte(text))
	s.Worker().Apply(&d)
	return &d
}

// invent writes a random text of a form.
func invent(r *rand.Rand, re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		var all []rune
		for i := 0; i < len(re.Rune); i += 2 {
			for c := max(re.Rune[i], '!'); c <= min(re.Rune[i+1], '~'); c++ {
				all = append(all, c)
			}
		}
		return string(all[r.IntN(len(all))])
	case syntax.OpAnyCharNotNL, syntax.OpAnyChar:
		return string(rune('a' + r.IntN(26)))
	case syntax.OpCapture:
		return invent(r, re.Sub[0])
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(invent(r, sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return invent(r, re.Sub[r.IntN(len(re.Sub))])
	}
	least, most := re.Min, re.Max
	switch re.Op {
	case syntax.OpQuest:
		least, most = 0, 1
	case syntax.OpPlus:
		least, most = 1, 12
	case syntax.OpStar:
		least, most = 0, 12
	}
	if most < 0 || most > least+20 {
		most = least + 20
	}
	var b strings.Builder
	for range least + r.IntN(most-least+1) {
		b.WriteString(invent(r, re.Sub[0]))
	}
	return b.String()
}

// invented returns n secrets of a rule, each with what stands before it.
func invented(t testing.TB, r *rand.Rand, rule *rule, n int) (texts [][2]string) {
	re, err := syntax.Parse(rule.form, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		before := "value = "
		if rule.after {
			before = rule.keys[r.IntN(len(rule.keys))] + `_token = "`
		}
		texts = append(texts, [2]string{before, invent(r, re)})
	}
	return texts
}

// TestEveryRule invents secrets of every form and finds nearly all: a few random
// ones are too plain or hold an example's text.
func TestEveryRule(t *testing.T) {
	s := scanner(t)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rules {
		found := 0
		texts := invented(t, r, &rules[i], 50)
		for _, text := range texts {
			tail := "\nnext line"
			if strings.HasSuffix(text[0], `"`) {
				tail = `"` + tail
			}
			d := apply(s, "x: 1\n"+text[0]+text[1]+tail)
			if len(d.Cuts) > 0 && strings.HasSuffix(string(d.Text()), tail) {
				found++
			}
		}
		if found < 40 {
			t.Errorf("%s: %d of 50, such as %q", rules[i].name, found, texts[0])
		}
	}
	if len(Rules()) < 60 {
		t.Errorf("only %d rules", len(Rules()))
	}
}

func TestHandLabelled(t *testing.T) {
	s := scanner(t)
	pem := "-----BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi", 4) + "\n-----END RSA PRIVATE KEY-----"
	for _, c := range []struct{ text, want, rule string }{
		{"key AKIAQWERTYUIOPAS2DFG end", "key <SECRET> end", "aws_access_key"},
		{`aws_secret_access_key = "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"`, `aws_secret_access_key = "<SECRET>"`, "aws_secret_key"},
		{"export GITHUB_TOKEN=ghp_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX", "export GITHUB_TOKEN=<SECRET>", "github_token"},
		{pem + "\n", "<SECRET>\n", "private_key"},
		{"postgres://app:s3cr3tPw9@db.internal:5432/x", "postgres://app:<SECRET>@db.internal:5432/x", "url_password"},
		{`{"apiKey": "9f8A7b6C5d4E3f2G1h0J"}`, `{"apiKey": "<SECRET>"}`, genericRule},
		{"db_password: 'q9#Lm2$Vx7!Zt4@Rw'", "db_password: '<SECRET>'", genericRule},
		{"Authorization: Bearer a8Kd03jfLq92mXcVb71nPzRt55", "Authorization: Bearer <SECRET>", "bearer_token"},
		{"Authorization: Basic dXNlcjpwYXNzd29yZDEy", "Authorization: Basic <SECRET>", "basic_auth"},
		{"t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U;", "t=<SECRET>;", "jwt"},
		{"AccountName=a;AccountKey=9vKx2LmZqR7tYw4BnC6dHf1GjS3pAe7UoIiK5PzX8hTqWbVcMnQrStUvWxYz0a1b2c3d4e5f6g7h8i9jAkBlCm==;x", "AccountName=a;AccountKey=<SECRET>;x", "azure_account_key"},
	} {
		d := apply(s, c.text)
		if string(d.Text()) != c.want || len(d.Cuts) != 1 || d.Cuts[0].Reason != c.rule || d.Cuts[0].Count != 1 {
			t.Errorf("%q: %q %+v, want %q by %s", c.text, d.Text(), d.Cuts, c.want, c.rule)
		}
	}
	for _, text := range []string{
		"AKIAIOSFODNN7EXAMPLE", "xAKIAQWERTYUIOPAS2DFG", "AKIAQWERTYUIOPAS2DFGH", "AKIAAAAAAAAAAAAAAAAA",
		"password = os.environ['DB_PASSWORD']", "token := lexer.NextToken(position1, 22)", `secret = "your-secret-key-goes-here-123"`,
		"password: ${DB_PASSWORD_2024_VALUE}", "api_key=<YOUR_API_KEY_12345>", "if password == hash256OfPassword99 {",
		"https://host.org:8080/path@2x", "http://user@host.org/", "ftp://user:{password}@host", "Asia, task, pattern, -us1, eyJ, sk, Bearer of bad news",
		"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
		"ghp_" + strings.Repeat("x", 36), "secret: deadbeefdeadbeef0123", "access_key = config.get_access_key_v2",
	} {
		if d := apply(s, text); len(d.Cuts) > 0 {
			t.Errorf("%q: %+v", text, d.Cuts)
		}
	}
}

func TestOptions(t *testing.T) {
	const text = "a ghp_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX and AKIAQWERTYUIOPAS2DFG"
	if d := apply(scanner(t, func(o *Options) { o.Placeholder = "" }), text); string(d.Text()) != "a  and " {
		t.Errorf("placeholder: %s", d.Text())
	}
	if d := apply(scanner(t, func(o *Options) { o.Skip = []string{"github_token"} }), text); len(d.Cuts) != 1 || d.Cuts[0].Reason != "aws_access_key" {
		t.Errorf("skip: %+v", d.Cuts)
	}
	if d := apply(scanner(t, func(o *Options) { o.Allow = []string{"qwerty"} }), text); len(d.Cuts) != 1 || d.Cuts[0].Reason != "github_token" {
		t.Errorf("allow: %+v", d.Cuts)
	}
	d := apply(scanner(t, func(o *Options) { o.Action = ActionDrop }), text)
	if d.Drop == nil || *d.Drop != (document.Drop{Filter: "secrets", Rule: "github_token", Value: 2}) || string(d.Text()) != text {
		t.Errorf("drop: %+v", d.Drop)
	}
	if d := apply(scanner(t, func(o *Options) { o.Skip = Rules() }), text); len(d.Cuts) != 0 {
		t.Errorf("no rules: %+v", d.Cuts)
	}
	for _, o := range []Options{{}, {Action: "warn"}, {Action: ActionDrop, Skip: []string{"x"}}, {Action: ActionDrop, Allow: []string{"A"}}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// TestAutomaton compares the keys found with a search for each.
func TestAutomaton(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	word := func(n int) string {
		var b strings.Builder
		for range 1 + r.IntN(n) {
			b.WriteByte("abcAB_-"[r.IntN(7)])
		}
		return b.String()
	}
	for range 300 {
		var keys []string
		for range 1 + r.IntN(8) {
			if key := strings.ToLower(word(5)); !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		text := word(200)
		a := newAutomaton(keys)
		var got, want []string
		state := uint16(0)
		for i := range len(text) {
			if state = a.next[int(state)<<a.shift|int(a.class[text[i]])]; state >= a.final {
				for _, k := range a.keys[state-a.final] {
					got = append(got, fmt.Sprint(i+1, keys[k]))
				}
			}
			for _, key := range keys {
				if strings.HasSuffix(strings.ToLower(text[:i+1]), key) {
					want = append(want, fmt.Sprint(i+1, key))
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q in %q: %v, want %v", keys, text, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	text := []byte(strings.Repeat("Asked for the password, she took the path to the token of Asia: see https://host.org/a?b=c&key=1.\n", 50))
	w := scanner(t).Worker()
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

// TestHostile says that texts made of beginnings cost no more than others by far.
func TestHostile(t *testing.T) {
	s := scanner(t)
	for _, part := range []string{
		"-----BEGIN RSA PRIVATE KEY-----\n", strings.Repeat("-----BEGIN PRIVATE KEY-----\n", 290) + "-----END X\n",
		"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY----\n", "eyJ-", "://a:", "sk-aaaaaaaa-T3BlbkFJ-", "password=", "Bearer ", "EAAC/", "glc_a/", "AccountKey=", ":AA",
	} {
		start := time.Now()
		apply(s, strings.Repeat(part, 256<<10/len(part)))
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%q takes %v for 256 KiB", part, took)
		}
	}
}

func FuzzApply(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range rules {
		for _, text := range invented(f, r, &rules[i], 1) {
			f.Add(text[0] + text[1] + "\" ")
		}
	}
	s := scanner(f)
	f.Fuzz(func(t *testing.T, text string) {
		d := apply(s, text)
		var bytes, places int64
		for _, c := range d.Cuts {
			bytes += c.Bytes
			places += int64(c.Count)
			for _, span := range c.Spans {
				if span[0] < 0 || span[1] <= 0 || span[0]+span[1] > len(text) {
					t.Fatalf("span %v of %d bytes", span, len(text))
				}
			}
		}
		if int64(len(text))-bytes+places*int64(len(s.options.Placeholder)) != int64(len(d.Text())) {
			t.Fatalf("%d bytes - %d, %d places: %d", len(text), bytes, places, len(d.Text()))
		}
	})
}

func BenchmarkApply(b *testing.B) {
	for _, name := range strings.Fields(os.Getenv("SECRETS_BENCH")) {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name[strings.LastIndex(name, "/")+1:], func(b *testing.B) {
			w := scanner(b).Worker()
			var d document.Document
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				d.Reset(text)
				w.Apply(&d)
			}
		})
	}
}
