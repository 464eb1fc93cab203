package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// shared is compiled once for all tests.
var shared = sync.OnceValue(func() *Pool {
	p, err := New(2)
	if err != nil {
		panic(err)
	}
	return p
})

// limited returns a pool that shares PDFium but has limits of its own.
func limited(t *testing.T, change func(*limits)) *Pool {
	t.Helper()
	library, err := shared().start()
	if err != nil {
		t.Fatal(err)
	}
	p := &Pool{limits: defaultLimits, slots: make(chan struct{}, 2), pdfium: library}
	change(&p.limits)
	return p
}

func textOf(t *testing.T, content []byte) (string, map[string]string) {
	t.Helper()
	text, meta, err := shared().Text(t.Context(), content)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), meta
}

func TestPagesAndLines(t *testing.T) {
	got, _ := textOf(t, simple(
		[]string{"A Book", "The first line of (one) page,", "and a backslash: \\."},
		nil,
		[]string{"A Book", "Of the third page."}))
	want := "A Book\nThe first line of (one) page,\nand a backslash: \\.\n\f\n\f\nA Book\nOf the third page.\n"
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestLeadersAreShort(t *testing.T) {
	got, _ := textOf(t, simple([]string{"1 One . . . . . . . . . 5", "2 Two ............ 17", "Three dots ... stay."}))
	if want := "1 One ... 5\n2 Two ... 17\nThree dots ... stay.\n"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestHyphenKeepsItsLineBreak(t *testing.T) {
	got, _ := textOf(t, simple([]string{"This is the manip-", "ulation of words, and a well-known", "hyphen - so to say."}))
	want := "This is the manip-\nulation of words, and a well-known\nhyphen - so to say.\n"
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// TestBeyondTheBasicPlane has a font whose letters are characters that UTF-16
// writes as two.
func TestBeyondTheBasicPlane(t *testing.T) {
	var m maker
	catalog := m.document(column(72, 700, "AAAAA"))
	cmap := m.stream("", []byte("/CIDInit /ProcSet findresource begin begincmap\n1 begincodespacerange <00> <ff> endcodespacerange\n"+
		"1 beginbfchar <41> <D835DC00> endbfchar\nendcmap end"))
	m.objects[0] = strings.Replace(m.objects[0], ">>", fmt.Sprintf("/ToUnicode %d 0 R >>", cmap), 1)
	if got, _ := textOf(t, m.bytes(catalog)); got != "𝐀𝐀𝐀𝐀𝐀\n" {
		t.Errorf("got %q", got)
	}
}

func TestColumnsInTurn(t *testing.T) {
	var m maker
	left, right := []string{"left one", "left two", "left three"}, []string{"right one", "right two", "right three"}
	got, _ := textOf(t, m.bytes(m.document(column(72, 700, left...)+column(330, 700, right...))))
	if want := strings.Join(append(left, right...), "\n") + "\n"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestMeta(t *testing.T) {
	var m maker
	catalog := m.document(column(72, 700, "text"))
	info := m.add("<< /Title (A  Title\\001) /Author <FEFF00C900760065> /CreationDate (D:20220818103000+02'00') >>")
	m.trailer = fmt.Sprintf("/Info %d 0 R", info)
	_, meta := textOf(t, m.bytes(catalog))
	for key, want := range map[string]string{"title": "A Title", "author": "Éve", "date": "2022-08-18T10:30:00+02:00"} {
		if meta[key] != want {
			t.Errorf("%s is %q, want %q", key, meta[key], want)
		}
	}
	if len(meta) != 3 {
		t.Errorf("metadata %v", meta)
	}
}

func TestReadDate(t *testing.T) {
	for text, want := range map[string]string{
		"D:2022": "2022", "D:202208": "2022-08", "20220818": "2022-08-18", "D:20220818103000": "2022-08-18T10:30:00",
		"D:202208181030Z": "2022-08-18T10:30:00Z", "D:20220818103000-0730": "2022-08-18T10:30:00-07:30",
		"D:20221350": "", "yesterday": "", "": "", "D:20220818993000": "",
	} {
		if got := readDate(text); got != want {
			t.Errorf("date of %q is %q, want %q", text, got, want)
		}
	}
}

// encrypted has a handler whose password nobody knows.
func encrypted() []byte {
	var m maker
	catalog := m.document(column(72, 700, "secret"))
	key := strings.Repeat("ab", 32)
	handler := m.add("<< /Filter /Standard /V 1 /R 2 /O <" + key + "> /U <" + key + "> /P -4 >>")
	m.trailer = fmt.Sprintf("/Encrypt %d 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]", handler)
	return m.bytes(catalog)
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	whole := simple([]string{"some text"})
	var unknown maker
	handler := unknown.add("<< /Filter /Nobody.Knows >>")
	unknown.trailer = fmt.Sprintf("/Encrypt %d 0 R", handler)
	var pageless maker
	for _, c := range []struct {
		name    string
		content []byte
		want    error
	}{
		{"encrypted", encrypted(), ErrEncrypted},
		{"unknown handler", unknown.bytes(unknown.document(column(72, 700, "x"))), ErrEncrypted},
		{"no text", simple(nil, nil), ErrNoText},
		{"blank", simple([]string{"   "}), ErrNoText},
		{"no pages", pageless.bytes(pageless.document()), ErrDamaged},
		{"cut", whole[:60], ErrDamaged},
		{"empty", nil, ErrDamaged},
		{"no PDF", []byte("<html><body>Not found</body></html>"), ErrDamaged},
		{"rubbish", append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte{0xa5, 0x3c}, 5000)...), ErrDamaged},
	} {
		text, meta, err := shared().Text(t.Context(), c.content)
		if !errors.Is(err, c.want) || text != nil || meta != nil {
			t.Errorf("%s: error %v, text %q; want %v", c.name, err, text, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	content := simple([]string{"one"}, []string{"two"}, []string{"three"})
	for name, change := range map[string]func(*limits){
		"file":  func(l *limits) { l.file = len(content) - 1 },
		"text":  func(l *limits) { l.text = 4 },
		"pages": func(l *limits) { l.pages = 2 },
	} {
		if _, _, err := limited(t, change).Text(t.Context(), content); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// bomb unpacks to a page of n megabytes that shows text.
func bomb(n int) []byte {
	var m maker
	return m.bytes(m.document("BT /F1 1 Tf 9 9 Td " + strings.Repeat("(aaaaaaaaaaaa) Tj\n", n<<20/18) + "ET"))
}

func TestSlowFileIsStoppedAndTheNextGoesOn(t *testing.T) {
	p := limited(t, func(l *limits) { l.time = 500 * time.Millisecond })
	content := bomb(40)
	begin := time.Now()
	for range 3 { // more than there are slots
		if _, _, err := p.Text(t.Context(), content); !errors.Is(err, ErrTimeout) {
			t.Errorf("error %v", err)
		}
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if _, _, err := p.Text(t.Context(), simple([]string{"still alive"})); err != nil {
		t.Error(err)
	}
}

func TestCallerCanStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, _, err := shared().Text(ctx, bomb(40)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, _, err := shared().Text(ctx, simple([]string{"x"})); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after the context's end", err)
	}
}

// TestMemoryIsBounded gives PDFium too little memory for a page: the file
// fails, not the process.
func TestMemoryIsBounded(t *testing.T) {
	library, err := compile(1, 24<<4)
	if err != nil {
		t.Fatal(err)
	}
	p := &Pool{limits: defaultLimits, slots: make(chan struct{}, 1), pdfium: library}
	defer p.Close()
	if _, _, err := p.Text(t.Context(), bomb(64)); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
	if _, _, err := p.Text(t.Context(), simple([]string{"still alive"})); err != nil {
		t.Error(err)
	}
}

// TestLoopsEnd reads a form that draws itself twice, which breaks an instance,
// and a page tree that has itself.
func TestLoopsEnd(t *testing.T) {
	var form maker
	form.add("<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 1 0 R >> >> /Length 12 >>\nstream\n/X Do /X Do \nendstream")
	catalog := form.document(column(72, 700, "before the loop") + "/X Do\n")
	for i, object := range form.objects {
		form.objects[i] = strings.Replace(object, "/Resources << /Font", "/Resources << /XObject << /X 1 0 R >> /Font", 1)
	}
	var tree maker
	tree.add("<< /Type /Pages /Kids [1 0 R 1 0 R] /Count 1000000000 >>")
	p := limited(t, func(l *limits) { l.time = time.Second })
	for name, content := range map[string][]byte{
		"form": form.bytes(catalog),
		"tree": tree.bytes(tree.add("<< /Type /Catalog /Pages 1 0 R >>")),
	} {
		_, _, err := p.Text(t.Context(), content)
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrTimeout) {
			t.Errorf("%s: error %v", name, err)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error of several lines: %q", name, err)
		}
	}
}

func TestSameTextFromManyGoroutines(t *testing.T) {
	contents := [][]byte{simple([]string{"alpha"}, []string{"beta"}), simple([]string{"gamma delta"}), encrypted()}
	var wants []string
	for _, content := range contents {
		text, _, err := shared().Text(t.Context(), content)
		wants = append(wants, fmt.Sprint(string(text), err))
	}
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 12 {
				k := (g + i) % len(contents)
				text, _, err := shared().Text(context.Background(), contents[k])
				if got := fmt.Sprint(string(text), err); got != wants[k] {
					t.Errorf("got %q, want %q", got, wants[k])
				}
			}
		})
	}
	group.Wait()
}

func TestPoolNeedsWorkersAndEnds(t *testing.T) {
	if _, err := New(0); err == nil {
		t.Error("a pool of no workers")
	}
	p, err := New(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := p.Text(t.Context(), simple([]string{"x"})); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v of a closed pool", err)
	}
}
