package serve

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config", "keys.json")
	if keys, err := ReadKeys(path); err != nil || keys != nil {
		t.Fatal(keys, err)
	}
	secret, k, err := AddKey(path, "laptop", 10, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret, "sk-pm-") || len(secret) != 6+43 {
		t.Errorf("%q is no key of 256 bits", secret)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	text, _ := os.ReadFile(path)
	if strings.Contains(string(text), secret[6:]) {
		t.Error("the key itself is in the file")
	}
	if hash, err := hex.DecodeString(k.Hash); err != nil || len(hash) != 32 {
		t.Error(k.Hash)
	}
	if _, _, err := AddKey(path, "laptop", 0, 0); !errors.Is(err, ErrKey) || !strings.HasPrefix(err.Error(), `there is a key with the name "laptop" already, `+k.ID+":") {
		t.Error("a name twice:", err)
	}
	for _, name := range []string{"", " ", "a\nb"} {
		if _, _, err := AddKey(path, name, 0, 0); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, _, err := AddKey(path, "x", -1, 0); !errors.Is(err, ErrKey) || !strings.HasPrefix(err.Error(), "a key's limits are ") {
		t.Error(err)
	}
	other, second, err := AddKey(path, "server", 0, 0)
	if err != nil || other == secret {
		t.Fatal(err)
	}
	keys, err := ReadKeys(path)
	if err != nil || len(keys) != 2 || keys[0] != k || keys[1] != second {
		t.Error(keys, err)
	}
	if _, err := RevokeKey(path, "laptop"); err != nil {
		t.Error(err)
	}
	if _, err := RevokeKey(path, k.ID); !errors.Is(err, ErrKey) {
		t.Error("revoked twice:", err)
	}
	if _, err := RevokeKey(path, second.ID); err != nil {
		t.Error(err)
	}
	if keys, err := ReadKeys(path); err != nil || len(keys) != 0 {
		t.Error(keys, err)
	}
}

func TestKeyFileDamaged(t *testing.T) {
	dir := t.TempDir()
	for i, text := range []string{`{`, `[]`, `{"keys":[{"id":"a"}]}`, `{"keys":[{"id":"a","sha256":"zz"}]}`, `{"kyes":[]}`} {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKeys(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", text, err)
		}
		if _, _, err := AddKey(path, "x", 0, 0); err == nil {
			t.Errorf("%s was overwritten", text)
		}
		if _, err := New([]Named{{"fake", newFake()}}, Options{Keys: path}); err == nil {
			t.Errorf("%s was served", text)
		}
	}
}

// Keys added at the same time are all there.
func TestKeyFileTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if _, _, err := AddKey(path, fmt.Sprint("key", i), 0, 0); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if keys, err := ReadKeys(path); err != nil || len(keys) != 8 {
		t.Error(len(keys), err)
	}
}

