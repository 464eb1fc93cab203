package source

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Shown returns the path and the name of a file as they may be stored and shown:
// as text, where names that are no UTF-8 are escaped, so that different ones stay
// different, and without what gives access to a remote file.
func (f *File) Shown() (path, name string) {
	if scheme(f.Path) == "" {
		return text(f.Path), text(f.Name)
	}
	return text(withoutKeys(f.Path)), text(withoutSignature(f.Name))
}

// ShownPattern is what List is asked for, without what gives access to it.
func ShownPattern(pattern string) string {
	if scheme(pattern) == "" {
		return pattern
	}
	return withoutKeys(pattern)
}

func text(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

// withoutKeys takes the name and the password of a user and signatures out of an
// address.
func withoutKeys(address string) string {
	head, tail, _ := strings.Cut(address, "://")
	end := len(tail)
	if i := strings.IndexAny(tail, "/?#"); i >= 0 {
		end = i
	}
	if at := strings.LastIndexByte(tail[:end], '@'); at >= 0 {
		tail = tail[at+1:]
	}
	return head + "://" + withoutSignature(tail)
}

// withoutSignature takes the values of those parameters out of an address that
// are signatures, or that change with them.
func withoutSignature(address string) string {
	before, query, ok := strings.Cut(address, "?")
	if !ok {
		return address
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if key, _, ok := strings.Cut(part, "="); ok && isKey(strings.ToLower(key)) {
			parts[i] = key + "=..."
		}
	}
	return before + "?" + strings.Join(parts, "&")
}

// keys are parameters that give access; so do those with these beginnings and
// ends.
var (
	keys = []string{
		"sig", "auth", "authorization", "key", "api_key", "apikey", "password", "passwd", "pwd", "policy", "expires",
		"key-pair-id", "awsaccesskeyid", "googleaccessid",
	}
	keyBegins = []string{"x-amz-", "x-goog-"}
	keyEnds   = []string{"token", "signature", "secret", "credential"}
)

func isKey(name string) bool {
	return slices.Contains(keys, name) ||
		slices.ContainsFunc(keyBegins, func(s string) bool { return strings.HasPrefix(name, s) }) ||
		slices.ContainsFunc(keyEnds, func(s string) bool { return strings.HasSuffix(name, s) })
}
