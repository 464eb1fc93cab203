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

// spdxText returns the text of a license in the SPDX list.
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
	data := encodeFingerprints(all)
	if *update {
		if err := os.WriteFile("licenses.bin", data, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(data, licenseData) {
		t.Error("licenses.bin is not what the texts give: run with -update")
	}
	for _, id := range knownLicenses {
		if got, score := License([]byte(spdxText(t, dir, id))); got != id || score < 0.99 {
			t.Errorf("the text of %s is taken for %q (%.2f)", id, got, score)
		}
	}
}

func TestFingerprintsAreThere(t *testing.T) {
	all, err := decodeFingerprints(licenseData)
	if err != nil || len(all) != len(knownLicenses) {
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
