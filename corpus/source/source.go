// Package source lists and opens the files a corpus is made of, wherever they
// lie: on disk, behind HTTP, or in S3.
package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// File is one input file.
type File struct {
	// Path is where the file lies: a path, or an address beginning with http://,
	// https:// or s3://.
	Path string
	// Name is the path below the part of the pattern that names a place: with
	// slashes, the same wherever the data was put. No two files of a list share one.
	Name string
	// Size is the length in bytes as stored; -1 is not known.
	Size int64
	// Tag is the version of a remote file (its ETag); "" is not known.
	Tag string
	// Time is when the file was last changed; zero is not known.
	Time time.Time
	// Tree says that this is a directory, listed as a whole.
	Tree bool

	remote *remote
}

// Options say how files are reached.
type Options struct {
	// Headers are sent with each HTTP request, such as Authorization.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// Endpoint is the address of an S3 service that is not Amazon's. Without one
	// AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL are asked.
	Endpoint string `yaml:"endpoint" json:"endpoint,omitempty"`
	// Region is the S3 region; without one AWS_REGION or AWS_DEFAULT_REGION are
	// asked. Keys come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
	// AWS_SESSION_TOKEN, or from AWS_PROFILE in the file of credentials; without
	// any, requests are not signed.
	Region string `yaml:"region" json:"region,omitempty"`
	// Retries is how often in a row a request or a broken transfer is tried again
	// without a byte of progress.
	Retries int `yaml:"retries" json:"retries"`
	// Stall is the number of seconds a transfer may stand still before it counts
	// as broken.
	Stall int `yaml:"stall" json:"stall"`
	// Trees lists each directory as one file, for source trees, instead of the
	// files in it.
	Trees bool `yaml:"-" json:"-"`
	// Exclude are patterns of names below a place on disk: files and directories
	// that one of them matches are not listed.
	Exclude []string `yaml:"-" json:"-"`
	// Without are absolute paths without links: these files and directories on disk
	// are not listed when a pattern comes upon them.
	Without []string `yaml:"-" json:"-"`
	// Closed is called with each directory that may not be read, and listing goes
	// on; nil: such a directory is an error.
	Closed func(path string) `yaml:"-" json:"-"`
}

// SetDefaults sets what an empty section of a recipe means.
func (o *Options) SetDefaults() { o.Retries, o.Stall = 6, 60 }

// ErrChanged is in the error for a file that is no longer the one that was
// listed, or was changed while it was read.
var ErrChanged = errors.New("the file changed while it was read")

// ErrTransfer is in the error for a transfer that broke too often in a row: it
// may work another time.
var ErrTransfer = errors.New("the transfer failed")

// List returns the files that the patterns name, sorted by name. A pattern is
// a file; a directory, which means all files below it that are not hidden; a
// path with *, ?, [a-z] for parts of a name and ** for any number of
// directories; an http or https address; or s3://BUCKET/KEY, where a key may
// have the same signs, or end in a slash. Links are followed, each directory
// once. A pattern that names no file is an error. Options that are zero mean
// the defaults.
func List(ctx context.Context, patterns []string, opt Options) ([]File, error) {
	if len(patterns) == 0 {
		return nil, errors.New("no files are named: give a path, a pattern or an address")
	}
	r := newRemote(opt)
	var files []File
	for _, p := range patterns {
		found, err := listOne(ctx, p, r)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no file is there; check the path, and that files are not hidden", display(p))
		}
		files = append(files, found...)
	}
	return arrange(files), nil
}

func listOne(ctx context.Context, pattern string, r *remote) ([]File, error) {
	switch scheme(pattern) {
	case "":
		return listLocal(ctx, pattern, r.opt)
	case "http", "https":
		return listHTTP(ctx, pattern, r)
	case "s3":
		return listS3(ctx, pattern, r)
	}
	return nil, fmt.Errorf("%s: only paths and the addresses http://, https:// and s3:// are read", display(pattern))
}

// arrange sorts files by name and lists each once. Where two have one name,
// all get their paths as names.
func arrange(files []File) []File {
	byPath := map[string]File{}
	names := map[string]bool{}
	for _, f := range files {
		byPath[f.Path] = f
	}
	for _, f := range byPath {
		names[f.Name] = true
	}
	clash := len(names) < len(byPath)
	files = slices.Collect(maps.Values(byPath))
	for i := range files {
		if clash {
			files[i].Name = strings.ReplaceAll(files[i].Path, `\`, "/")
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// Open opens a file at a byte of what is stored. A remote transfer that breaks
// is taken up where it broke; a file that changed is an ErrChanged. An offset
// at the end reads nothing, one beyond it is an error. The reader is for one
// goroutine; ctx ends what it waits for.
func Open(ctx context.Context, f File, offset int64) (io.ReadCloser, error) {
	if offset < 0 {
		return nil, fmt.Errorf("%s: cannot open at byte %d", display(f.Path), offset)
	}
	if f.Tree {
		return nil, fmt.Errorf("%s: this is a directory; its format is tree", f.Path)
	}
	if scheme(f.Path) == "" {
		return openLocal(f, offset)
	}
	return openStream(ctx, f, offset)
}

// ReaderAt reads parts of a file in any order.
type ReaderAt interface {
	io.ReaderAt
	io.Closer
}

// OpenAt opens a file for reading in any order and returns its size. A server
// without ranges is an error. The reader is for one goroutine.
func OpenAt(ctx context.Context, f File) (ReaderAt, int64, error) {
	if f.Tree {
		return nil, 0, fmt.Errorf("%s: this is a directory; its format is tree", f.Path)
	}
	if scheme(f.Path) == "" {
		return openLocalAt(f)
	}
	return openRanges(ctx, f)
}

// scheme returns what stands before :// in an address, and "" for a path.
func scheme(path string) string {
	before, _, ok := strings.Cut(path, "://")
	if !ok || strings.ContainsAny(before, `/\.`) {
		return ""
	}
	return strings.ToLower(before)
}
