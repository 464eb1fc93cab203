package eval

import (
	"testing"
	"time"
)

// TestBurst: answers that come all at once are on the disk soon, though none follows.
func TestBurst(t *testing.T) {
	dir := t.TempDir()
	j, err := openJournal(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	const burst = 5
	for i := range burst {
		if err := j.add(entry{Record: &Record{Task: "t", Number: i}}); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for began := time.Now(); n < burst && time.Since(began) < 20*syncEvery; time.Sleep(syncEvery / 20) {
		entries, err := readJournals(dir)
		if err != nil {
			t.Fatal(err)
		}
		n = len(entries)
	}
	if n != burst {
		t.Errorf("%d of %d answers are on the disk", n, burst)
	}
	if err := j.close(); err != nil {
		t.Error(err)
	}
}
