package picture

import (
	"bytes"
	"strings"
)

// signatures are the first bytes of formats. A dot stands for any byte.
var signatures = []struct{ prefix, name string }{
	{"\xff\xd8\xff", "JPEG"},
	{"\x89PNG\r\n\x1a\n", "PNG"},
	{"GIF87a", "GIF"},
	{"GIF89a", "GIF"},
	{"RIFF....WEBP", "WebP"},
	{"RIFF....AVI ", "AVI video"},
	{"BM", "BMP"},
	{"II*\x00", "TIFF"},
	{"MM\x00*", "TIFF"},
	{"II+\x00", "TIFF"},
	{"MM\x00+", "TIFF"},
	{"%PDF-", "PDF"},
	{"%!PS", "PostScript"},
	{"\x00\x00\x01\x00", "ICO"},
	{"\x00\x00\x02\x00", "CUR"},
	{"\xff\x0a", "JPEG XL"},
	{"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"},
	{"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"},
	{"\xff\x4f\xff\x51", "JPEG 2000"},
	{"8BPS", "PSD"},
	{"qoif", "QOI"},
	{"\x76\x2f\x31\x01", "OpenEXR"},
	{"DDS ", "DDS"},
	{"P4\n", "PBM"},
	{"P5\n", "PGM"},
	{"P6\n", "PPM"},
	{"\x1a\x45\xdf\xa3", "Matroska or WebM video"},
	{"OggS", "Ogg video"},
	{"FLV\x01", "Flash video"},
	{"\x00\x00\x01\xba", "MPEG video"},
	{"\x00\x00\x01\xb3", "MPEG video"},
	{"PK\x03\x04", "a ZIP archive"},
}

// brands are the kinds of ISO base media files, by the name that follows ftyp.
var brands = []struct{ prefix, name string }{
	{"avif", "AVIF"},
	{"avis", "AVIF"},
	{"heic", "HEIC"},
	{"heix", "HEIC"},
	{"heim", "HEIC"},
	{"heis", "HEIC"},
	{"hevc", "HEIC"},
	{"hevx", "HEIC"},
	{"mif1", "HEIC or AVIF"},
	{"msf1", "HEIC or AVIF"},
	{"crx ", "CR3 raw"},
	{"qt  ", "QuickTime video"},
	{"", "MP4 video"},
}

// sniff tells a format by its first bytes; "" if they tell nothing.
func sniff(data []byte) string {
	for _, s := range signatures {
		if begins(data, s.prefix) {
			return s.name
		}
	}
	if begins(data, "....ftyp....") {
		for _, b := range brands {
			if begins(data[8:], b.prefix) {
				return b.name
			}
		}
	}
	head := strings.ToLower(string(bytes.TrimLeft(data[:min(len(data), 1<<10)], "\xef\xbb\xbf \t\r\n")))
	switch {
	case strings.HasPrefix(head, "<svg"), strings.HasPrefix(head, "<?xml") && strings.Contains(head, "<svg"),
		strings.HasPrefix(head, "<!") && strings.Contains(head, "<svg"):
		return "SVG"
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"):
		return "HTML"
	}
	return ""
}

// begins is bytes.HasPrefix where a dot matches any byte.
func begins(data []byte, prefix string) bool {
	if len(data) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if prefix[i] != '.' && prefix[i] != data[i] {
			return false
		}
	}
	return true
}
