package label

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// person is somebody with a browser.
type person struct {
	*testing.T
	url    string
	client *http.Client
}

// show serves the page of a file.
func show(t *testing.T, p *Page) (url string) {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return server.URL + p.Path()
}

func newPerson(t *testing.T, url string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t, url, &http.Client{Jar: jar}}
}

func (p *person) do(method, action, body string, headers ...string) (status int, text string, header http.Header) {
	p.Helper()
	r, err := http.NewRequest(method, p.url+action, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := p.client.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		p.Fatal(err)
	}
	return response.StatusCode, string(data), response.Header
}

// view does something and returns what the page shows then.
func (p *person) view(method, action string, body any, want int) (v view) {
	p.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		p.Fatal(err)
	}
	status, text, _ := p.do(method, action, string(data))
	if status != want {
		p.Fatalf("%s: %d %s", action, status, text)
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		p.Fatalf("%s: %v", text, err)
	}
	return v
}

func (p *person) state() view { p.Helper(); return p.view("GET", "state", nil, 200) }

func TestPageOfTwo(t *testing.T) {
	s := openWith(t, fileIn(t), 2, Options{Overlap: 2})
	page := NewPage(s, false)
	url := show(t, page)
	ann, ben := newPerson(t, url), newPerson(t, url)
	v := ann.state()
	if v.Mine != 0 || v.Open != 2 || v.Wanted != 4 || v.Labels != 0 || v.Undo || v.Waiting || len(v.Messages) != 1 {
		t.Fatalf("%+v", v)
	}
	if again := ann.state(); again.Comparison != v.Comparison || again.Left != v.Left {
		t.Errorf("another comparison after loading again: %+v", again)
	}
	v = ann.view("POST", "label", sent{Comparison: v.Comparison, Choice: "left", MadeUpRight: true}, 200)
	if v.Mine != 1 || v.Open != 1 || !v.Undo || v.Comparison == 0 {
		t.Fatalf("%+v", v)
	}
	if v = ann.view("POST", "label", sent{Comparison: v.Comparison, Choice: "neither"}, 200); v.Comparison != 0 || v.Waiting {
		t.Fatalf("%+v", v)
	}
	if w := ben.state(); w.Mine != 0 || w.Open != 2 || w.Labels != 2 || w.Undo {
		t.Errorf("%+v", w)
	}
	// Another person in the same browser.
	if v = ann.view("POST", "leave", sent{}, 200); v.Mine != 0 || v.Open != 2 || v.Undo {
		t.Errorf("%+v", v)
	}
	if v = ann.view("POST", "undo", sent{}, 409); v.Error == "" {
		t.Errorf("%+v", v)
	}
	status, text, _ := ben.do("POST", "summary", "{}")
	if status != 200 || !strings.Contains(text, `["labels","2 of 4"]`) || strings.Contains(text, `"x"`) {
		t.Errorf("%d %s", status, text)
	}
	// While answers are written those with nothing left wait.
	page.Coming(true)
	for v := ben.state(); v.Comparison != 0; {
		v = ben.view("POST", "label", sent{Comparison: v.Comparison, Choice: "both"}, 200)
		if v.Comparison == 0 && !v.Waiting {
			t.Errorf("%+v", v)
		}
	}
	page.Coming(false)
	if v := ben.state(); !v.Waiting || v.Open != 1 { // the other has the last one before them
		t.Errorf("%+v", v)
	}
	v = ann.state()
	ann.view("POST", "label", sent{Comparison: v.Comparison, Choice: "left"}, 200)
	if v := ben.state(); v.Waiting || v.Open != 0 || v.Labels != 4 {
		t.Errorf("%+v", v)
	}
}

