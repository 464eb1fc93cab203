package serve

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// imageTypes are the pictures that are taken.
var imageTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif"}

// Bounds of fetching an image.
const (
	fetchTime    = 10 * time.Second
	maxRedirects = 3
)

// imageChecker checks the images of requests, and fetches those that are
// elsewhere if it may.
type imageChecker struct {
	client *http.Client // nil: images elsewhere are refused
	limit  int64        // bytes
}

// newImageChecker returns a checker. allowed decides about the address of every
// connection, after the name has been resolved.
func newImageChecker(limit int64, fetch bool, allowed func(netip.Addr) error) *imageChecker {
	c := &imageChecker{limit: limit}
	if !fetch {
		return c
	}
	dialer := &net.Dialer{Timeout: fetchTime, Control: func(_, address string, _ syscall.RawConn) error {
		where, err := netip.ParseAddrPort(address)
		if err != nil {
			return errAddress
		}
		return allowed(where.Addr())
	}}
	c.client = &http.Client{
		Timeout: fetchTime,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, DisableKeepAlives: true,
			TLSHandshakeTimeout: fetchTime, ResponseHeaderTimeout: fetchTime, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("it redirects too often")
			}
			return checkScheme(r.URL)
		},
	}
	return c
}

func checkScheme(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("only http and https are fetched")
	}
	if u.User != nil {
		return errors.New("it holds a user name or password")
	}
	return nil
}

// check replaces every image by a data URL that has been looked at.
func (c *imageChecker) check(ctx context.Context, images []imageRef) *apiError {
	for _, ref := range images {
		checked, err := c.read(ctx, ref.image.URL)
		if err != nil {
			return badRequest("invalid_image_url", ref.path, "Invalid '%s': %v.", ref.path, err)
		}
		ref.image.URL = checked
	}
	return nil
}

func (c *imageChecker) read(ctx context.Context, text string) (dataURL string, err error) {
	if len(text) >= 5 && strings.EqualFold(text[:5], "data:") {
		kind, data, err := c.decode(text[5:])
		if err != nil {
			return "", err
		}
		return c.checked(kind, data)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", errors.New("it is no URL")
	case checkScheme(u) != nil:
		return "", fmt.Errorf("expected a data: URL with an image in base64: %w", checkScheme(u))
	case c.client == nil:
		return "", errors.New("this server fetches no images; send a data: URL with the image in base64")
	}
	return c.fetch(ctx, u)
}

// decode reads what follows data: in a URL.
func (c *imageChecker) decode(rest string) (kind string, data []byte, err error) {
	header, text, ok := strings.Cut(rest, ",")
	if !ok {
		return "", nil, errors.New("a data: URL has a comma before its data")
	}
	media, isBase64 := strings.CutSuffix(header, ";base64")
	if !isBase64 {
		return "", nil, errors.New("the image must be in base64")
	}
	if kind, _, err = mime.ParseMediaType(media); err != nil {
		return "", nil, fmt.Errorf("the type %q cannot be read", clip(media))
	}
	if int64(base64.StdEncoding.DecodedLen(len(text))) > c.limit+2 {
		return "", nil, c.tooLarge()
	}
	data, err = base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", nil, fmt.Errorf("its base64 is damaged: %w", err)
	}
	return kind, data, nil
}

func (c *imageChecker) tooLarge() error {
	return fmt.Errorf("the image is larger than the limit of %s", sizeText(c.limit))
}

// checked compares the type that was promised with the first bytes.
func (c *imageChecker) checked(kind string, data []byte) (dataURL string, err error) {
	if int64(len(data)) > c.limit {
		return "", c.tooLarge()
	}
	if kind == "image/jpg" {
		kind = "image/jpeg"
	}
	if !slices.Contains(imageTypes, kind) {
		return "", fmt.Errorf("the type %q is not one of %s", clip(kind), strings.Join(imageTypes, ", "))
	}
	if found := http.DetectContentType(data); found != kind {
		return "", fmt.Errorf("it says %s and its data is %s", kind, found)
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data), nil
}

// fetch gets an image from elsewhere.
func (c *imageChecker) fetch(ctx context.Context, u *url.URL) (dataURL string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", errors.New("it is no URL")
	}
	request.Header.Set("Accept", strings.Join(imageTypes, ", "))
	answer, err := c.client.Do(request)
	if err != nil {
		return "", fetchError(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("fetching it was answered with status %d", answer.StatusCode)
	}
	if answer.ContentLength > c.limit {
		return "", c.tooLarge()
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, c.limit+1))
	if err != nil {
		return "", fetchError(err)
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil {
		return "", errors.New("fetching it gave no Content-Type")
	}
	return c.checked(kind, data)
}

// fetchError says little about what is reachable from here.
func fetchError(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, errAddress):
		return errAddress
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("fetching it took too long")
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) && wrapped.Err != nil {
		var op *net.OpError
		var dns *net.DNSError
		if !errors.As(wrapped.Err, &op) && !errors.As(wrapped.Err, &dns) {
			return fmt.Errorf("it could not be fetched: %w", wrapped.Err)
		}
	}
	return errors.New("it could not be fetched")
}
