package par

import "testing"

func TestFreeList(t *testing.T) {
	var f FreeList[int]
	a, b := f.Get(), f.Get()
	if a == b {
		t.Fatal("two holders of one value")
	}
	*a, *b = 1, 2
	f.Put(a)
	f.Put(b)
	if c, d := f.Get(), f.Get(); c == d || *c+*d != 3 {
		t.Errorf("got %d and %d of 1 and 2", *c, *d)
	}
	if c := f.Get(); *c != 0 {
		t.Errorf("a new value is %d", *c)
	}
}
