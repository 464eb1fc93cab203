package pdf

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium"
	failures "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// reader takes the text out of one file.
type reader struct {
	instance pdfium.Pdfium
	limits   limits
	text     []byte
	meta     map[string]string
}

func (r *reader) read(ctx context.Context, content []byte) error {
	opened, err := r.instance.OpenDocument(&requests.OpenDocument{File: &content})
	switch {
	case errors.Is(err, failures.ErrPassword), errors.Is(err, failures.ErrSecurity):
		return ErrEncrypted
	case err != nil:
		return damaged("", err)
	}
	r.readMeta(opened.Document)
	return r.readPages(ctx, opened.Document)
}

func (r *reader) readPages(ctx context.Context, document references.FPDF_DOCUMENT) error {
	count, err := r.instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: document})
	switch {
	case err != nil:
		return damaged("", err)
	case count.PageCount <= 0:
		return fmt.Errorf("%w: it has no pages", ErrDamaged)
	case count.PageCount > r.limits.pages:
		return fmt.Errorf("%w: %d pages, at most %d", ErrTooLarge, count.PageCount, r.limits.pages)
	}
	unread, written := 0, false
	for i := range count.PageCount {
		if err := ctx.Err(); err != nil {
			return err
		}
		page := requests.Page{ByIndex: &requests.PageByIndex{Document: document, Index: i}}
		got, err := r.page(page)
		switch {
		case errors.Is(err, failures.ErrPage): // the others are as good as before
			unread++
			continue
		case err != nil:
			return damaged(fmt.Sprintf("page %d: ", i+1), err)
		}
		if i > 0 {
			r.text = append(r.text, "\f\n"...)
		}
		before := len(r.text)
		r.text = appendPage(r.text, got)
		written = written || len(r.text) > before
		if len(r.text) > r.limits.text {
			return fmt.Errorf("%w: more than %d bytes of text", ErrTooLarge, r.limits.text)
		}
	}
	if unread > 0 {
		r.meta["damaged_pages"] = strconv.Itoa(unread)
	}
	switch {
	case unread == count.PageCount:
		return fmt.Errorf("%w: none of its %d pages can be read", ErrDamaged, unread)
	case !written:
		return ErrNoText
	}
	return nil
}

// damaged says what PDFium says, without the stack of a broken instance.
func damaged(where string, err error) error {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%w: %s%s", ErrDamaged, where, first)
}

// maxMeta bounds one piece of metadata, in bytes.
const maxMeta = 1024

// readMeta reads what the file says about itself. PDFium gives an error for what
// is not there; one of its own comes again with the pages.
func (r *reader) readMeta(document references.FPDF_DOCUMENT) {
	r.meta = map[string]string{}
	for tag, key := range map[string]string{"Title": "title", "Author": "author", "CreationDate": "date"} {
		got, err := r.instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: document, Tag: tag})
		if err != nil {
			continue
		}
		value := strings.Join(strings.Fields(strings.Map(printable, strings.ToValidUTF8(got.Value, ""))), " ")
		for len(value) > maxMeta {
			_, size := utf8.DecodeLastRuneInString(value)
			value = value[:len(value)-size]
		}
		if key == "date" {
			value = readDate(value)
		}
		if value != "" {
			r.meta[key] = value
		}
	}
}

func printable(c rune) rune {
	if unicode.IsControl(c) && !unicode.IsSpace(c) {
		return -1
	}
	return c
}
