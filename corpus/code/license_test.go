package code

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write licenses.bin from the texts in POLYMATH_SPDX")

// knownLicenses are those of which a fingerprint is kept.
var knownLicenses = strings.Fields(`0BSD AFL-3.0 AGPL-3.0 Apache-1.1 Apache-2.0 Artistic-1.0-Perl Artistic-2.0 Beerware BlueOak-1.0.0
	BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause BSD-3-Clause-Clear BSD-4-Clause BSD-4-Clause-UC BSL-1.0 BUSL-1.1 bzip2-1.0.6
	CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC-BY-NC-4.0 CC-BY-NC-SA-4.0 CC-BY-ND-4.0 CC-BY-NC-ND-4.0 CC0-1.0
	CDDL-1.0 CDDL-1.1 CECILL-2.1 CPL-1.0 curl ECL-2.0 Elastic-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 FTL GFDL-1.2 GFDL-1.3
	GPL-1.0 GPL-2.0 GPL-3.0 HPND ICU IJG ISC JSON LGPL-2.0 LGPL-2.1 LGPL-3.0 libpng-2.0 LPPL-1.3c MIT MIT-0 MPL-1.1 MPL-2.0 MS-PL MS-RL
	MulanPSL-2.0 NCSA ODbL-1.0 OFL-1.1 OpenSSL OSL-3.0 PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 QPL-1.0 Ruby SSPL-1.0 Sleepycat TCL
	Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL X11 Zlib ZPL-2.1`)

// notices are short texts that stand for a license.
var notices = [][2]string{
	{"Apache-2.0", `Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with the License.
		You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0
		Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
		WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language governing permissions and
		limitations under the License.`},
	{"MPL-2.0", `This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0. If a copy of the MPL was not distributed with this
		file, You can obtain one at https://mozilla.org/MPL/2.0/.`},
}

// spdxText returns the text of a license in the SPDX list. That of the ISC has
// its own name for the author.
func spdxText(t *testing.T, dir, id string) string {
	t.Helper()
	for _, name := range []string{id, id + "-only"} {
		content, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			continue
		}
		var entry struct{ LicenseText string }
		if err := json.Unmarshal(content, &entry); err != nil {
			t.Fatal(err)
		}
		if id == "ISC" {
			return strings.NewReplacer("ISC DISCLAIMS", "THE AUTHOR DISCLAIMS", "SHALL ISC BE", "SHALL THE AUTHOR BE").Replace(entry.LicenseText)
		}
		return entry.LicenseText
	}
	t.Fatalf("%s has no license %s", dir, id)
	return ""
}

