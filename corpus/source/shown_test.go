package source

import "testing"

func TestShown(t *testing.T) {
	for _, test := range []struct{ path, name, wantPath, wantName string }{
		{"in/a?token=1.txt", "a?token=1.txt", "in/a?token=1.txt", "a?token=1.txt"},
		{"in/bad\xff.txt", "bad\xff.txt", `in/bad\xff.txt`, `bad\xff.txt`},
		{"https://u:p@h.org/a/b?page=2", "b?page=2", "https://h.org/a/b?page=2", "b?page=2"},
		{"https://h.org/@a?x=u:p@b", "@a?x=u:p@b", "https://h.org/@a?x=u:p@b", "@a?x=u:p@b"},
		{
			"https://b.s3.org/k?X-Amz-Signature=0a&id=7&X-Amz-Date=1", "k?X-Amz-Signature=0a&id=7&X-Amz-Date=1",
			"https://b.s3.org/k?X-Amz-Signature=...&id=7&X-Amz-Date=...", "k?X-Amz-Signature=...&id=7&X-Amz-Date=...",
		},
		{"http://h?access_token=x&author=y", "?access_token=x&author=y", "http://h?access_token=...&author=y", "?access_token=...&author=y"},
	} {
		f := File{Path: test.path, Name: test.name}
		if path, name := f.Shown(); path != test.wantPath || name != test.wantName {
			t.Errorf("%q: %q, %q", test.path, path, name)
		}
	}
	if got := ShownPattern("https://u:p@h.org/*?sig=1"); got != "https://h.org/*?sig=..." {
		t.Error(got)
	}
}
