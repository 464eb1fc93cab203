package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path"
	"runtime"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
)

const limitMake = "the same bytes made, fetched and hashed"

// syntheticFile is about how many bytes of JSON one address holds at most.
const syntheticFile = 256 << 20

// synthetic builds a corpus of text that a server in this process makes while it
// is read: only what the build keeps comes to the disk.
func (b *corpusBench) synthetic(ctx context.Context) error {
	v := newVocabulary()
	tokens, err := b.tokenizer()
	if err != nil {
		return err
	}
	address, stop, err := serveSynthetic(v, int(min(b.Synthetic, syntheticFile)))
	if err != nil {
		return err
	}
	defer stop()
	threads := b.Threads[len(b.Threads)-1]
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	r, err := corpusRecipe("synthetic", b.path("built"), address+"/0.jsonl", tokens,
		"[unicode, language: {min_score: 0}, gopher_repetition, gopher_quality, c4, private]", threads)
	if err != nil {
		return err
	}
	for i := int64(1); i < (b.Synthetic+syntheticFile/2)/syntheticFile; i++ {
		r.Sources[0].Paths = append(r.Sources[0].Paths, fmt.Sprintf("%s/%d.jsonl", address, i))
	}
	limit, err := fetchRate(ctx, r.Sources[0].Path)
	if err != nil {
		return err
	}
	cpu := cpuSeconds()
	var m *corpus.Manifest
	size := int64(0)
	took := b.once(1, 0, func() {
		if m, err = corpus.Build(ctx, r, corpus.Options{}); err == nil {
			size = m.Sources[0].Funnel.Read.Bytes
		}
	})
	if err != nil {
		return err
	}
	result := Result{Name: threadsName("build of synthetic text", threads), Unit: "B/s", LimitOf: limitMake, Threads: threads, Detail: funnelOf(m)}
	result.Detail["CPU, ns per byte"] = 1e9 * (cpuSeconds() - cpu) / float64(size)
	result.Detail["peak memory, MiB"] = float64(peakMemory()) / (1 << 20)
	result.Detail["files"] = float64(m.Sources[0].Files)
	b.emit(result, []float64{took.rate * float64(size)}, []float64{limit})
	return nil
}

// fetchRate measures how fast one file is made, in bytes per second.
func fetchRate(ctx context.Context, address string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	size := int64(0)
	m := (&corpusBench{}).once(1, 0, func() {
		var res *http.Response
		if res, err = http.DefaultClient.Do(request); err == nil {
			size, err = io.Copy(sha256.New(), res.Body)
			err = errors.Join(err, res.Body.Close())
		}
	})
	return m.rate * float64(size), err
}

// serveSynthetic serves N.jsonl, of about size bytes, for every N.
func serveSynthetic(v *vocabulary, size int) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := 0
		if _, err := fmt.Sscanf(path.Base(r.URL.Path), "%d.jsonl", &number); err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/jsonl")
		w.Header().Set("ETag", fmt.Sprintf("%q", path.Base(r.URL.Path)))
		if r.Method == http.MethodHead {
			return
		}
		out := bufio.NewWriterSize(w, 1<<18)
		if err := v.file(out, number, size); err == nil {
			_ = out.Flush() // the reader notices
		}
	})}
	go func() { _ = s.Serve(l) }() // until stop
	return "http://" + l.Addr().String(), func() { _ = s.Close() }, nil
}

// texts are the first documents.
func (v *vocabulary) texts(n int) [][]byte {
	texts := make([][]byte, n)
	for i := range texts {
		texts[i] = bytes.ReplaceAll(v.document(nil, 0, i), []byte(`\n`), []byte("\n"))
	}
	return texts
}

// file writes one file of synthetic documents, of about that many bytes.
func (v *vocabulary) file(out io.Writer, number, most int) error {
	var line []byte
	for i, size := 0, 0; size < most; i++ {
		line = append(line[:0], `{"text":"`...)
		line = append(v.document(line, number, i), "\"}\n"...)
		size += len(line)
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// vocabulary is words as often as they are in text: the chance of a word is
// nearly inverse to its rank.
type vocabulary struct {
	words []string
	table [1 << 16]uint16 // words by lot
}

func newVocabulary() *vocabulary {
	v := &vocabulary{words: strings.Fields("the of and to in is that it was for with as be on have by this are not from")}
	random := rand.New(rand.NewPCG(2, 3))
	syllables := strings.Fields("ba be bo ca ce co da de di do fa fe ga go ha he la le li lo ma me mi mo na ne no pa pe po ra re ri ro sa se si so ta te ti to va ve wa we al an ar en er es in ing ion ter ment ly")
	for len(v.words) < 40000 {
		word := ""
		for range 2 + random.IntN(3) {
			word += syllables[random.IntN(len(syllables))]
		}
		v.words = append(v.words, word)
	}
	total := 0.0
	for rank := range v.words {
		total += 1 / (float64(rank) + 2.7)
	}
	at, sum := 0, 0.0
	for rank := range v.words {
		sum += 1 / (float64(rank) + 2.7)
		for ; at < len(v.table) && float64(at) < sum/total*float64(len(v.table)); at++ {
			v.table[at] = uint16(rank)
		}
	}
	return v
}

// document appends document i of a file, as the inside of a JSON string. Of
// twenty documents one is nearly one of another file, and of a hundred one is
// the same.
func (v *vocabulary) document(dst []byte, file, i int) []byte {
	changed := uint64(0)
	other := rand.NewPCG(uint64(i), uint64(file))
	switch { // the documents before are none of these
	case file > 0 && i%20 == 19:
		file, i, changed = file-1-i%file, i-1, 2
	case file > 0 && i%100 == 50:
		file, i = file-1-i%file, i-1
	}
	random := rand.NewPCG(uint64(file), uint64(i))
	for range 4 + random.Uint64()%12 {
		for range 2 + random.Uint64()%6 {
			dst = v.sentence(dst, random, other, changed)
		}
		dst = append(dst[:len(dst)-1], `\n\n`...)
	}
	return dst
}

// sentence appends one, of whose 1000 words some are others.
func (v *vocabulary) sentence(dst []byte, random, other *rand.PCG, changed uint64) []byte {
	n := int(8 + random.Uint64()%16)
	var lot uint64
	for k := range n {
		if k%4 == 0 {
			lot = random.Uint64()
		}
		word := v.words[v.table[uint16(lot)]]
		lot >>= 16
		if changed > 0 && other.Uint64()%1000 < changed {
			word = v.words[other.Uint64()%uint64(len(v.words))]
		}
		at := len(dst)
		dst = append(append(dst, word...), ' ')
		if k == 0 {
			dst[at] -= 'a' - 'A'
		}
	}
	return append(dst[:len(dst)-1], ". "...)
}
