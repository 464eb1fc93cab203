package charset

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"pgregory.net/rapid"
)

// sentences are ours, one or two a language, with the charsets that they are
// put into.
var sentences = []struct{ language, charsets, text string }{
	{"fr", "windows-1252 iso-8859-15 macintosh", "Le garçon a été très étonné de voir que la forêt n’était plus là où il l’avait laissée l’été dernier."},
	{"de", "windows-1252 iso-8859-15", "Die Bäume vor dem großen Haus blühen früher als üblich, und die Vögel fühlen sich darin wohl."},
	{"es", "windows-1252 iso-8859-15", "El niño corrió hacia la montaña porque quería llegar allí antes de que cayera la noche; ¿quién lo habría pensado?"},
	{"pt", "windows-1252 iso-8859-15", "A produção de maçãs não foi tão boa neste verão, mas os irmãos já têm outra solução para a situação."},
	{"it", "windows-1252", "La città è più bella perché il sole è già alto, e così tutti vanno a passeggiare lungo il fiume."},
	{"sv", "windows-1252", "Båten låg kvar vid ön när vädret blev sämre, och ingen vågade gå ut förrän på lördagen."},
	{"da", "windows-1252", "Da vi nåede frem til søen, stod der en gammel mand på bredden og så på de små både."},
	{"pl", "windows-1250 iso-8859-2", "Mały chłopiec poszedł do szkoły, choć na dworze było już całkiem ciemno i padał gęsty śnieg."},
	{"cs", "windows-1250 iso-8859-2", "Když přišel večer, děti běžely domů, protože venku začalo pršet a vítr byl čím dál silnější."},
	{"hu", "windows-1250 iso-8859-2", "A kisfiú elindult az erdő felé, mert azt hitte, hogy a fák között könnyebben megtalálja az elveszett kutyát."},
	{"ru", "windows-1251 koi8-r iso-8859-5 ibm866", "Когда наступил вечер, дети побежали домой, потому что на улице начался дождь и подул сильный ветер."},
	{"uk", "windows-1251 koi8-u iso-8859-5", "Коли настав вечір, діти побігли додому, бо надворі почався дощ і подув дуже сильний вітер з моря."},
	{"bg", "windows-1251", "Когато настъпи вечерта, децата се прибраха вкъщи, защото навън заваля дъжд и духаше силен вятър."},
	{"el", "windows-1253 iso-8859-7", "Όταν βράδιασε, τα παιδιά έτρεξαν στο σπίτι, γιατί έξω άρχισε να βρέχει και φυσούσε δυνατός αέρας."},
	{"tr", "windows-1254", "Akşam olunca çocuklar eve koştu, çünkü dışarıda yağmur başladı ve çok güçlü bir rüzgâr esiyordu."},
	{"lt", "windows-1257 iso-8859-13", "Kai atėjo vakaras, vaikai nubėgo namo, nes lauke pradėjo lyti ir pūtė labai stiprus vėjas iš jūros."},
	{"lv", "windows-1257 iso-8859-13", "Kad pienāca vakars, bērni skrēja mājās, jo ārā sāka līt lietus un pūta ļoti stiprs vējš no jūras."},
	{"he", "windows-1255 iso-8859-8", "כאשר ירד הערב רצו הילדים הביתה, כי בחוץ התחיל לרדת גשם ונשבה רוח חזקה מאוד מן הים."},
	{"ar", "windows-1256 iso-8859-6", "عندما حل المساء ركض الأطفال إلى البيت لأن المطر بدأ يهطل في الخارج وهبت ريح قوية جدا من البحر."},
	{"th", "windows-874", "เมื่อถึงเวลาเย็น เด็กๆ วิ่งกลับบ้าน เพราะข้างนอกฝนเริ่มตกและลมพัดแรงมาก"},
	{"zh", "gb18030", "傍晚的时候，孩子们都跑回家了，因为外面开始下雨，而且海边吹来了很大的风。"},
	{"zh", "big5", "傍晚的時候，孩子們都跑回家了，因為外面開始下雨，而且海邊吹來了很大的風。"},
	{"ja", "shift_jis euc-jp iso-2022-jp", "夕方になると、子供たちは家に走って帰りました。外では雨が降り始め、海からとても強い風が吹いていたからです。"},
	{"ko", "euc-kr", "저녁이 되자 아이들은 집으로 뛰어갔다. 밖에는 비가 내리기 시작했고 바다에서 매우 강한 바람이 불었기 때문이다."},
}

