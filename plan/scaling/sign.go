package scaling

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// maxFile bounds the files that are read, in bytes.
const maxFile = 4 << 20

// signed is a prediction's file. The signature is over the prediction's JSON without
// its white space.
type signed struct {
	Prediction json.RawMessage `json:"prediction"`
	PublicKey  string          `json:"public_key"`
	Signature  string          `json:"signature"`
}

// Key signs predictions (Ed25519, RFC 8032).
type Key struct{ private ed25519.PrivateKey }

// pemType is the header of a key's file: PKCS #8, which OpenSSL reads too.
const pemType = "PRIVATE KEY"

// LoadKey reads the key in a file, and makes one where there is no file; made tells
// that. Nobody but the file's owner can read it.
func LoadKey(path string) (k *Key, made bool, err error) {
	text, err := atomicfile.ReadSmall(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		k, err = makeKey(path)
		return k, err == nil, err
	}
	if err != nil {
		return nil, false, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, false, fmt.Errorf("%s holds no key: it must be PEM with %s", path, pemType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, false, fmt.Errorf("%s holds a key of another kind than Ed25519", path)
	}
	return &Key{private}, false, nil
}

func makeKey(path string) (*Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // never in the place of another key
	if err != nil {
		return nil, err
	}
	err = pem.Encode(f, &pem.Block{Type: pemType, Bytes: der})
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return &Key{private}, nil
}

// Fingerprint tells one key from another: the first 16 hexadecimal digits of the public
// key's SHA-256.
func (k *Key) Fingerprint() string {
	return fingerprint(k.private.Public().(ed25519.PublicKey))
}

func fingerprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// Sign returns the prediction's file.
func (k *Key) Sign(p *Prediction) ([]byte, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return encode(signed{
		Prediction: text,
		PublicKey:  base64.StdEncoding.EncodeToString(k.private.Public().(ed25519.PublicKey)),
		Signature:  base64.StdEncoding.EncodeToString(ed25519.Sign(k.private, text)),
	})
}

func encode(s signed) ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// Open verifies a prediction's file and returns what it says, with the fingerprint of
// the key that signed it. That the signature is right shows that nothing was changed
// since; who holds the key, and whether their clock was right, it does not: for that,
// publish the file before the run begins.
func Open(text []byte) (p *Prediction, signer string, err error) {
	var s signed
	if err := strict(text, &s); err != nil {
		return nil, "", fmt.Errorf("no prediction: %w", err)
	}
	public, err := base64.StdEncoding.Strict().DecodeString(s.PublicKey)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return nil, "", errors.New("the prediction has no public key")
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(s.Signature)
	if err != nil {
		return nil, "", errors.New("the prediction has no signature")
	}
	var plain bytes.Buffer
	if err := json.Compact(&plain, s.Prediction); err != nil {
		return nil, "", err
	}
	if !ed25519.Verify(public, plain.Bytes(), signature) {
		return nil, "", errors.New("the prediction was changed after it was signed")
	}
	p = new(Prediction)
	if err := strict(plain.Bytes(), p); err != nil {
		return nil, "", fmt.Errorf("no prediction: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, "", fmt.Errorf("no prediction: %w", err)
	}
	return p, fingerprint(public), nil
}

// ReadFile is Open of the file at path.
func ReadFile(path string) (p *Prediction, signer string, err error) {
	text, err := atomicfile.ReadSmall(path, maxFile)
	if err != nil {
		return nil, "", err
	}
	if p, signer, err = Open(text); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return p, signer, nil
}

// WriteFile signs the prediction and writes it. A file that is there stays, and is an
// error: a prediction is made once.
func (k *Key) WriteFile(path string, p *Prediction) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already, and a prediction is made once: give another --out", path)
	}
	text, err := k.Sign(p)
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(path, text)
	return err
}

// strict decodes the one JSON value in text. A field that v does not have is an error.
func strict(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
