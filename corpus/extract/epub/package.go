package epub

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxXML bounds the files that say what the book is, in bytes.
const maxXML = 8 << 20

// maxDepth bounds how deep elements of XML lie in each other.
const maxDepth = 100

// walkXML calls visit for every element of an XML file, with the text directly
// in it; it is called when the element ends. Entities of the file's own are not
// expanded.
func walkXML(content []byte, visit func(name xml.Name, attributes []xml.Attr, text string)) error {
	content, err := decode(content)
	if err != nil {
		return err
	}
	d := xml.NewDecoder(bytes.NewReader(content))
	d.Strict = false
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(_ string, utf8 io.Reader) (io.Reader, error) { return utf8, nil }
	type open struct {
		start xml.StartElement
		text  []byte
	}
	var stack []open
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) == maxDepth {
				return fmt.Errorf("elements lie more than %d deep in each other", maxDepth)
			}
			stack = append(stack, open{start: t.Copy()})
		case xml.CharData:
			if len(stack) > 0 {
				top := &stack[len(stack)-1]
				top.text = append(top.text, t...)
			}
		case xml.EndElement:
			if len(stack) > 0 {
				top := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				visit(top.start.Name, top.start.Attr, strings.Join(strings.Fields(string(top.text)), " "))
			}
		}
	}
}

func attribute(attributes []xml.Attr, name string) string {
	for _, a := range attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// book is what the package document says.
type book struct {
	dir      string
	manifest map[string]item
	spine    []string // ids
	contents string   // name of the file with the table of contents, in EPUB 2
	values   map[string][]string
	issued   string // the date of publication, in EPUB 2
}

type item struct {
	link, media, properties, fallback string
}

// book finds the package document and reads it.
func (a *archive) book() (*book, error) {
	if err := a.checkEncryption(); err != nil {
		return nil, err
	}
	name, err := a.packageName()
	if err != nil {
		return nil, err
	}
	content, err := a.read(name, maxXML)
	if err != nil {
		return nil, err
	}
	b := &book{dir: path.Dir(name), manifest: map[string]item{}, values: map[string][]string{}}
	if err := walkXML(content, b.element); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	if len(b.spine) == 0 {
		return nil, fmt.Errorf("%w: %s names no chapters", ErrDamaged, name)
	}
	return b, nil
}

// packageName returns the name of the package document: what the container says,
// or the only one that there is.
func (a *archive) packageName() (string, error) {
	const container = "META-INF/container.xml"
	found := ""
	content, err := a.read(container, maxXML)
	if err == nil {
		err = walkXML(content, func(name xml.Name, attributes []xml.Attr, _ string) {
			if name.Local == "rootfile" && found == "" {
				found = resolve("", attribute(attributes, "full-path"))
			}
		})
	}
	if found != "" {
		return found, nil
	}
	var packages []string
	for name := range a.files {
		if strings.HasSuffix(name, ".opf") {
			packages = append(packages, name)
		}
	}
	switch {
	case len(packages) == 1:
		return packages[0], nil
	case err != nil:
		return "", fmt.Errorf("%s: %w", container, err)
	}
	return "", fmt.Errorf("%w: %s names no package document", ErrDamaged, container)
}

// checkEncryption refuses a book if more than its fonts is encrypted.
func (a *archive) checkEncryption() error {
	const name = "META-INF/encryption.xml"
	content, err := a.read(name, maxXML)
	if errors.Is(err, errMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	fonts := []string{"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
	var method, found string
	err = walkXML(content, func(element xml.Name, attributes []xml.Attr, _ string) {
		switch element.Local {
		case "EncryptionMethod":
			method = attribute(attributes, "Algorithm")
		case "EncryptedData":
			if !slices.Contains(fonts, method) {
				found = method
			}
			method = ""
		}
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	case found != "":
		return fmt.Errorf("%w: by %s", ErrEncrypted, found)
	}
	return nil
}

func (b *book) element(name xml.Name, attributes []xml.Attr, text string) {
	get := func(key string) string { return attribute(attributes, key) }
	switch name.Local {
	case "item":
		b.manifest[get("id")] = item{get("href"), get("media-type"), get("properties"), get("fallback")}
	case "itemref":
		b.spine = append(b.spine, get("idref"))
	case "reference":
		if get("type") == "toc" {
			b.contents = resolve(b.dir, get("href"))
		}
	case "title", "creator", "language", "date", "rights":
		if text == "" {
			return
		}
		if name.Local == "date" && get("event") == "publication" {
			b.issued = text
		}
		b.values[name.Local] = append(b.values[name.Local], text)
	}
}

// chapters returns the names of the files to read, each once.
func (b *book) chapters() []string {
	var names []string
	seen := map[string]bool{"": true, b.contents: true}
	for _, id := range b.spine {
		i := b.manifest[id]
		for range 8 { // of fallbacks, which may go in circles
			if i.isText() || i.fallback == "" {
				break
			}
			i = b.manifest[i.fallback]
		}
		name := resolve(b.dir, i.link)
		if !i.isText() || slices.Contains(strings.Fields(i.properties), "nav") || seen[name] {
			continue
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}

func (i item) isText() bool {
	switch i.media {
	case "application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/x-dtbook+xml":
		return true
	}
	return false
}

// maxMeta bounds one piece of metadata, in bytes.
const maxMeta = 1024

func (b *book) meta() map[string]string {
	meta := map[string]string{}
	set := func(key, value string) {
		value = strings.ToValidUTF8(value, "")
		for len(value) > maxMeta {
			_, size := utf8.DecodeLastRuneInString(value)
			value = value[:len(value)-size]
		}
		if value != "" {
			meta[key] = value
		}
	}
	first := func(key string) string {
		if len(b.values[key]) == 0 {
			return ""
		}
		return b.values[key][0]
	}
	set("title", first("title"))
	set("author", strings.Join(b.values["creator"], "; "))
	set("language", first("language"))
	set("license", first("rights"))
	set("date", first("date"))
	if b.issued != "" {
		set("date", b.issued)
	}
	return meta
}