func encode(t testing.TB, name, text string) []byte {
	t.Helper()
	e, err := htmlindex.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	if name == "macintosh" || name == "iso-8859-13" || name == "iso-8859-15" {
		text = strings.NewReplacer("’", "'").Replace(text)
	}
	b, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

// reference decodes with x/text alone.
func reference(b []byte, name string) ([]byte, error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Bytes(b)
}

// TestUndeclared reads every sentence back without being told its charset.
func TestUndeclared(t *testing.T) {
	for _, s := range sentences {
		for name := range strings.FieldsSeq(s.charsets) {
			for _, text := range []string{s.text, "<html><head><title>A page</title></head>\n<p class=\"x\">" + s.text + "</p></html>"} {
				packed := encode(t, name, text)
				want, _ := reference(packed, name)
				got, as, err := Text(packed, "")
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s in %s was read as %s: %s", s.language, name, as, got)
				}
			}
		}
	}
}

// TestShort reads a few words.
func TestShort(t *testing.T) {
	for _, s := range []struct{ charsets, text string }{
		{"windows-1251 koi8-r iso-8859-5 ibm866", "Привет, мир"},
		{"windows-1251 koi8-r iso-8859-5 ibm866", "ВНИМАНИЕ: Москва"},
		{"windows-1252", "A naïve café in Zürich"},
		{"windows-1252", "It’s “quoted” – with dashes… and so on"},
		{"windows-1250 iso-8859-2", "Příliš žluťoučký kůň"},
		{"windows-1253 iso-8859-7", "Καλημέρα κόσμε"},
		{"shift_jis euc-jp", "こんにちは、世界"},
		{"gb18030", "你好，世界"},
		{"euc-kr", "안녕하세요"},
	} {
		for name := range strings.FieldsSeq(s.charsets) {
			got, as, err := Text(encode(t, name, s.text), "")
			if err != nil || string(got) != s.text {
				t.Errorf("%q in %s was read as %s: %q", s.text, name, as, got)
			}
		}
	}
}

func TestDeclared(t *testing.T) {
	for _, s := range sentences {
		for name := range strings.FieldsSeq(s.charsets) {
			packed := encode(t, name, s.text)
			want, _ := reference(packed, name)
			got, as, err := Text(packed, " "+strings.ToUpper(name)+" ")
			if err != nil || !bytes.Equal(got, want) || as != name {
				t.Errorf("%s in %s was read as %s: %s", s.language, name, as, got)
			}
		}
	}
	// A declaration that is wrong is not believed.
	for declared, packed := range map[string][]byte{
		"iso-8859-1": []byte("Größe über"), "shift_jis": []byte("Größe über"), "utf-8": encode(t, "koi8-r", sentences[10].text),
		"euc-jp": encode(t, "windows-1251", sentences[10].text), "none": encode(t, "windows-1251", sentences[10].text), "us-ascii": []byte("“so”"),
	} {
		got, as, err := Text(packed, declared)
		if err != nil || !strings.Contains("Größe über “so” "+sentences[10].text, string(got)) {
			t.Errorf("declared %s: read as %s: %q, %v", declared, as, got, err)
		}
	}
	if got, as, _ := Text([]byte("caf\xe9"), "latin1"); string(got) != "café" || as != "windows-1252" {
		t.Errorf("%q, %s", got, as)
	}
}

