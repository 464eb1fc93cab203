package serve

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/picture"
)

// ImageLimits are the limits to open models with (polymath.WithImageLimits) that
// strangers send images to: the pictures of cameras pass, and one takes at most 0.7
// of a gigabyte while it is decoded, which happens to two at a time.
func ImageLimits() picture.Limits { return picture.Limits{Bytes: 20 << 20, Pixels: 24 << 20} }

// imageRef is an image of a request, and the path of its URL.
type imageRef struct {
	image *chat.Image
	path  string
}

// imageError says what is wrong with an image, under the codes that OpenAI's
// clients know.
func imageError(e *polymath.ImageError, path string) *apiError {
	var format *picture.FormatError
	var limit *picture.LimitError
	var damage *picture.DamageError
	var coding base64.CorruptInputError
	code := "invalid_image_url"
	switch {
	case errors.As(e.Err, &format) && format.Name != "":
		code = "invalid_image_format"
	case errors.As(e.Err, &format), errors.As(e.Err, &damage):
		code = "image_parse_error"
	case errors.As(e.Err, &limit) && limit.What == "bytes":
		code = "image_file_too_large"
	case errors.As(e.Err, &limit):
		code = "image_too_large"
	case errors.As(e.Err, &coding):
		code = "invalid_base64_image"
	}
	return badImage(code, e.Image, path, e.Err)
}

func badImage(code string, index int, path string, err error) *apiError {
	return badRequest(code, path, "Invalid '%s': image %d: %v.", path, index, err)
}

// Bounds of fetching an image.
const (
	fetchTime    = 10 * time.Second
	fetchAllTime = 2 * fetchTime // of all of a request, which keeps others from a place meanwhile
	maxRedirects = 3
)

// imageFetcher gets images that are elsewhere.
type imageFetcher struct {
	client *http.Client  // nil: they are refused
	limit  int64         // bytes of one
	total  int64         // bytes of all of a request
	time   time.Duration // of all of a request
}

// newImageFetcher returns a fetcher. allowed decides about the address of every
// connection, after the name has been resolved.
func newImageFetcher(limits *Limits, fetch bool, allowed func(netip.Addr) error) *imageFetcher {
	c := &imageFetcher{limit: limits.Image, total: limits.Body, time: fetchAllTime}
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

// isData reports a URL that holds the image itself.
func isData(text string) bool { return len(text) >= 5 && strings.EqualFold(text[:5], "data:") }

// prepareImages refuses images where the model sees none, and replaces those that
// are elsewhere by data: URLs. What they hold is the model's to judge.
func (x *exchange) prepareImages(images []imageRef) *apiError {
	x.images = images
	if len(images) > 0 && !x.model.Model.Sees() {
		return badImage("image_not_supported", 0, images[0].path, fmt.Errorf("the model %q cannot see images", x.model.Name))
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), x.s.fetcher.time)
	defer cancel()
	room := x.s.fetcher.total
	for i, ref := range images {
		if isData(ref.image.URL) {
			continue
		}
		u, err := x.s.fetcher.parse(ref.image.URL)
		if err != nil {
			return badImage("invalid_image_url", i, ref.path, err)
		}
		if !x.large {
			if fault := x.placeBody(); fault != nil {
				return fault
			}
		}
		data, err := x.s.fetcher.fetch(ctx, u, min(room, x.s.fetcher.limit))
		var tooLarge *picture.LimitError
		switch {
		case errors.As(err, &tooLarge):
			return badImage("image_file_too_large", i, ref.path, err)
		case err != nil:
			return badImage("failed_to_download_image", i, ref.path, err)
		}
		room -= int64(len(data))
		detail := ref.image.Detail
		*ref.image = polymath.DataImage(data)
		ref.image.Detail = detail
	}
	return nil
}

// parse returns the URL of an image that may be fetched.
func (c *imageFetcher) parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is no URL")
	case c.client == nil && (u.Scheme == "http" || u.Scheme == "https"):
		return nil, errors.New("this server fetches no images, unless its operator allows it with --allow-image-urls; send a data: URL with the image in base64")
	case c.client == nil:
		return nil, errors.New("expected a data: URL with an image in base64")
	case checkScheme(u) != nil:
		return nil, fmt.Errorf("expected a data: URL with an image in base64: %w", checkScheme(u))
	}
	return u, nil
}

// fetch gets at most limit bytes. A *picture.LimitError says that there are more.
func (c *imageFetcher) fetch(ctx context.Context, u *url.URL, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("it is no URL")
	}
	request.Header.Set("Accept", "image/png, image/jpeg, image/webp, image/gif")
	answer, err := c.client.Do(request)
	if err != nil {
		return nil, fetchError(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching it was answered with status %d", answer.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, fetchError(err)
	}
	if n := max(answer.ContentLength, int64(len(data))); n > limit {
		return nil, &picture.LimitError{What: "bytes", Value: n, Limit: limit}
	}
	return data, nil
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
