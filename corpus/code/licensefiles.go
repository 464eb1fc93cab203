package code

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenseName is the name of a file with a license's text.
var licenseName = regexp.MustCompile(`(?i)^((un)?licen[cs]es?|copying|copyleft|copyright|mit-licen[cs]e|gpl|lgpl)(\.(md|markdown|txt|rst|html|lesser|lib))?$|^(licen[cs]e|copying)[-_.][a-z0-9._-]+$`)

// choiceName is that of one of several licenses among which a user may choose,
// as Rust's packages name them.
var choiceName = regexp.MustCompile(`(?i)^licen[cs]e[-_][a-z0-9]`)

// licenseOf returns the SPDX expression of the license files in a directory, or
// "" if it has none that are known.
func licenseOf(dir string, entries []fs.DirEntry) string {
	var together, choice []string
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !licenseName.MatchString(entry.Name()) {
			continue
		}
		text := readSmall(filepath.Join(dir, entry.Name()), maxLicense)
		ids, _ := licensesIn(wordsOf(text))
		if id := SPDX([]byte(text)); len(ids) == 0 && id != "" {
			ids = []string{id}
		}
		if choiceName.MatchString(entry.Name()) {
			choice = append(choice, ids...)
		} else {
			together = append(together, ids...)
		}
	}
	return expressionOf(together, choice)
}

// expressionOf joins what the files say. The text of the LGPL 3 needs that of
// the GPL beside it, which does not then hold by itself.
func expressionOf(together, choice []string) string {
	slices.Sort(choice)
	choice = slices.Compact(choice)
	if len(together) == 0 {
		return strings.Join(choice, " OR ")
	}
	together = append(together, choice...)
	slices.Sort(together)
	together = slices.Compact(together)
	if slices.ContainsFunc(together, func(id string) bool { return strings.HasPrefix(id, "LGPL-") }) {
		together = slices.DeleteFunc(together, func(id string) bool { return strings.HasPrefix(id, "GPL-") })
	}
	return strings.Join(together, " AND ")
}
