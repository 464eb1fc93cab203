package code

import "testing"

func TestFileLicense(t *testing.T) {
	const rest = ` This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; see the GNU General Public License for more details. */`
	for text, want := range map[string]string{
		"// SPDX-License-Identifier: Zlib\n// Licensed under the Apache License, Version 2.0": "Zlib",
		"/* This program is free software: you can redistribute it and/or modify\n * it under the terms of the GNU General Public License as published by\n * the Free Software Foundation, either version 3 of the License, or\n * (at your option) any later version." + rest: "GPL-3.0-or-later",
		"/* it under the terms of the GNU Lesser General Public\n * License as published by the Free Software Foundation; either\n * version 2.1 of the License, or (at your option) any later version." + rest:                                                                 "LGPL-2.1-or-later",
		"# under the terms of version 2 of the GNU General Public License as published by the Free Software Foundation.":                                                                                                                                                        "GPL-2.0-only",
		"; under the GNU Affero General Public License, version 3, as published by the Free Software Foundation.":                                                                                                                                                               "AGPL-3.0-only",
		"// Licensed under the Apache License, Version 2.0 (the \"License\");\n// you may not use this file":                                                                                                                                                                    "Apache-2.0",
		"/* This Source Code Form is subject to the terms of the Mozilla Public\n * License, v. 2.0. If a copy":                                                                                                                                                                 "MPL-2.0",
		"/*\n" + mit + "*/\nint main;":                                                                             "MIT",
		"// Distributed under the Boost Software License, Version 1.0. (See":                                       "BSL-1.0",
		"// Use of this source code is governed by a BSD-style\n// license that can be found in the LICENSE file.": "",
		"// See the GNU General Public License for more details.":                                                  "",
		"func license() {}": "", "": "",
	} {
		if got := FileLicense([]byte(text)); got != want {
			t.Errorf("%.70q: %q, want %q", text, got, want)
		}
	}
}