func FuzzKeyFile(f *testing.F) {
	f.Add([]byte(`{"keys":[{"id":"key_a","name":"n","sha256":"` + strings.Repeat("0", 64) + `","created":"2026-01-02T03:04:05Z","requests_per_minute":1}]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Add([]byte(` `))
	path := filepath.Join(f.TempDir(), "keys.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKeys(path); err == nil {
			if _, err := newKeyring(path, slog.New(slog.DiscardHandler)); err != nil {
				t.Error(err)
			}
		}
	})
}

// keyed gives a site a file of keys.
func keyed(t *testing.T) (path string, change func(*Options)) {
	path = filepath.Join(t.TempDir(), "keys.json")
	return path, func(o *Options) { o.Keys = path }
}

func TestKeysAsked(t *testing.T) {
	path, keys := keyed(t)
	s := newSite(t, keys)
	secret, k, err := AddKey(path, "laptop", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	body := say("say x", "")
	for _, header := range []string{"", "Bearer", "Basic " + secret, "Bearer sk-pm-wrong", "Bearer " + secret + "x", "Bearer " + secret[:len(secret)-1]} {
		headers := []string{"Authorization", header}
		if header == "" {
			headers = nil
		}
		a := s.post(chatPath, body, headers...)
		faultCase{header, chatPath, "", 401, "invalid_api_key", "", "API key"}.check(t, a)
		if a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Error(a.header)
		}
	}
	for _, path := range []string{"/v1/models", "/v1/models/fake"} {
		if a := s.do("GET", path, ""); a.status != 401 {
			t.Error(path, a.status)
		}
	}
	for _, path := range []string{"/health", "/ready", "/openapi.json", "/metrics"} {
		if a := s.do("GET", path, ""); a.status != 200 {
			t.Error(path, a.status)
		}
	}
	if a := s.post(chatPath, body, "Authorization", "bearer "+secret); a.status != 200 {
		t.Error(a.text)
	}
	if log := s.log.String(); !strings.Contains(log, "key="+k.ID) || strings.Contains(log, secret) {
		t.Error(log)
	}
	if _, err := RevokeKey(path, "laptop"); err != nil {
		t.Fatal(err)
	}
	if a := s.post(chatPath, body, "Authorization", "Bearer "+secret); a.status != 401 {
		t.Error("revoked:", a.status)
	}
	// A file that breaks keeps the keys that were.
	again, _, err := AddKey(path, "again", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.post(chatPath, body, "Authorization", "Bearer "+again); a.status != 200 {
		t.Error(a.text)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := s.post(chatPath, body, "Authorization", "Bearer "+again); a.status != 200 || !strings.Contains(s.log.String(), "keys not read again") {
		t.Error(a.text)
	}
}

func TestRequestLimit(t *testing.T) {
	path, keys := keyed(t)
	s := newSite(t, keys)
	secret, _, err := AddKey(path, "few", 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	auth := []string{"Authorization", "Bearer " + secret}
	for left := 1; left >= 0; left-- {
		a := s.post(chatPath, say("say x", ""), auth...)
		if a.status != 200 || a.header.Get("x-ratelimit-limit-requests") != "2" ||
			a.header.Get("x-ratelimit-remaining-requests") != fmt.Sprint(left) || a.header.Get("x-ratelimit-limit-tokens") != "" {
			t.Error(a.status, a.header)
		}
		if reset, err := time.ParseDuration(a.header.Get("x-ratelimit-reset-requests")); err != nil || reset < 20*time.Second || reset > time.Minute {
			t.Error(reset, err)
		}
	}
	a := s.post(chatPath, say("say x", ""), auth...)
	faultCase{"third", chatPath, "", 429, "rate_limit_exceeded", "", "limit of 2"}.check(t, a)
	if a.header.Get("Retry-After") == "" || a.header.Get("x-ratelimit-remaining-requests") != "0" {
		t.Error(a.header)
	}
	// Another key has its own.
	other, _, err := AddKey(path, "other", 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.post(chatPath, say("say x", ""), "Authorization", "Bearer "+other); a.status != 200 {
		t.Error(a.text)
	}
	// A change of the file does not give the first its requests back.
	if a := s.post(chatPath, say("say x", ""), auth...); a.status != 429 {
		t.Error(a.text)
	}
}

func TestTokenLimit(t *testing.T) {
	path, keys := keyed(t)
	s := newSite(t, keys)
	secret, _, err := AddKey(path, "few", 0, 60)
	if err != nil {
		t.Fatal(err)
	}
	auth := []string{"Authorization", "Bearer " + secret}
	// 27 tokens of prompt, 21 of completion.
	a := s.post(chatPath, say("say "+strings.Repeat("x", 21), ""), auth...)
	if a.status != 200 || a.header.Get("x-ratelimit-limit-tokens") != "60" || a.header.Get("x-ratelimit-remaining-tokens") != "33" {
		t.Error(a.status, a.header)
	}
	// 12 are left.
	a = s.post("/v1/completions", `{"model":"fake","prompt":"say xxxxxxxxxxxxxx"}`, auth...)
	faultCase{"second", "", "", 429, "rate_limit_exceeded", "", "limit of 60"}.check(t, a)
	a = s.post("/v1/embeddings", `{"model":"fake","input":[1,2,3]}`, auth...)
	if a.status != 200 {
		t.Error(a.text)
	}
	a = s.post("/v1/responses", `{"model":"fake","input":"`+strings.Repeat("x", 100)+`"}`, auth...)
	faultCase{"never", "", "", 429, "rate_limit_exceeded", "", "too large"}.check(t, a)
	if a.header.Get("Retry-After") != "" {
		t.Error("waiting does not help, and it is said to:", a.header)
	}
	// A completion may take more than is left; the next request waits for it.
	other, _, err := AddKey(path, "other", 0, 60)
	if err != nil {
		t.Fatal(err)
	}
	auth[1] = "Bearer " + other
	if a = s.post(chatPath, say("count 100", ""), auth...); a.status != 200 {
		t.Error(a.text)
	}
	a = s.post("/v1/embeddings", `{"model":"fake","input":[1]}`, auth...)
	faultCase{"in debt", "", "", 429, "rate_limit_exceeded", "", "try again in 5"}.check(t, a)
}

// A disk that fails leaves the file whole: as it was, or with the new key where
// the failure came after that.
func TestKeyFileFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, _, err := AddKey(path, "first", 0, 0); err != nil {
		t.Fatal(err)
	}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if _, _, err := AddKey(path, "second", 0, 0); err != nil {
		t.Fatal(err)
	}
	ops := disk.Ops()
	if ops < 5 {
		t.Fatal(disk.Log())
	}
	for op := range ops {
		if _, err := RevokeKey(path, "second"); err != nil {
			t.Fatal(err)
		}
		disk.Reset()
		disk.FailOp(op, syscall.ENOSPC)
		_, _, err := AddKey(path, "second", 0, 0)
		disk.Reset()
		keys, readErr := ReadKeys(path)
		if err == nil || readErr != nil || len(keys) == 0 || keys[0].Name != "first" {
			t.Errorf("failure %d: %v, %v, %v", op, err, keys, readErr)
		}
		if len(keys) == 1 {
			if _, _, err := AddKey(path, "second", 0, 0); err != nil {
				t.Error(err)
			}
		}
	}
}
