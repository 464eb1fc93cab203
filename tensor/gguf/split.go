package gguf

import (
	"fmt"
	"path/filepath"
	"strings"
)

// The keys by which the parts of a model know each other.
const (
	splitNoKey      = "split.no"
	splitCountKey   = "split.count"
	splitTensorsKey = "split.tensors.count"
)

// addAll opens the file and, where it is the first of several parts, the others.
func (f *File) addAll() error {
	h, err := f.add(f.path)
	if err != nil {
		return err
	}
	f.metadata = h.metadata(f.path)
	no, count, err := partOf(f.metadata)
	switch {
	case err != nil:
		return err
	case count <= 1:
		return nil
	}
	prefix, ok := strings.CutSuffix(f.path, partSuffix(no, count))
	switch {
	case !ok:
		return fmt.Errorf("%s is part %d of %d: its name must end in %s", f.path, no+1, count, partSuffix(no, count))
	case no != 0:
		return fmt.Errorf("%s is part %d of %d: open the first, %s", f.path, no+1, count, filepath.Base(prefix+partSuffix(0, count)))
	}
	for i := 1; i < count; i++ {
		if err := f.addPart(prefix+partSuffix(i, count), i, count); err != nil {
			return err
		}
	}
	want, err := f.metadata.Uint(splitTensorsKey)
	if err == nil && want != len(f.names) {
		err = fmt.Errorf("%s: %s is %d, but the parts hold %d tensors", f.path, splitTensorsKey, want, len(f.names))
	}
	return err
}

// addPart opens part no, counted from 0.
func (f *File) addPart(path string, no, count int) error {
	h, err := f.add(path)
	if err != nil {
		return err
	}
	gotNo, gotCount, err := partOf(h.metadata(path))
	if err == nil && (gotNo != no || gotCount != count) {
		err = fmt.Errorf("%s says it is part %d of %d", path, gotNo+1, gotCount)
	}
	return err
}

func partSuffix(no, count int) string { return fmt.Sprintf("-%05d-of-%05d.gguf", no+1, count) }

// partOf returns which part of how many a file is; a whole file is 0 of 1.
func partOf(m *Metadata) (no, count int, err error) {
	if !m.Has(splitCountKey) {
		return 0, 1, nil
	}
	if count, err = m.Uint(splitCountKey); err != nil || count <= 1 {
		return 0, 1, err
	}
	if no, err = m.Uint(splitNoKey); err == nil && no >= count {
		err = fmt.Errorf("%s: %s is %d of %d", m.path, splitNoKey, no, count)
	}
	return no, count, err
}

func (h *header) metadata(path string) *Metadata {
	return &Metadata{path: path, pairs: h.pairs, index: h.index}
}
