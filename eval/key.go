package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// The files of a run's directory.
const (
	settingsFile = "settings.json"
	recordsFile  = "records.jsonl"
	nextFile     = "records-next.jsonl" // records until results.json tells of them
	resultsFile  = "results.json"
)

// key is settings.json: what the answers of a run depend on. A run goes on only
// where it is the same.
type key struct {
	Version  string    `json:"version"` // of the program that began it
	Subject  string    `json:"subject"`
	Print    string    `json:"fingerprint,omitempty"`
	Address  string    `json:"address,omitempty"` // where there is no fingerprint
	Settings Settings  `json:"settings"`
	Tasks    []taskKey `json:"tasks"`
}

type taskKey struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

func keyOf(info SubjectInfo, sheets []Sheet, o *Options) key {
	k := key{Version: o.Version, Subject: info.Name, Print: info.Fingerprint, Settings: o.Settings}
	if k.Print == "" {
		k.Address = info.Address
	}
	for i := range sheets {
		if sheets[i].Skip == "" {
			k.Tasks = append(k.Tasks, taskKey{sheets[i].Task.Name, sheets[i].Hash})
		}
	}
	return k
}

// differences says what another key has that k has not.
func (k *key) differences(other *key) []string {
	var list []string
	say := func(what string, was, is any) {
		if was != is {
			list = append(list, fmt.Sprintf("%s was %v and is %v", what, was, is))
		}
	}
	if k.Print != "" && other.Print != "" {
		if k.Print != other.Print {
			list = append(list, fmt.Sprintf("the model was %s (%.12s) and is %s (%.12s)", k.Subject, k.Print, other.Subject, other.Print))
		}
	} else {
		say("the model", k.Subject, other.Subject)
		if k.Address != "" && other.Address != "" { // which runs of earlier programs do not have
			say("the address", k.Address, other.Address)
		}
	}
	a, b := k.Settings, other.Settings
	say("the seed", a.Seed, b.Seed)
	say("the limit", a.Limit, b.Limit)
	say("the number of shots", orTask(a.Shots, a.Shots < 0), orTask(b.Shots, b.Shots < 0))
	say("the number of samples", orTask(a.Samples, a.Samples == 0), orTask(b.Samples, b.Samples == 0))
	say("chat", a.Chat, b.Chat)
	say("the judge", a.Judge, b.Judge)
	say("images", withheld(a.Blind), withheld(b.Blind))
	say("the cache of keys and values", inBits(k.int8()), inBits(other.int8()))
	drawn := a.Seed == b.Seed && a.Limit == b.Limit && a.Shots == b.Shots
	return append(list, taskDifferences(k.Tasks, other.Tasks, drawn)...)
}

func withheld(blind bool) string {
	if blind {
		return "withheld"
	}
	return "shown"
}

// int8 says that keys and values are in 8 bits. Runs of earlier programs have that in
// the model's name alone.
func (k *key) int8() bool {
	return k.Settings.Int8 || strings.HasSuffix(k.Subject, ", int8 cache")
}

func inBits(int8 bool) string {
	if int8 {
		return "in 8 bits"
	}
	return "in full"
}

// orTask is a setting that may be left to the tasks.
func orTask(n int, left bool) string {
	if left {
		return "each task's own"
	}
	return strconv.Itoa(n)
}

// taskDifferences names tasks that are new, gone or other ones; drawn says that the
// settings which change the items of all tasks are the same.
func taskDifferences(was, is []taskKey, drawn bool) []string {
	var list []string
	old := map[string]string{}
	for _, t := range was {
		old[t.Name] = t.Hash
	}
	for _, t := range is {
		hash, known := old[t.Name]
		delete(old, t.Name)
		switch {
		case !known:
			list = append(list, fmt.Sprintf("task %s is new", t.Name))
		case hash != t.Hash && drawn:
			list = append(list, fmt.Sprintf("task %s has other items or another file (%.12s, was %.12s)", t.Name, t.Hash, hash))
		}
	}
	for _, t := range was {
		if _, left := old[t.Name]; left {
			list = append(list, fmt.Sprintf("task %s is gone", t.Name))
		}
	}
	return list
}

// ErrOther is wrapped where a directory holds another run than the one to go on with.
var ErrOther = errors.New("holds another run")

// lock makes a directory for a run, if it is not there, and keeps others out of it until
// unlock is called. One that holds something else is left as it is.
func lock(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, settingsFile)); errors.Is(err, fs.ErrNotExist) {
		if others, err := os.ReadDir(dir); err != nil || len(visible(others)) > 0 {
			return nil, errors.Join(err, fmt.Errorf("%s is not empty and holds no run: name another directory", dir))
		}
	}
	return atomicfile.Lock(dir)
}

// claim makes a directory that is locked that of a run: a new one, or the one that has the
// same key. What else a run's directory has, such as judgments, stays there.
func claim(dir string, k key, fresh bool) error {
	path := filepath.Join(dir, settingsFile)
	data, err := readLimited(path, 16<<20)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return k.write(path)
	case err != nil:
		return err
	case fresh:
		if err := wipe(dir); err != nil {
			return err
		}
		return k.write(path)
	}
	var old key
	if err := json.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("%s: %w; begin anew", path, err)
	}
	if list := old.differences(&k); len(list) > 0 {
		return fmt.Errorf("%s %w: %s", dir, ErrOther, strings.Join(list, "; "))
	}
	return nil
}

func (k *key) write(path string) error {
	data, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(path, append(data, '\n'))
	return err
}

// visible leaves out locks and what a killed program left behind.
func visible(entries []fs.DirEntry) []fs.DirEntry {
	var list []fs.DirEntry
	for _, e := range entries {
		if e.Name() != atomicfile.LockName && !atomicfile.IsTemporary(e.Name()) {
			list = append(list, e)
		}
	}
	return list
}

// wipe removes the files of a run that are made of its answers. The settings stay until
// the new ones are written, so that the directory is a run's whatever happens.
func wipe(dir string) error {
	if err := removeJournals(dir, math.MaxInt); err != nil {
		return err
	}
	for _, name := range []string{resultsFile, recordsFile, nextFile, "report.html", "report.md"} {
		if err := atomicfile.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
