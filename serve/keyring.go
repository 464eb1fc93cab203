package serve

import (
	"encoding/hex"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// keyring is the file of keys as a server uses it: read again when it changes.
type keyring struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	stamp  os.FileInfo // of the file that was read; nil: none
	keys   []*keyState
	states map[string]*keyState // by id, so that limits outlive a change
}

// keyState is a key and what is left of its limits.
type keyState struct {
	Key
	hash             []byte
	requests, tokens *rate.Limiter // nil: no limit
}

// newKeyring reads the file, which must be sound.
func newKeyring(path string, log *slog.Logger) (*keyring, error) {
	k := &keyring{path: path, log: log, states: map[string]*keyState{}}
	stamp, _ := os.Stat(path) // no file: no keys yet
	keys, err := ReadKeys(path)
	if err != nil {
		return nil, err
	}
	k.stamp = stamp
	k.set(keys)
	return k, nil
}

// set takes keys into use.
func (k *keyring) set(keys []Key) {
	states := make(map[string]*keyState, len(keys))
	k.keys = k.keys[:0:0]
	for _, key := range keys {
		state := &keyState{Key: key}
		state.hash, _ = hex.DecodeString(key.Hash) // ReadKeys has checked it
		state.requests = perMinute(key.RequestsPerMinute)
		state.tokens = perMinute(key.TokensPerMinute)
		if old := k.states[key.ID]; old != nil {
			if old.RequestsPerMinute == key.RequestsPerMinute {
				state.requests = old.requests
			}
			if old.TokensPerMinute == key.TokensPerMinute {
				state.tokens = old.tokens
			}
		}
		states[key.ID] = state
		k.keys = append(k.keys, state)
	}
	k.states = states
}

func perMinute(n int) *rate.Limiter {
	if n == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(float64(n)/60), n)
}

// refresh reads the file again if it has changed. A file that has become
// unreadable leaves the keys as they were, and says so once.
func (k *keyring) refresh() {
	stamp, err := os.Stat(k.path)
	if err != nil {
		stamp = nil
	}
	if sameFile(stamp, k.stamp) {
		return
	}
	k.stamp = stamp
	keys, err := ReadKeys(k.path)
	if err != nil {
		k.log.Error("keys not read again", "error", err.Error())
		return
	}
	k.set(keys)
	k.log.Info("keys read again", "file", k.path, "keys", len(keys))
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// find returns the key that secret is, or nil.
func (k *keyring) find(secret string) *keyState {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refresh()
	return match(k.keys, secret)
}

// authorize finds the key of a request and takes one request from its limit.
func (x *exchange) authorize() *apiError {
	if x.s.keys == nil {
		return nil
	}
	header := x.r.Header.Get("Authorization")
	scheme, secret, _ := strings.Cut(header, " ")
	if header == "" || !strings.EqualFold(scheme, "Bearer") || secret == "" {
		x.w.Header().Set("WWW-Authenticate", "Bearer")
		return &apiError{
			status: http.StatusUnauthorized, kind: typeAuth, code: "invalid_api_key",
			message: "You didn't provide an API key. Send it in the header 'Authorization: Bearer YOUR_KEY'.",
		}
	}
	if x.key = x.s.keys.find(strings.TrimSpace(secret)); x.key == nil {
		x.w.Header().Set("WWW-Authenticate", "Bearer")
		return &apiError{
			status: http.StatusUnauthorized, kind: typeAuth, code: "invalid_api_key",
			message: "Incorrect API key provided; it does not exist here or has been revoked.",
		}
	}
	defer x.rateHeaders()
	return take(x.key.requests, 1, "requests", x.key.RequestsPerMinute)
}

// take takes n from a limit, or says when it can be had.
func take(l *rate.Limiter, n int, what string, limit int) *apiError {
	if l == nil {
		return nil
	}
	now := time.Now()
	fault := &apiError{status: http.StatusTooManyRequests, kind: what, code: "rate_limit_exceeded"}
	if n > limit {
		fault.message = "Request too large: it has " + strconv.Itoa(n) + " tokens and this key may use " + strconv.Itoa(limit) + " per minute. Make it smaller; waiting does not help."
		return fault
	}
	r := l.ReserveN(now, n)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now)
	fault.retryAfter = wait
	fault.message = "Rate limit reached for " + what + " per minute: this key has a limit of " + strconv.Itoa(limit) + ". Please try again in " + waitText(wait) + "."
	return fault
}

// payPrompt takes the tokens of a prompt from the key's limit; count is asked
// only where there is one.
func (x *exchange) payPrompt(count func() (int, error), param string) *apiError {
	if x.key == nil || x.key.tokens == nil {
		return nil
	}
	n, err := count()
	if err != nil {
		return x.ended(err, param)
	}
	defer x.rateHeaders()
	return take(x.key.tokens, n, "tokens", x.key.TokensPerMinute)
}

// payCompletion takes tokens that were generated, also more than are left: the
// next request waits for them.
func (x *exchange) payCompletion(n int) {
	if x.key == nil || x.key.tokens == nil {
		return
	}
	for burst := x.key.TokensPerMinute; n > 0; n -= burst {
		x.key.tokens.ReserveN(time.Now(), min(n, burst))
	}
}

// rateHeaders says what is left.
func (x *exchange) rateHeaders() {
	set := func(what string, limit int, l *rate.Limiter) {
		if l == nil {
			return
		}
		left := l.Tokens()
		full := time.Duration((float64(limit) - left) / float64(limit) * float64(time.Minute))
		h := x.w.Header()
		h.Set("x-ratelimit-limit-"+what, strconv.Itoa(limit))
		h.Set("x-ratelimit-remaining-"+what, strconv.Itoa(max(int(left), 0)))
		h.Set("x-ratelimit-reset-"+what, waitText(full))
	}
	set("requests", x.key.RequestsPerMinute, x.key.requests)
	set("tokens", x.key.TokensPerMinute, x.key.tokens)
}

// waitText writes a duration as OpenAI's headers do: 6m0s, 1.5s, 20ms.
func waitText(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}
