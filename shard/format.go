// Package shard stores tokenized documents in files that training maps into
// memory, and defines the seeded order in which training reads them.
//
// # Format
//
// A shard file is little-endian:
//
//	offset  bytes
//	     0      8  magic "PLYTOKEN"
//	     8      4  version: 1, or 2 with a mask
//	    12      4  width W of a token in bytes: 2 if the vocabulary has at most 65536 tokens, else 4
//	    16      8  size of the vocabulary; every token is below it
//	    24      8  the end-of-text token
//	    32     32  SHA-256 that identifies the tokenizer
//	    64    N*W  the tokens of all documents, end to end
//	               zeros up to a multiple of 8
//	         N/64  version 2 only: the mask, 8 bytes for each 64 tokens begun;
//	               token t is bit t%64 of word t/64
//	        8*D+8  for each document the number of tokens before it, then N
//	         16*D  for each document its id, the first half of its SHA-256
//	            8  N, number of tokens
//	            8  D, number of documents
//	           32  SHA-256 of all bytes before this one
//
// Without a mask, the end-of-text token between documents is not stored: reading
// adds it. With one, a document is a conversation, or another text for
// fine-tuning: it is complete as it is, at least two tokens long, and the mask
// marks the tokens that a model shall learn to write. The first is never one.
// A directory of shards has a manifest, shards.json, which is written last and
// names every file with its size and hash.
//
// The documents of a set with a mask may have pictures, each where there is a run
// of the image token, one for each row of features that a model makes of it.
// Files of pictures hold the bytes of each different picture once:
//
//	offset  bytes
//	     0      8  magic "PLYPICTS"
//	     8      4  version: 1
//	    12      4  zeros
//	    16         the pictures, end to end
//
// and an index says where they are and who has them:
//
//	offset  bytes
//	     0      8  magic "PLYPICTX"
//	     8      4  version: 1
//	    12      4  number of files
//	    16      8  P, number of pictures
//	    24      8  U, how often a document has one
//	    32      8  D, number of documents of the set
//	    40   48*P  for each picture its SHA-256, its place in its file (8 bytes), its
//	               length (4) and the number of the file (4)
//	        8*D+8  for each document the number of uses before it, then U
//	         12*U  for each use the picture's number, the length of its run of image
//	               tokens, and the detail, 4 bytes each
//	           32  SHA-256 of all bytes before this one
package shard

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
)

const (
	magic       = "PLYTOKEN"
	version     = 1
	maskVersion = 2
	headerSize  = 64
	trailerSize = 8 + 8 + 32
	hashSize    = 32
)

// Header is what all files of a set have in common.
type Header struct {
	// TokenizerHash is the SHA-256 that identifies the tokenizer, as 64
	// hexadecimal digits.
	TokenizerHash string
	// VocabSize is the number of tokens of the vocabulary.
	VocabSize int
	// EndOfText is the token that ends every document.
	EndOfText int32
	// Masked sets have a mask: AddMasked fills them.
	Masked bool
	// ImageToken is the token that stands for a row of a picture's features. It is
	// the same for all files of a set, and -1 in one without pictures; for NewWriter
	// 0 is none as well, so the first token of a vocabulary cannot be it.
	ImageToken int32
	// FileBytes is the size at which NewWriter begins another file; 0 means
	// 1 GiB. It is not stored.
	FileBytes int64
}

// ID names a document: the first 16 bytes of the SHA-256 of its text.
type ID = [16]byte

func (h Header) check() error {
	sum, err := hex.DecodeString(h.TokenizerHash)
	switch {
	case err != nil || len(sum) != hashSize || hex.EncodeToString(sum) != h.TokenizerHash:
		return fmt.Errorf("tokenizer hash %q is not 64 lower-case hexadecimal digits", h.TokenizerHash)
	case h.VocabSize < 1 || h.VocabSize > math.MaxInt32:
		return fmt.Errorf("vocabulary of %d tokens is out of range", h.VocabSize)
	case h.EndOfText < 0 || int(h.EndOfText) >= h.VocabSize:
		return fmt.Errorf("end-of-text token %d is outside the vocabulary of %d", h.EndOfText, h.VocabSize)
	case h.ImageToken < -1 || int(h.ImageToken) >= h.VocabSize:
		return fmt.Errorf("image token %d is outside the vocabulary of %d", h.ImageToken, h.VocabSize)
	case h.FileBytes < 0:
		return fmt.Errorf("file size %d is negative", h.FileBytes)
	}
	return nil
}

// version returns that of the files and the manifest.
func (h Header) version() int {
	if h.Masked {
		return maskVersion
	}
	return version
}

// trained returns how many tokens of a document of n tokens training reads: one
// for each that it predicts.
func (h Header) trained(n int64) int64 {
	if h.Masked {
		return n - 1
	}
	return n + 1 // reading adds end-of-text
}

// width returns the bytes that a token takes.
func (h Header) width() int {
	if h.VocabSize <= 1<<16 {
		return 2
	}
	return 4
}

// encode returns the first bytes of a file. The header has been checked.
func (h Header) encode() []byte {
	le := binary.LittleEndian
	b := append(make([]byte, 0, headerSize), magic...)
	b = le.AppendUint32(b, uint32(h.version()))
	b = le.AppendUint32(b, uint32(h.width()))
	b = le.AppendUint64(b, uint64(h.VocabSize))
	b = le.AppendUint64(b, uint64(h.EndOfText))
	b, err := hex.AppendDecode(b, []byte(h.TokenizerHash))
	if err != nil {
		panic(err) // check has seen it
	}
	return b
}

func decodeHeader(b []byte) (Header, error) {
	le := binary.LittleEndian
	switch {
	case len(b) < headerSize+trailerSize:
		return Header{}, fmt.Errorf("truncated: %d bytes are less than the smallest shard", len(b))
	case string(b[:8]) != magic:
		return Header{}, errors.New("not a token shard")
	case le.Uint32(b[8:]) != version && le.Uint32(b[8:]) != maskVersion:
		return Header{}, fmt.Errorf("version %d, but this program reads versions %d and %d", le.Uint32(b[8:]), version, maskVersion)
	}
	vocab, end := le.Uint64(b[16:]), le.Uint64(b[24:])
	if vocab > math.MaxInt32 || end > math.MaxInt32 {
		return Header{}, errors.New("vocabulary or end-of-text token out of range")
	}
	h := Header{
		TokenizerHash: hex.EncodeToString(b[32:64]), VocabSize: int(vocab), EndOfText: int32(end),
		Masked: le.Uint32(b[8:]) == maskVersion, ImageToken: -1,
	}
	if err := h.check(); err != nil {
		return Header{}, err
	}
	if width := le.Uint32(b[12:]); int(width) != h.width() {
		return Header{}, fmt.Errorf("tokens of %d bytes, but a vocabulary of %d has %d", width, h.VocabSize, h.width())
	}
	return h, nil
}

// layout tells where the parts of a file lie.
type layout struct {
	tokens, docs int64
	// positions in the file; without a mask it is where the offsets are
	mask, offsets, ids, trailer int64
}

// newLayout returns the layout of a file with that content.
func newLayout(h Header, tokens, docs int64) layout {
	l := layout{tokens: tokens, docs: docs}
	l.mask = (headerSize + tokens*int64(h.width()) + 7) &^ 7
	l.offsets = l.mask
	if h.Masked {
		l.offsets += (tokens + 63) / 64 * 8
	}
	l.ids = l.offsets + 8*(docs+1)
	l.trailer = l.ids + 16*docs
	return l
}

// size returns the length of the file.
func (l layout) size() int64 { return l.trailer + trailerSize }