// TestAnonymous: the file tells labellers apart and holds no word of any, nor does
// the page say whose answers it shows.
func TestAnonymous(t *testing.T) {
	s := openWith(t, fileIn(t), 1, Options{})
	url := show(t, NewPage(s, false))
	ann := newPerson(t, url)
	_, text, header := ann.do("GET", "state", "")
	set := header.Get("Set-Cookie")
	word, _, _ := strings.Cut(strings.TrimPrefix(set, cookie+"="), ";")
	if !isWord(word) || !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Strict") || !strings.Contains(set, "Path=/"+s.word+"/") {
		t.Errorf("%s", set)
	}
	if strings.Contains(text, `"x"`) || strings.Contains(text, `"y"`) {
		t.Errorf("%s", text)
	}
	v := ann.state()
	ann.view("POST", "label", sent{Comparison: v.Comparison, Choice: "both"}, 200)
	var found int
	if err := s.db.QueryRow("SELECT count(*) FROM labeller WHERE instr(hash, ?) > 0", word).Scan(&found); err != nil || found != 0 {
		t.Errorf("%d, %v", found, err)
	}
	var labellers int
	if err := s.db.QueryRow("SELECT count(*) FROM labeller").Scan(&labellers); err != nil || labellers != 1 {
		t.Errorf("%d, %v", labellers, err)
	}
}

func TestPageRefuses(t *testing.T) {
	s := openWith(t, fileIn(t), 2, Options{})
	page := NewPage(s, false)
	ann := newPerson(t, show(t, page))
	v := ann.state()
	good := fmt.Sprintf(`{"comparison":%d,"choice":"left"}`, v.Comparison)
	port := ann.url[strings.LastIndexByte(ann.url, ':'):]
	port = port[:strings.IndexByte(port, '/')]
	for _, q := range []struct {
		method, action, body string
		headers              []string
		status               int
	}{
		{"POST", "label", good, []string{"Host", "evil.example" + port}, 403},
		{"POST", "label", good, []string{"Host", "127.0.0.1.evil.example"}, 403},
		{"GET", "", "", []string{"Host", "evil.example"}, 403},
		{"POST", "label", good, []string{"Origin", "https://evil.example"}, 403},
		{"POST", "label", good, []string{"Origin", "null"}, 403},
		{"POST", "label", good, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "label", good, []string{"Content-Type", "text/plain"}, 415},
		{"POST", "label", good, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"GET", "label", "", nil, 405},
		{"DELETE", "", "", nil, 405},
		{"POST", "state", "{}", nil, 405},
		{"GET", "other", "", nil, 404},
		{"GET", "../", "", nil, 404},
		{"POST", "label", "{", nil, 400},
		{"POST", "label", good + good, nil, 400},
		{"POST", "label", `{"comparison": "1"}`, nil, 400},
		{"POST", "label", `{"labeller": "x"}`, nil, 400},
		{"POST", "label", `{"choice":"` + strings.Repeat("x", 1<<16) + `"}`, nil, 400},
		{"POST", "label", `{}`, nil, 409},
		{"POST", "label", `{"comparison":-1,"choice":"left"}`, nil, 409},
		{"POST", "label", `{"comparison":99,"choice":"left"}`, nil, 409},
		{"POST", "label", fmt.Sprintf(`{"comparison":%d,"choice":"a"}`, v.Comparison), nil, 409},
		{"POST", "label", fmt.Sprintf(`{"comparison":%d}`, v.Comparison), nil, 409},
		{"POST", "later", `{"comparison":99}`, nil, 409},
		{"POST", "later", `{}`, nil, 409},
		{"POST", "undo", `{}`, nil, 409},
	} {
		if status, text, _ := ann.do(q.method, q.action, q.body, q.headers...); status != q.status {
			t.Errorf("%s %s %.80s %v: %d %s, want %d", q.method, q.action, q.body, q.headers, status, text, q.status)
		}
	}
	if status, text, _ := newPerson(t, ann.url).do("POST", "label", good); status != 409 || !strings.Contains(text, "cookies") {
		t.Errorf("without a cookie: %d %s", status, text)
	}
	if status, text, _ := newPerson(t, ann.url).do("POST", "label", good, "Cookie", cookie+"=mine"); status != 409 || !strings.Contains(text, "cookies") {
		t.Errorf("with a cookie of one's own: %d %s", status, text)
	}
	if v := ann.state(); v.Mine != 0 || v.Labels != 0 {
		t.Errorf("something was labelled: %+v", v)
	}
	if status, text, _ := ann.do("POST", "label", good, "Origin", "http://127.0.0.1"+port); status != 200 {
		t.Errorf("the page's own request: %d %s", status, text)
	}
	if status, _, _ := ann.do("POST", "label", good); status != 409 {
		t.Errorf("a label that is sent twice: %d", status)
	}
	status, html, header := ann.do("GET", "", "")
	csp := header.Get("Content-Security-Policy")
	if status != 200 || !strings.Contains(csp, "default-src 'none'; script-src 'sha256-") || strings.Contains(csp, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %s", status, csp)
	}
	if strings.Contains(html, "innerHTML") || strings.Contains(html, "http://") || strings.Contains(html, "https://") {
		t.Error("the page has outside resources, or makes elements of texts")
	}
	// Where other machines may ask, names are not looked at.
	if status, _, _ := newPerson(t, show(t, NewPage(s, true))).do("GET", "", "", "Host", "desk7"); status != 200 {
		t.Errorf("%d", status)
	}
}

