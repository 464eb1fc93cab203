package code

import (
	"slices"
	"strings"
)

// vendoredDirs are directories of code from elsewhere, by their name in lower
// case.
var vendoredDirs = map[string]bool{
	"vendor": true, "vendors": true, "vendored": true, "_vendor": true, "_vendored_packages": true, "node_modules": true, "bower_components": true, "jspm_packages": true,
	"third_party": true, "third-party": true, "thirdparty": true, "3rdparty": true, "3rd_party": true, "3rd-party": true,
	"extern": true, "external": true, "externals": true, "godeps": true, "pods": true, "carthage": true, "site-packages": true, "dist-packages": true,
	"virtualenv": true, ".venv": true, "venv": true, ".tox": true, ".nox": true, "__pycache__": true, ".eggs": true, ".bundle": true, ".gradle": true, ".mvn": true,
	".yarn": true, "elm-stuff": true, "deps_src": true, "_deps": true, "subprojects_cache": true, ".cargo": true, ".terraform": true, ".stack-work": true, ".vs": true, ".idea": true,
}

// vendoredFiles are files that projects copy, by their name in lower case.
var vendoredFiles = map[string]bool{
	"configure": true, "config.guess": true, "config.sub": true, "config.rpath": true, "install-sh": true, "ltmain.sh": true, "depcomp": true, "mkinstalldirs": true, "compile": true, "ar-lib": true,
	"aclocal.m4": true, "libtool.m4": true, "ltoptions.m4": true, "ltsugar.m4": true, "ltversion.m4": true, "lt~obsolete.m4": true, "ylwrap": true, "test-driver": true, "texinfo.tex": true,
	"gradlew": true, "gradlew.bat": true, "mvnw": true, "mvnw.cmd": true, ".pnp.cjs": true, ".pnp.js": true, ".pnp.loader.mjs": true, "mathjax.js": true, "modernizr.js": true,
}

// vendoredPrefixes begin the names of libraries for browsers.
var vendoredPrefixes = []string{"jquery.", "jquery-", "bootstrap.", "bootstrap-", "angular.", "react.", "react-dom.", "d3.v", "prototype.", "mootools", "highlight.pack", "normalize.css"}

// Vendored says whether a path, below the root of its project, is that of code
// from elsewhere: a copy of a library, or what a build tool brings along.
func Vendored(path string) bool {
	return isVendored(strings.Split(path, "/"), false)
}

func isVendored(path []string, isDir bool) bool {
	dirs := path
	if !isDir {
		dirs = path[:len(path)-1]
	}
	for _, dir := range dirs {
		if vendoredDirs[strings.ToLower(dir)] {
			return true
		}
	}
	if isDir {
		return false
	}
	name := strings.ToLower(path[len(path)-1])
	if vendoredFiles[name] {
		return true
	}
	return (strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".css")) &&
		slices.ContainsFunc(vendoredPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
