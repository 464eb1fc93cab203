package terminal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// maxHistory is how many entries are kept, and maxHistoryBytes how much of the
// file is read.
const (
	maxHistory      = 1000
	maxHistoryBytes = 8 << 20
)

// history is what was typed, oldest first, and a place in it.
type history struct {
	path    string // empty: kept in memory alone
	entries []string
	at      int    // len(entries): the text being typed
	draft   string // that text, while looking at others
}

// readHistory reads a history file: one JSON string in each line. What is no
// such line is left out. A file that is not there is empty.
func readHistory(path string) (*history, error) {
	h := &history{path: path}
	if path == "" {
		return h, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxHistoryBytes {
		if _, err := f.Seek(-maxHistoryBytes, 2); err != nil {
			return h, err
		}
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxHistoryBytes)
	for lines.Scan() {
		var text string
		if json.Unmarshal(lines.Bytes(), &text) == nil && text != "" {
			h.entries = append(h.entries, text)
		}
	}
	h.entries = h.entries[max(0, len(h.entries)-maxHistory):]
	h.at = len(h.entries)
	return h, lines.Err()
}

// add keeps text, in the file too, unless it repeats the entry before.
func (h *history) add(text string) error {
	if n := len(h.entries); n > 0 && h.entries[n-1] == text {
		h.at = n
		return nil
	}
	h.entries = append(h.entries, text)
	h.at = len(h.entries)
	if h.path == "" {
		return nil
	}
	line, err := json.Marshal(text)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// shrink rewrites a file that has grown to twice what is kept: whole or not at all, so
// that a crash meanwhile does not lose it.
func (h *history) shrink() error {
	info, err := os.Stat(h.path)
	if h.path == "" || err != nil || info.Size() < maxHistoryBytes/2 {
		return nil
	}
	var b strings.Builder
	for _, text := range h.entries {
		line, err := json.Marshal(text)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	path, err := filepath.EvalSymlinks(h.path) // a linked file stays linked
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	if _, err := atomicfile.WriteBytes(path, []byte(b.String())); err != nil { // readable by whom it was
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// older returns the entry before, and keeps current to come back to; false at
// the oldest.
func (h *history) older(current string) (string, bool) {
	if h.at == 0 {
		return "", false
	}
	if h.at == len(h.entries) {
		h.draft = current
	}
	h.at--
	return h.entries[h.at], true
}

// newer returns the entry after, at last the text that was being typed; false
// if that is it.
func (h *history) newer() (string, bool) {
	if h.at == len(h.entries) {
		return "", false
	}
	h.at++
	if h.at == len(h.entries) {
		return h.draft, true
	}
	return h.entries[h.at], true
}

// leave goes back to the text being typed.
func (h *history) leave() { h.at = len(h.entries) }
