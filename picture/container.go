package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// lookJPEG walks the segments of a JPEG: it finds EXIF and counts the scans.
func lookJPEG(data []byte, pixels int64) (int, error) {
	orientation, scans := 1, int64(0)
	for at := 2; ; {
		skip := bytes.IndexByte(data[at:], 0xff)
		if skip < 0 || at+skip+1 >= len(data) {
			break // cut short: the decoder says so
		}
		at += skip + 1
		marker := data[at]
		if marker == 0xff {
			continue // a fill byte
		}
		at++
		if marker == 0xd9 {
			break
		}
		if marker <= 0x01 || marker >= 0xd0 && marker <= 0xd8 || at+2 > len(data) {
			continue // no length follows; 0 is a byte of a scan
		}
		length := int(binary.BigEndian.Uint16(data[at:]))
		if length < 2 || at+length > len(data) {
			break
		}
		payload := data[at+2 : at+length]
		at += length
		switch marker {
		case 0xda:
			scans++
		case 0xe1:
			if tiff, ok := bytes.CutPrefix(payload, []byte(exifHeader)); ok && orientation == 1 {
				orientation = exifOrientation(tiff)
			}
		}
	}
	if scans*pixels > maxScanned {
		return 0, &LimitError{"pixels in all its scans", scans * pixels, maxScanned}
	}
	return orientation, nil
}

// lookPNG walks the chunks of a PNG for eXIf.
func lookPNG(data []byte, _ int64) (int, error) {
	for rest := data[8:]; len(rest) >= 12; {
		length := int64(binary.BigEndian.Uint32(rest))
		if length > int64(len(rest)-12) {
			break
		}
		if string(rest[4:8]) == "eXIf" {
			return exifOrientation(bytes.TrimPrefix(rest[8:8+length], []byte(exifHeader))), nil
		}
		rest = rest[12+length:]
	}
	return 1, nil
}

var errAnimated = errors.New("it is an animation, of which WebP has no frame to stand for all: send one frame")

// lookWebP walks the chunks of a WebP for EXIF.
func lookWebP(data []byte, _ int64) (int, error) {
	for rest := data[12:]; len(rest) >= 8; {
		length := int64(binary.LittleEndian.Uint32(rest[4:]))
		kind := string(rest[:4])
		rest = rest[8:]
		if length > int64(len(rest)) {
			break
		}
		switch kind {
		case "ANIM", "ANMF":
			return 0, errAnimated
		case "EXIF":
			return exifOrientation(bytes.TrimPrefix(rest[:length], []byte(exifHeader))), nil
		}
		rest = rest[min(length+length&1, int64(len(rest))):]
	}
	return 1, nil
}