// TestLease: what is shown to somebody is kept for them for a time, and put off goes
// behind all others.
func TestLease(t *testing.T) {
	s := openWith(t, fileIn(t), 1, Options{Overlap: 1})
	p := NewPage(s, false)
	now := time.Unix(1_000_000, 0)
	p.now = func() time.Time { return now }
	state := func(name string) view {
		t.Helper()
		v, err := p.act(t.Context(), labellerOf(name), "state", sent{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := state("ann"); v.Comparison == 0 {
		t.Fatalf("%+v", v)
	}
	if v := state("ben"); v.Comparison != 0 || !v.Waiting || v.Open != 1 {
		t.Errorf("%+v", v)
	}
	now = now.Add(lease + time.Second)
	v := state("ben")
	if v.Comparison == 0 {
		t.Fatalf("%+v", v)
	}
	now = now.Add(7 * time.Second)
	if _, err := p.act(t.Context(), labellerOf("ben"), "label", sent{Comparison: v.Comparison, Choice: "left"}); err != nil {
		t.Fatal(err)
	}
	if sum, err := s.Summary(t.Context()); err != nil || sum.MedianSeconds != 7 {
		t.Errorf("%+v, %v", sum, err)
	}
	// Who leaves holds nothing.
	if _, err := s.Add(t.Context(), prompt("more"), answers("a", "b")); err != nil {
		t.Fatal(err)
	}
	if v := state("ann"); v.Comparison == 0 {
		t.Errorf("%+v", v)
	}
	if v := state("ben"); v.Comparison != 0 {
		t.Errorf("%+v", v)
	}
	p.leave(labellerOf("ann"))
	if v := state("ben"); v.Comparison == 0 {
		t.Errorf("%+v", v)
	}
	for i := range 2*maxDesks + 10 {
		p.desk(labellerOf(fmt.Sprint(i)))
	}
	if len(p.desks) > 2*maxDesks+1 {
		t.Errorf("%d desks", len(p.desks))
	}
}

func TestLater(t *testing.T) {
	s := openWith(t, fileIn(t), 3, Options{Overlap: 1})
	ann := newPerson(t, show(t, NewPage(s, false)))
	var seen []int64
	v := ann.state()
	for range 6 {
		seen = append(seen, v.Comparison)
		v = ann.view("POST", "later", sent{Comparison: v.Comparison}, 200)
	}
	for i := range 3 {
		if seen[i] != seen[i+3] || seen[i] == seen[(i+1)%3] {
			t.Errorf("%v", seen)
		}
	}
}

// TestOrders: seeds give orders.
func TestOrders(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(3) {
		var both [2]string
		for i := range both {
			s := openWith(t, fileIn(t), 12, Options{Seed: seed})
			list, err := s.queue(t.Context(), labellerOf("x"), 100)
			if err != nil {
				t.Fatal(err)
			}
			both[i] = fmt.Sprint(list)
		}
		if both[0] != both[1] {
			t.Errorf("seed %d gives %v", seed, both)
		}
		orders[both[0]] = true
	}
	if len(orders) != 3 {
		t.Errorf("3 seeds, %d orders", len(orders))
	}
}

func TestServe(t *testing.T) {
	s := openWith(t, fileIn(t), 1, Options{})
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	err := NewPage(s, false).Serve(ctx, "127.0.0.1:0", func(url string) {
		go func() {
			defer stop()
			if r, err := http.Get(url + "state"); err != nil || r.StatusCode != 200 {
				t.Errorf("%v, %v", r, err)
			}
		}()
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`{"prompt":"p"}`, "p |"},
		{`{"prompt":"p","kind":"harmful","answers":["1","2"]}`, "p harmful| f 1/0=1 f 2/0=2"},
		{`{"prompt":"p","kind":"greeting","answers":[{"text":"1","model":"m"},{"text":"2","model":"m"},{"text":"3"}]}`, "p | m/0=1 m/1=2 f 3/0=3"},
		{`{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a"}]}`, "p |"},
		{`{"prompt":"\n\nHuman: p\n\nAssistant: a\n\nHuman: q"}`, "q |"},
	} {
		p, list, err := parse([]byte(c.data), "f")
		if err != nil {
			t.Errorf("%s: %v", c.data, err)
			continue
		}
		got := p.Messages[len(p.Messages)-1].Content[0].Text + " " + string(p.Kind) + "|"
		for _, a := range list {
			got += fmt.Sprintf(" %s/%d=%s", a.Name, a.Draw, a.Text)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.data, got, c.want)
		}
	}
	for _, bad := range []string{
		`x`, `[]`, `{}`, `{"prompt":3}`, `{"prompt":"p","answers":"a"}`, `{"prompt":"p","answers":[1]}`, `{"prompt":"p","answers":[{"model":"x"}]}`,
		`{"prompt":"p","answers":[` + strings.Repeat(`"a",`, MaxAnswers) + `"a"]}`, `{"prompt":"p","kind":7}`,
		`{"messages":[{"role":"assistant","content":"a"}]}`,
		`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}]}`,
	} {
		if p, list, err := parse([]byte(bad), "f"); err == nil {
			t.Errorf("%s: %+v %+v", bad, p, list)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"prompt":"p","kind":"harmful","answers":["1",{"text":"2","model":"m"}]}`))
	f.Add([]byte(`{"messages":[{"role":"system","content":"s"},{"role":"user","content":"p"}],"answers":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, list, err := parse(data, "f")
		if err != nil {
			return
		}
		text, _, err := p.encode()
		if err == nil {
			err = checkAnswers(list)
		}
		if err != nil {
			t.Fatalf("%q is read and cannot be kept: %v", data, err)
		}
		if _, err := decodeMessages(text); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add("label", []byte(`{"comparison":1,"choice":"left","unsafe_left":true}`))
	f.Add("undo", []byte(`{}`))
	f.Add("later", []byte(`{"comparison":1}`))
	f.Add("summary", []byte(`{}`))
	ctx := context.Background()
	s, err := Open(ctx, f.TempDir()+"/labels.db", Options{Create: true})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	for i := range 3 {
		if _, err := s.Add(ctx, prompt(fmt.Sprint(i)), answers("a", "b")); err != nil {
			f.Fatal(err)
		}
	}
	p := NewPage(s, false)
	word := newWord()
	f.Fuzz(func(t *testing.T, action string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "http://localhost"+p.Path(), bytes.NewReader(body))
		r.URL.Path += action
		r.Header.Set("Content-Type", "application/json")
		r.AddCookie(&http.Cookie{Name: cookie, Value: word})
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%s %q: %d %s", action, body, w.Code, w.Body)
		}
		var labels, counted int
		if err := s.db.QueryRow("SELECT (SELECT count(*) FROM label), (SELECT sum(labels) FROM comparison)").Scan(&labels, &counted); err != nil || labels != counted || labels > 3 {
			t.Fatalf("%d labels, %d counted, %v", labels, counted, err)
		}
	})
}
