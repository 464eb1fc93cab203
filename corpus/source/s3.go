package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// listS3 lists the objects that an s3:// address names.
func listS3(ctx context.Context, address string, r *remote) ([]File, error) {
	bucket, key := splitS3(address)
	if bucket == "" {
		return nil, fmt.Errorf("%s: write s3://BUCKET/KEY", display(address))
	}
	client, err := r.client3()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", display(address), err)
	}
	prefix, m, err := keyPattern(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", display(address), err)
	}
	var files []File
	err = r.try(ctx, address, func() error {
		files = files[:0]
		listing, idle, stop := r.watched(ctx)
		defer stop()
		opts := minio.ListObjectsOptions{Prefix: prefix, Recursive: true}
		for o := range client.ListObjectsIter(listing, bucket, opts) {
			if o.Err != nil {
				return s3Fault(r.stalled(ctx, o.Err))
			}
			idle.Reset(r.limit())
			if name, ok := keyName(o.Key, key, prefix, m); ok {
				files = append(files, File{
					Path: "s3://" + bucket + "/" + o.Key, Name: name, Size: o.Size,
					Tag: quoted(o.ETag), Time: o.LastModified, remote: r,
				})
			}
		}
		return ctx.Err()
	})
	return files, err
}

// splitS3 splits an address into bucket and key.
func splitS3(address string) (bucket, key string) {
	bucket, key, _ = strings.Cut(address[len("s3://"):], "/")
	return bucket, key
}

// keyPattern returns what all keys that are meant begin with, and the matcher
// for what follows its last slash.
func keyPattern(key string) (prefix string, m *matcher, err error) {
	if !hasMeta(key) {
		return key, nil, nil
	}
	prefix = key[:strings.IndexAny(key, "*?[")]
	root := prefix[:strings.LastIndexByte(prefix, '/')+1]
	m, err = newMatcher(key[len(root):])
	return prefix, m, err
}

// keyName returns the name of an object and whether the pattern means it: the
// key itself, all below it as a directory, or what matches.
func keyName(object, key, prefix string, m *matcher) (string, bool) {
	if strings.HasSuffix(object, "/") {
		return "", false // a place holder for a directory
	}
	if m != nil {
		name := object[strings.LastIndexByte(prefix, '/')+1:]
		return name, m.file(name)
	}
	if object == key {
		return path.Base(key), true
	}
	dir := key
	if dir != "" && !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	name, ok := strings.CutPrefix(object, dir)
	return name, ok && m.file(name)
}

func quoted(tag string) string {
	if tag == "" {
		return ""
	}
	return `"` + strings.Trim(tag, `"`) + `"`
}

// client3 makes the S3 client when the first file needs one.
func (r *remote) client3() (*minio.Core, error) {
	r.once.Do(func() { r.s3, r.err = newS3(r.opt) })
	return r.s3, r.err
}

func newS3(opt Options) (*minio.Core, error) {
	endpoint := first(opt.Endpoint, os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"))
	region := first(opt.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	host, secure, lookup := "s3.amazonaws.com", true, minio.BucketLookupAuto
	if endpoint != "" {
		if !strings.Contains(endpoint, "://") {
			endpoint = "https://" + endpoint
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("the endpoint %q is no address such as https://host:9000", endpoint)
		}
		host, secure, lookup = u.Host, u.Scheme == "https", minio.BucketLookupPath
		region = first(region, "us-east-1") // a service of one region need not be asked
	}
	return minio.NewCore(host, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{},
		}),
		Secure: secure, Region: region, BucketLookup: lookup, Transport: transport(), MaxRetries: 1,
	})
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func (r *remote) getS3(ctx context.Context, f File, s span) (*part, error) {
	client, err := r.client3()
	if err != nil {
		return nil, &fault{err: err}
	}
	bucket, key := splitS3(f.Path)
	var opts minio.GetObjectOptions
	if h := s.header(); h != "" {
		opts.Set("Range", h)
	}
	if f.Tag != "" {
		opts.Set("If-Match", f.Tag)
	}
	body, info, header, err := client.GetObject(ctx, bucket, key, opts)
	if err != nil {
		return nil, s3Fault(err)
	}
	p := &part{body: body, size: info.Size, tag: quoted(info.ETag), time: info.LastModified}
	if h := header.Get("Content-Range"); h != "" {
		p.from, p.size, err = contentRange(h)
		if err == nil && p.from != s.from {
			err = errors.New("the service sends another range than was asked for")
		}
	}
	if err == nil {
		err = sameVersion(f, p)
	}
	if err != nil {
		body.Close()
		return nil, err
	}
	return p, nil
}

// s3Fault says what to do about an error of the service.
func s3Fault(err error) error {
	res := minio.ToErrorResponse(err)
	switch res.StatusCode {
	case http.StatusPreconditionFailed:
		return &fault{err: ErrChanged}
	case http.StatusNotFound:
		return &fault{err: fmt.Errorf("%w; check bucket and key", err)}
	case http.StatusForbidden, http.StatusUnauthorized:
		return &fault{err: fmt.Errorf("%w; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to keys that may read this", err)}
	case http.StatusMovedPermanently, http.StatusBadRequest:
		return &fault{err: fmt.Errorf("%w; check region and endpoint (AWS_REGION, AWS_ENDPOINT_URL_S3)", err)}
	case http.StatusRequestedRangeNotSatisfiable:
		return &fault{err: fmt.Errorf("%w; the object is shorter than it was", err)}
	}
	return &fault{err: err, passing: true}
}
