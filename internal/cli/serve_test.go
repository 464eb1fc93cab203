package cli_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polymath-lm/polymath/internal/cli"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// babble DIR [TYPE] makes a small model that knows nothing, qwen3_moe or of
// another type.
func babble(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: babble DIR [TYPE]")
	}
	modelType := append(args, model.Qwen3MoE)[1]
	ts.Check(saveBabbler(ts.MkAbs(args[0]), modelType))
}

func saveBabbler(dir, modelType string) error {
	text := []byte("in time saves nine")
	vocabulary, err := tokenizer.Train(slices.Values([][]byte{text, text}), tokenizer.TrainOptions{
		VocabSize: 265, Special: []string{tokenizer.EndOfText, "<|im_start|>", "<|im_end|>"},
	})
	if err != nil {
		return err
	}
	cfg, err := model.Default(modelType)
	if err != nil {
		return err
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = vocabulary.VocabSize(), 32, 2
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 4, 2, 16
	if cfg.NumExperts > 0 {
		cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize, cfg.NormTopKProb = 4, 2, 32, true
	} else {
		cfg.IntermediateSize = 64
	}
	cfg.EOSTokenIDs = []int{int(vocabulary.EOS())}
	cfg.MaxPositions = 512
	m, err := model.New(cfg, 1)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(dir, "tokenizer.json")
	if err := vocabulary.Save(path); err != nil {
		return err
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return m.Save(dir, model.Provenance{}, map[string][]byte{"tokenizer.json": file})
}

// output may be written and read by several goroutines.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// served is 'polymath serve' in progress.
type served struct {
	url      string
	out, err *output
	end      context.CancelFunc
	status   chan int
}

// startServe runs 'polymath serve' until it listens or has ended.
func startServe(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	s := &served{out: &output{}, err: &output{}, end: end, status: make(chan int, 1)}
	go func() {
		s.status <- cli.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: s.out, Err: s.err}, append([]string{"serve"}, args...))
	}()
	listening := regexp.MustCompile(`listening on (\S+)`)
	for range 1000 {
		if found := listening.FindStringSubmatch(s.out.String()); found != nil {
			s.url = found[1]
			return s
		}
		select {
		case status := <-s.status:
			s.status <- status
			return s
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("it neither listens nor ends: %s %s", s.out, s.err)
	return nil
}

func (s *served) get(t *testing.T, client *http.Client, path string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

func babbler(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "babbler")
	if err := saveBabbler(dir, model.Qwen3MoE); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestServe(t *testing.T) {
	dir := babbler(t)
	s := startServe(t, dir, "other="+dir, "--port", "0", "--log", "json", "--window", "256", "--cache", "1MiB")
	if s.url == "" {
		t.Fatal(s.err)
	}
	for _, phrase := range []string{
		"babbler: qwen3_moe, ", "other: qwen3_moe, ", "window of 256 tokens", "conversations of the full window", "of memory together, of ",
		"no API key needed", "chat in the browser   http://127.0.0.1:", "/v1, model babbler",
	} {
		if !strings.Contains(s.out.String(), phrase) {
			t.Errorf("no %q in %s", phrase, s.out)
		}
	}
	// What was predicted is what the engine says.
	predicted := regexp.MustCompile(`(\d+) conversations of the full window, at (\S+ \S+) a token`).FindStringSubmatch(s.out.String())
	_, metrics := s.get(t, http.DefaultClient, "/metrics")
	blocks := regexp.MustCompile(`vllm:cache_config_info{block_size="(\d+)",model_name="babbler",num_cpu_blocks="\d+",num_gpu_blocks="(\d+)"}`).FindStringSubmatch(metrics)
	if predicted == nil || blocks == nil {
		t.Fatal(s.out, metrics)
	}
	var size, number, conversations int
	fmt.Sscan(blocks[1], &size)
	fmt.Sscan(blocks[2], &number)
	fmt.Sscan(predicted[1], &conversations)
	if conversations != size*number/256 {
		t.Errorf("%d conversations predicted, and %d blocks of %d tokens", conversations, number, size)
	}
	if _, models := s.get(t, http.DefaultClient, "/v1/models"); !strings.Contains(models, `"id":"babbler"`) || !strings.Contains(models, `"id":"other"`) || !strings.Contains(models, `"window":256`) {
		t.Error(models)
	}
	if status, page := s.get(t, http.DefaultClient, "/"); status != 200 || !strings.Contains(page, "<html") {
		t.Error(status, page)
	}
	if status, _ := s.get(t, http.DefaultClient, "/health"); status != 200 {
		t.Error(status)
	}
	// Another cannot have the port.
	port := s.url[strings.LastIndex(s.url, ":")+1:]
	again := startServe(t, dir, "--port", port)
	if status := <-again.status; status != 1 || !strings.Contains(again.err.String(), "127.0.0.1:"+port+" is in use by another program") {
		t.Error(status, again.err)
	}
	s.end()
	if status := <-s.status; status != 0 || !strings.Contains(s.err.String(), "requests in progress have 30s") || !strings.Contains(s.err.String(), `"route":"/v1/models"`) {
		t.Error(status, s.err)
	}
}

// Beyond this machine keys are needed, unless the operator says otherwise.
func TestServeKeys(t *testing.T) {
	dir, keys := babbler(t), filepath.Join(t.TempDir(), "keys.json")
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, args := range [][]string{{"--host", "0.0.0.0"}, {"--keys", keys}, {"--host", "0.0.0.0", "--keys", keys}} {
		s := startServe(t, append(args, dir, "--port", "0")...)
		if s.url != "" {
			t.Fatalf("%v: served without keys", args)
		}
		if status := <-s.status; status != 1 || !strings.Contains(s.err.String(), "polymath serve keys add NAME") || !strings.Contains(s.err.String(), "--no-auth") {
			t.Error(status, s.err)
		}
	}
	var out, errors bytes.Buffer
	if status := cli.Run(t.Context(), cli.Streams{Out: &out, Err: &errors}, []string{"serve", "keys", "add", "me", "--keys", keys}); status != 0 {
		t.Fatal(errors.String())
	}
	secret := strings.TrimSpace(out.String())
	s := startServe(t, dir, "--port", "0", "--host", "0.0.0.0", "--keys", keys, "--log", "off")
	if s.url == "" {
		t.Fatal(s.err)
	}
	if !strings.HasPrefix(s.url, "http://localhost:") {
		t.Error(s.url)
	}
	if status, _ := s.get(t, http.DefaultClient, "/v1/models"); status != 401 {
		t.Error(status)
	}
	if status, _ := s.get(t, http.DefaultClient, "/v1/models", "Authorization", "Bearer "+secret); status != 200 {
		t.Error(status)
	}
	open := startServe(t, dir, "--port", "0", "--host", "0.0.0.0", "--no-auth", "--log", "off")
	if status, _ := open.get(t, http.DefaultClient, "/v1/models"); status != 200 {
		t.Error(status)
	}
}

func TestServeTLS(t *testing.T) {
	certificate, key, pool := makeCertificate(t)
	s := startServe(t, babbler(t), "--port", "0", "--tls-cert", certificate, "--tls-key", key, "--log", "off", "--no-ui")
	if !strings.HasPrefix(s.url, "https://127.0.0.1:") {
		t.Fatal(s.out, s.err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	if status, text := s.get(t, client, "/v1/models"); status != 200 || !strings.Contains(text, "babbler") {
		t.Error(status, text)
	}
	if status, _ := s.get(t, client, "/"); status != 404 {
		t.Error("there is a page with --no-ui:", status)
	}
	client.CloseIdleConnections()
	wrong := startServe(t, babbler(t), "--port", "0", "--tls-cert", key, "--tls-key", key)
	if status := <-wrong.status; status != 1 || !strings.Contains(wrong.err.String(), "--tls-cert "+key) {
		t.Error(status, wrong.err)
	}
}

// makeCertificate makes a certificate for 127.0.0.1.
func makeCertificate(t *testing.T) (certificate, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "EC PRIVATE KEY", privateDER), pool
}
