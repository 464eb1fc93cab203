package serve

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// keyPrefix begins every key, so that tools that look for leaked keys find it.
const keyPrefix = "sk-pm-"

// ErrKey is what errors are (errors.Is) about keys that do not exist or settings
// that make no sense.
var ErrKey = errors.New("bad key")

// keyError is such an error, a sentence of its own.
type keyError string

func (e keyError) Error() string { return string(e) }

// Is reports whether target is ErrKey.
func (e keyError) Is(target error) bool { return target == ErrKey }

func keyErrorf(format string, args ...any) error { return keyError(fmt.Sprintf(format, args...)) }

// Key is what the key file says of an API key; the key itself is shown once,
// when it is made, and kept nowhere.
type Key struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Hash is the SHA-256 of the key, in hexadecimal.
	Hash    string    `json:"sha256"`
	Created time.Time `json:"created"`
	// RequestsPerMinute and TokensPerMinute limit the key; 0 is no limit.
	RequestsPerMinute int `json:"requests_per_minute,omitempty"`
	TokensPerMinute   int `json:"tokens_per_minute,omitempty"`
}

// keyFile is the file's JSON.
type keyFile struct {
	Keys []Key `json:"keys"`
}

// ReadKeys returns the keys of the file at path, none if there is no file.
func ReadKeys(path string) ([]Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil // just made: see writePrivate
	}
	var file keyFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s is no file of keys: %w", path, err)
	}
	for i, k := range file.Keys {
		if hash, err := hex.DecodeString(k.Hash); err != nil || len(hash) != sha256.Size || k.ID == "" {
			return nil, fmt.Errorf("%s is no file of keys: key %d has no id or no SHA-256", path, i)
		}
	}
	return file.Keys, nil
}

// AddKey makes a key with these limits (0: none), adds it to the file at path,
// which it creates if need be, and returns the key itself.
func AddKey(path, name string, requestsPerMinute, tokensPerMinute int) (secret string, k Key, err error) {
	switch {
	case strings.TrimSpace(name) == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", Key{}, keyErrorf("a key needs a name, in one line")
	case requestsPerMinute < 0 || tokensPerMinute < 0:
		return "", Key{}, keyErrorf("a key's limits are 1 or more, or 0 for none")
	}
	var random [32]byte
	_, _ = rand.Read(random[:]) // crypto/rand ends the program rather than fail
	secret = keyPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	hash := sha256.Sum256([]byte(secret))
	k = Key{
		ID: "key_" + strings.ToLower(rand.Text()[:10]), Name: name, Hash: hex.EncodeToString(hash[:]),
		Created: time.Now().UTC().Truncate(time.Second), RequestsPerMinute: requestsPerMinute, TokensPerMinute: tokensPerMinute,
	}
	err = changeKeys(path, func(keys []Key) ([]Key, error) {
		for _, old := range keys {
			if old.Name == name {
				return nil, keyErrorf("there is a key with the name %q already, %s: revoke it first, or choose another name", name, old.ID)
			}
		}
		return append(keys, k), nil
	})
	return secret, k, err
}

// RevokeKey takes the key with that id or name out of the file at path. Servers
// that use the file refuse the key from then on.
func RevokeKey(path, idOrName string) (Key, error) {
	var revoked Key
	err := changeKeys(path, func(keys []Key) ([]Key, error) {
		var kept []Key
		for _, k := range keys {
			if k.ID == idOrName || k.Name == idOrName {
				revoked = k
			} else {
				kept = append(kept, k)
			}
		}
		if revoked.ID == "" {
			return nil, keyErrorf("%s has no key with the id or name %q", path, idOrName)
		}
		return kept, nil
	})
	return revoked, err
}

// changeKeys rewrites the file; only its owner may read it.
func changeKeys(path string, change func([]Key) ([]Key, error)) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	unlock, err := waitLock(dir)
	if err != nil {
		return err
	}
	defer func() { _ = unlock() }() // nothing is lost with it
	keys, err := ReadKeys(path)
	if err != nil {
		return err
	}
	if keys, err = change(keys); err != nil {
		return err
	}
	if keys == nil {
		keys = []Key{}
	}
	text, err := json.MarshalIndent(keyFile{keys}, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(path, append(text, '\n'))
}

// waitLock waits a moment for another change of the file to end.
func waitLock(dir string) (unlock func() error, err error) {
	const tries, pause = 100, 20 * time.Millisecond
	for range tries {
		if unlock, err = atomicfile.Lock(dir); err == nil {
			return unlock, nil
		}
		time.Sleep(pause)
	}
	return nil, err
}

// writePrivate writes a file that only its owner may read. atomicfile keeps the
// permission of the file that is there.
func writePrivate(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(file.Chmod(0o600), file.Close())
	}
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(path, text)
	return err
}

// match returns the key that secret is, or nil. It compares with every key in
// full, so that the time it takes tells nothing.
func match(keys []*keyState, secret string) *keyState {
	hash := sha256.Sum256([]byte(secret))
	var found *keyState
	for _, k := range keys {
		if subtle.ConstantTimeCompare(hash[:], k.hash) == 1 {
			found = k
		}
	}
	return found
}
