package code

import (
	"bytes"
	"regexp"
	"strings"
)

// gnuNotice is what the FSF asks to put into files, as words, with the version
// before or after the name.
var gnuNotice = regexp.MustCompile(`\b(?:version (\d(?: \d)?) of )?the gnu (affero |lesser |library )?general public license` +
	`(?: (?:l?gpl ))?(?: ?as published by the free software foundation(?: inc)?)?(?: (?:either )?(?:version|v) ?(\d(?: \d)?))?( only)?( of the license)?( or at your option any later version| or any later version| or later| or newer)?`)

// otherNotices name a license by words that stand in files.
var otherNotices = []struct {
	id      string
	word    string // what is always in the words, as a quick look
	pattern *regexp.Regexp
}{
	{"Apache-2.0", "apache", regexp.MustCompile(`\b(licensed|released|distributed) under (the )?(terms of )?(the )?apache license,? (version|v) ?2( 0)?\b|\bapache org licenses license 2 0\b`)},
	{"MPL-2.0", "mozilla", regexp.MustCompile(`\bsubject to the terms of the mozilla public license (version|v) ?2 0\b`)},
	{"EPL-2.0", "eclipse", regexp.MustCompile(`\bterms of the eclipse public license (version|v)? ?2 0\b`)},
	{"EPL-1.0", "eclipse", regexp.MustCompile(`\bterms of the eclipse public license (version|v)? ?1 0\b`)},
	{"BSL-1.0", "boost", regexp.MustCompile(`\bdistributed under the boost software license version 1 0\b`)},
	{"CC0-1.0", "creativecommons", regexp.MustCompile(`\bcreativecommons org publicdomain zero 1 0\b`)},
}

// FileLicense returns the SPDX expression of what a file says of its own license
// at its beginning: in an SPDX line, else in a notice, or by a license's text. It
// is "" if it says nothing that is known.
func FileLicense(content []byte) string {
	if id := SPDX(content); id != "" {
		return id
	}
	head := content[:min(len(content), spdxHead)]
	if lower := bytes.ToLower(head); !bytes.Contains(lower, []byte("licen")) && !bytes.Contains(lower, []byte("permission")) && !bytes.Contains(lower, []byte("redistribution")) {
		return ""
	}
	list := wordsOf(string(head))
	words := strings.Join(list, " ")
	if id := gnuLicense(words); id != "" {
		return id
	}
	for _, n := range otherNotices {
		if strings.Contains(words, n.word) && n.pattern.MatchString(words) {
			return n.id
		}
	}
	found, _ := licensesIn(list)
	return strings.Join(found, " AND ")
}

// gnuLicense returns the license of a notice of GNU, if it says which version.
func gnuLicense(words string) string {
	if !strings.Contains(words, "general public license") {
		return ""
	}
	for _, m := range gnuNotice.FindAllStringSubmatch(words, -1) {
		version := m[1]
		if version == "" {
			version = m[3]
		}
		version = strings.Replace(version, " ", ".", 1)
		if version == "" {
			continue
		}
		if !strings.Contains(version, ".") {
			version += ".0"
		}
		name := "GPL-"
		switch m[2] {
		case "affero ":
			name = "AGPL-"
		case "lesser ", "library ":
			name = "LGPL-"
		}
		if m[6] != "" {
			return name + version + "-or-later"
		}
		return name + version + "-only"
	}
	return ""
}
