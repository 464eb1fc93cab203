package serve

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polymath-lm/polymath"
)

// pngOf is a PNG whose header says that size, with chunks after it.
func pngOf(width, height uint32, depth, kind byte, compressed string, chunks ...string) string {
	chunk := func(name, data string) string {
		var b []byte
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		b = append(b, name+data...)
		return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(name+data))))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	text := "\x89PNG\r\n\x1a\n" + chunk("IHDR", string(append(header, depth, kind, 0, 0, 0))) + chunk("IDAT", compressed)
	for _, c := range chunks {
		text += chunk("tEXt", c)
	}
	return text + chunk("IEND", "")
}

// deflated is n zeros, which take a thousandth.
func deflated(n int) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for ; n > 0; n -= len(zeros) {
		_, _ = w.Write(zeros[:min(n, len(zeros))])
	}
	_ = w.Close()
	return b.String()
}

// Many clients that send pictures which are small to send and large to decode take
// the memory of two, and others are answered meanwhile.
func TestBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes large pictures")
	}
	const clients, side = 10, 2400              // 46 MB each while it is decoded, in 16 bits, and 17 MB after
	compressed := deflated(side * (1 + 8*side)) // RGBA
	s := siteOf(t, realModel(t, true), nil)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var done atomic.Int64
	var group sync.WaitGroup
	for i := range clients {
		body := showing("", dataURL(pngOf(side, side, 16, 6, compressed, fmt.Sprint("number\x00", i))))
		if len(body) > 1<<20 {
			t.Fatalf("%d bytes are no bomb", len(body))
		}
		group.Go(func() {
			if a := s.post(chatPath, body); a.status != http.StatusOK {
				t.Error(a.text)
			}
			done.Add(1)
		})
	}
	if a := s.post(chatPath, say("A stitch", `,"max_tokens":4`)); a.status != http.StatusOK || done.Load() == clients {
		t.Errorf("a text is answered after %d of %d bombs: %s", done.Load(), clients, a.text)
	}
	most := uint64(0)
	for done.Load() < clients {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc)
		if a := s.do("GET", "/health", ""); a.status != http.StatusOK {
			t.Error(a.text)
		}
		time.Sleep(20 * time.Millisecond)
	}
	group.Wait()
	// Two at a time, and what the collector has not come to yet.
	const decoding = side * side * (8 + 3)
	if took := int64(most) - int64(before.HeapAlloc); took > 2*2*decoding+100<<20 {
		t.Errorf("%d bombs took %d MiB, one takes %d", clients, took>>20, decoding>>20)
	} else {
		t.Logf("%d bombs took %d MiB, one takes %d", clients, took>>20, decoding>>20)
	}
}

// More than may wait are told to come again, and who leaves makes room.
func TestImageQueue(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes large pictures")
	}
	const clients, side = 10, 2000
	compressed := deflated(side * (1 + 8*side))
	s := siteOf(t, realModel(t, true), []polymath.Option{polymath.WithQueueLimit(1), polymath.WithMaxBatch(16)})
	var busy, served atomic.Int64
	var group sync.WaitGroup
	for i := range clients {
		body := showing("", dataURL(pngOf(side, side, 16, 6, compressed, fmt.Sprint("number\x00", i))))
		group.Go(func() {
			switch a := s.post(chatPath, body); {
			case a.status == http.StatusOK:
				served.Add(1)
			case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" && strings.Contains(a.text, "overloaded"):
				busy.Add(1)
			default:
				t.Error(a.text)
			}
		})
	}
	group.Wait()
	if busy.Load() == 0 || served.Load() == 0 {
		t.Errorf("%d served, %d turned away", served.Load(), busy.Load())
	}
}