// TestFingerprints makes the fingerprints from the texts again, and finds every
// license by its own text.
func TestFingerprints(t *testing.T) {
	dir := os.Getenv("POLYMATH_SPDX")
	if dir == "" {
		t.Skip("POLYMATH_SPDX names no directory with the texts of the SPDX list")
	}
	var all []fingerprint
	for _, id := range knownLicenses {
		all = append(all, newFingerprint(id, spdxText(t, dir, id)))
	}
	for _, n := range notices {
		all = append(all, newFingerprint(n[0], n[1]))
	}
	data := encodeFingerprints(all)
	if *update {
		if err := os.WriteFile("licenses.bin", data, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(data, licenseData) {
		t.Error("licenses.bin is not what the texts give: run with -update")
	}
	for _, id := range knownLicenses {
		want := id
		if id == "ECL-2.0" {
			want = "Apache-2.0 AND ECL-2.0" // it has Apache's notice, but for the name
		}
		if got, score := License([]byte(spdxText(t, dir, id))); got != want || score < minShare {
			t.Errorf("the text of %s is taken for %q (%.2f)", id, got, score)
		}
	}
}

func TestFingerprintsAreThere(t *testing.T) {
	all, err := decodeFingerprints(licenseData)
	if err != nil || len(all) != len(knownLicenses)+len(notices) {
		t.Fatalf("%d fingerprints, error %v", len(all), err)
	}
	if again := encodeFingerprints(slices.Clone(all)); !bytes.Equal(again, licenseData) {
		t.Error("written again they differ")
	}
	for _, f := range all {
		if !slices.IsSorted(f.hashes) || len(f.hashes) < 10 {
			t.Errorf("%s has %d hashes", f.id, len(f.hashes))
		}
	}
}

const mit = `MIT License

Copyright (c) 2021 Somebody Else <me@example.org>

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`

const isc = `Copyright (c) Somebody
Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.
THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR
IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`

const zlib = `Copyright (C) 1995 Somebody

This software is provided 'as-is', without any express or implied
warranty. In no event will the authors be held liable for any damages
arising from the use of this software.

Permission is granted to anyone to use this software for any purpose,
including commercial applications, and to alter it and redistribute it
freely, subject to the following restrictions:

1. The origin of this software must not be misrepresented; you must not
   claim that you wrote the original software. If you use this software
   in a product, an acknowledgment in the product documentation would be
   appreciated but is not required.
2. Altered source versions must be plainly marked as such, and must not be
   misrepresented as being the original software.
3. This notice may not be removed or altered from any source distribution.
`

func TestLicense(t *testing.T) {
	commented := "/*\n * " + strings.ReplaceAll(mit, "\n", "\n * ") + "*/"
	half := mit[:len(mit)/2]
	for _, c := range []struct{ name, text, want string }{
		{"MIT", mit, "MIT"},
		{"Zlib", zlib, "Zlib"},
		{"in a comment", commented, "MIT"},
		{"both", mit + "\n----\n" + zlib, "MIT AND Zlib"},
		{"a notice", "Copyright 2020 me\n\n" + notices[0][1], "Apache-2.0"},
		{"ISC", isc, "ISC"},
		{"none", "All rights reserved.", ""},
		{"empty", "", ""},
		{"half of it", half, ""},
		{"a readme", "This program is under the MIT license.", ""},
	} {
		if got, score := License([]byte(c.text)); got != c.want || (got != "") != (score >= minShare) {
			t.Errorf("%s: %q (%.2f), want %q", c.name, got, score, c.want)
		}
	}
}

func TestExpressionOfFiles(t *testing.T) {
	for _, c := range []struct {
		together, choice []string
		want             string
	}{
		{nil, nil, ""},
		{nil, []string{"MIT", "Apache-2.0"}, "Apache-2.0 OR MIT"},
		{[]string{"MIT"}, nil, "MIT"},
		{[]string{"GPL-3.0", "LGPL-3.0"}, nil, "LGPL-3.0"},
		{[]string{"MIT", "BSD-3-Clause", "MIT"}, nil, "BSD-3-Clause AND MIT"},
	} {
		if got := expressionOf(c.together, c.choice); got != c.want {
			t.Errorf("%v and %v: %q, want %q", c.together, c.choice, got, c.want)
		}
	}
}

func TestSPDX(t *testing.T) {
	for text, want := range map[string]string{
		"// SPDX-License-Identifier: MIT\n":                                         "MIT",
		"/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */":       "GPL-2.0-only WITH Linux-syscall-note",
		"# SPDX-License-Identifier:Apache-2.0 or MIT":                               "Apache-2.0 OR MIT",
		"<!-- SPDX-License-Identifier: (MIT OR Apache-2.0) AND BSD-3-Clause -->":    "(MIT OR Apache-2.0) AND BSD-3-Clause",
		"(* SPDX-License-Identifier: LGPL-2.1+*)":                                   "LGPL-2.1+",
		"#!/bin/sh\n# Copyright me\n# SPDX-License-Identifier: LicenseRef-Mine.1\r": "LicenseRef-Mine.1",
		"// SPDX-License-Identifier:\n// MIT":                                       "",
		"// SPDX-License-Identifier: ???":                                           "",
		strings.Repeat(" ", spdxHead) + "// SPDX-License-Identifier: MIT":           "",
		"no": "",
	} {
		if got := SPDX([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzLicense reads any text as a license.
func FuzzLicense(f *testing.F) {
	f.Add([]byte(mit), []byte(zlib))
	f.Add([]byte("SPDX-License-Identifier: MIT"), []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		got, score := License(a)
		if (got == "") != (score == 0) || score > 1 {
			t.Errorf("%q with %v", got, score)
		}
		if id := SPDX(a); strings.ContainsAny(id, "\r\n") {
			t.Errorf("expression %q", id)
		}
		if all, err := decodeFingerprints(b); err == nil {
			for _, f := range all {
				if len(f.hashes) > maxHashes {
					t.Errorf("%d hashes", len(f.hashes))
				}
			}
		}
	})
}
