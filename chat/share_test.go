package chat

import (
	"sync"
	"testing"
)

// TestTemplatesAreShared renders with one template from several goroutines.
func TestTemplatesAreShared(t *testing.T) {
	conversations := readConversations(t)
	for name, tpl := range allTemplates(t) {
		for which, c := range conversations {
			want, wantErr := tpl.Render(c, RenderOptions{Prompt: true})
			var wait sync.WaitGroup
			for range 4 {
				wait.Go(func() {
					got, err := tpl.Render(c, RenderOptions{Prompt: true})
					if joinSegments(got) != joinSegments(want) || (err == nil) != (wantErr == nil) {
						t.Errorf("%s, %s: %q, then %q", name, which, joinSegments(want), joinSegments(got))
					}
				})
			}
			wait.Wait()
		}
	}
}
