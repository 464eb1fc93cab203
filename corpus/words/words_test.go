package words

import "testing"

func TestX(t *testing.T) {
	var l List
	for _, s := range []string{"Hello, world. I don't know; it's U.S. e.g. well-known (a.m.) foo:) http://a.bc/d. $5.00km 中文 test naïve Ünï.", "3km. US$5 10a.m. foo/a.m. cannot"} {
		l.Split([]byte(s))
		for _, w := range l.Words {
			t.Logf("%q %+v", w.Text([]byte(s)), w)
		}
	}
}