func TestUnicode(t *testing.T) {
	texts := []string{"Plain text, and nothing else.\n", "Größe über €, and more\n", "日本語のテキスト, line\n", "emoji 😀 and text"}
	for _, text := range texts {
		for _, name := range []string{"utf-16le", "utf-16be", "utf-32le", "utf-32be"} {
			e := lookup(name)
			packed, err := e.NewEncoder().Bytes([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			bare := packed
			for _, m := range []string{"\xff\xfe\x00\x00", "\x00\x00\xfe\xff", "\xff\xfe", "\xfe\xff"} {
				if rest, ok := bytes.CutPrefix(packed, []byte(m)); ok {
					bare = rest
					break
				}
			}
			if len(bare) == len(packed) {
				t.Fatalf("%s has no mark", name)
			}
			for kind, b := range map[string][]byte{"with": packed, "without": bare} {
				got, as, err := Text(b, "")
				if err != nil || string(got) != text || as != name {
					t.Errorf("%s %s a mark: %q as %s, %v", name, kind, got, as, err)
				}
			}
		}
	}
	if got, as, err := Text([]byte("\ufefftext"), "koi8-r"); string(got) != "text" || as != "utf-8" || err != nil {
		t.Errorf("%q, %s, %v", got, as, err)
	}
	if got, as, err := Text([]byte("gr\xc3\xb6\xc3\x9fe \xc3\xbcber \xc3"), ""); string(got) != "größe über \ufffd" || as != "utf-8" || err != nil {
		t.Errorf("%q, %s, %v", got, as, err)
	}
	content := []byte("sound text, größe")
	if got, _, _ := Text(content, ""); &got[0] != &content[0] {
		t.Error("UTF-8 is copied")
	}
	if got, as, err := Text(nil, ""); len(got) != 0 || as != "utf-8" || err != nil {
		t.Errorf("%q, %s, %v", got, as, err)
	}
}

func TestBinary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 5000)
	for i := range random {
		random[i] = byte(1 + rng.IntN(255))
	}
	for name, b := range map[string][]byte{
		"PNG":            []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x06"),
		"ELF":            append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 60)...),
		"zeros":          make([]byte, 100),
		"noise":          random,
		"ASCII controls": bytes.Repeat([]byte{1, 2, 'a'}, 100),
	} {
		if _, as, err := Text(b, "windows-1252"); !errors.Is(err, ErrBinary) {
			t.Errorf("%s is read as %s: %v", name, as, err)
		}
	}
	if _, _, err := Text([]byte("one stray \x00 in a text is no reason to give it up"), ""); err != nil {
		t.Error(err)
	}
}

// TestValid holds that what Text returns is valid UTF-8, whatever comes in.
func TestValid(t *testing.T) {
	names := []string{"", "utf-8", "utf-16", "shift_jis", "gb18030", "iso-2022-jp", "replacement", "x-user-defined", "windows-1258", "\xff"}
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOf(rapid.Byte()).Draw(t, "content")
		before := bytes.Clone(content)
		text, name, err := Text(content, rapid.SampledFrom(names).Draw(t, "declared"))
		if !bytes.Equal(content, before) {
			t.Fatal("the content was changed")
		}
		if err == nil && (!utf8.Valid(text) || name == "") {
			t.Fatalf("%q as %s", text, name)
		}
	})
}

func TestModel(t *testing.T) {
	m := load()
	for _, f := range Families() {
		if f.Whole && len(m.common[f.Name]) < 500 || !f.Whole && m.families[f.Name] == nil {
			t.Errorf("%s is not in the model", f.Name)
		}
	}
	for n := range len(modelFile) {
		if n%97 == 0 {
			if _, err := readModel(modelFile[:n]); err == nil {
				t.Fatalf("a model of %d bytes is read", n)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range sentences {
		for name := range strings.FieldsSeq(s.charsets) {
			f.Add(encode(f, name, s.text), name)
		}
	}
	f.Add([]byte("\xff\xfe\x00\x00"), "")
	f.Add([]byte("\x1b$B%F\x1b(B"), "hz-gb-2312")
	f.Fuzz(func(t *testing.T, content []byte, declared string) {
		text, name, err := Text(content, declared)
		if err != nil {
			return
		}
		if !utf8.Valid(text) || len(text) > 4*len(content)+16 {
			t.Fatalf("%d bytes of %s become %d", len(content), name, len(text))
		}
		if again, _ := Name(content, declared); again != name {
			t.Fatalf("%s and %s", name, again)
		}
	})
}

func BenchmarkText(b *testing.B) {
	ascii := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog. ", 20000))
	legacy := bytes.Repeat(encode(b, "windows-1251", sentences[10].text+"\n"), 5000)
	for name, content := range map[string][]byte{"ASCII": ascii, "UTF-8": []byte(strings.Repeat(sentences[1].text, 8000)), "Cyrillic": []byte(strings.Repeat(sentences[10].text, 4000)), "windows-1251": legacy} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if _, _, err := Text(content, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestEscapeInUTF8: ISO-2022-JP has no bytes beyond ASCII, so that a text with some
// is not taken for it by its escapes.
func TestEscapeInUTF8(t *testing.T) {
	for text, want := range map[string]string{
		"Zo\u00eb writes \x1b$B, which begins a text in ISO-2022-JP": "utf-8",
		"\x1b$B$3$l\x1b(B":           "iso-2022-jp",
		"\x1b$B$3$l\x1b(B caf\u00e9": "utf-8",
	} {
		for _, declared := range []string{"", "utf-8"} {
			got, name, err := Text([]byte(text), declared)
			if err != nil || name != want || want == "utf-8" && string(got) != text {
				t.Errorf("%q is %s: %q, error %v; want %s", text, name, got, err, want)
			}
		}
	}
}
