package code

import (
	"bytes"
	"regexp"
	"strings"
)

var (
	emacsMode = regexp.MustCompile(`-\*-\s*(?:.*?[\s;]mode:\s*|mode:\s*)?([\w+#-]+)\s*(?:;.*?)?-\*-`)
	vimMode   = regexp.MustCompile(`(?:^|\s)(?:vim?|ex):\s*(?:set?\s.*?)?[\s:]*(?:.*?[\s:])?(?:ft|filetype|syntax)=(\w+)`)
)

// modes are the names that editors give to languages, where they differ.
var modes = map[string]string{
	"c": "C", "c++": "C++", "cpp": "C++", "objc": "Objective-C", "cs": "C#", "csharp": "C#", "js": "JavaScript", "javascript": "JavaScript", "python": "Python",
	"ruby": "Ruby", "perl": "Perl", "cperl": "Perl", "sh": "Shell", "bash": "Shell", "zsh": "Shell", "shell-script": "Shell", "java": "Java", "go": "Go", "rust": "Rust",
	"tcl": "Tcl", "lisp": "Common Lisp", "common-lisp": "Common Lisp", "emacs-lisp": "Emacs Lisp", "scheme": "Scheme", "prolog": "Prolog", "fortran": "Fortran",
	"f90": "Fortran", "php": "PHP", "lua": "Lua", "make": "Makefile", "makefile": "Makefile", "makefile-gmake": "Makefile", "yaml": "YAML", "xml": "XML", "nxml": "XML",
	"html": "HTML", "sql": "SQL", "haskell": "Haskell", "tuareg": "OCaml", "ocaml": "OCaml", "caml": "OCaml", "nroff": "Roff", "vim": "Vim Script", "cmake": "CMake",
	"dockerfile": "Dockerfile", "raku": "Raku", "perl6": "Raku", "octave": "MATLAB", "matlab": "MATLAB", "verilog": "Verilog", "asm": "Assembly", "rst": "reStructuredText",
	"markdown": "Markdown", "coq": "Coq", "d": "D", "scala": "Scala", "typescript": "TypeScript", "json": "JSON", "toml": "TOML", "ada": "Ada", "pascal": "Pascal",
}

// modeline returns the language that an editor is told in the first or last
// lines.
func modeline(content []byte) (string, bool) {
	first := content[:min(len(content), 400)]
	last := content[max(0, len(content)-400):]
	if m := emacsMode.FindSubmatch(first); m != nil {
		if language, ok := modes[strings.ToLower(string(m[1]))]; ok {
			return language, true
		}
	}
	for _, part := range [][]byte{first, last} {
		if !bytes.Contains(part, []byte("vi")) && !bytes.Contains(part, []byte("ex:")) {
			continue
		}
		if m := vimMode.FindSubmatch(part); m != nil {
			if language, ok := modes[strings.ToLower(string(m[1]))]; ok {
				return language, true
			}
		}
	}
	return "", false
}
