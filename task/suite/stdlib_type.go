package suite

import (
	"go/ast"
	"go/printer"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// typeText writes a type as seen from outside of its package: Reader of package io
// is io.Reader.
func typeText(e ast.Expr, p *libraryPackage) string {
	var b strings.Builder
	if printer.Fprint(&b, token.NewFileSet(), e) != nil {
		return ""
	}
	return word.ReplaceAllStringFunc(b.String(), func(w string) string {
		if p.names[w] && ast.IsExported(w) {
			return p.name + "." + w
		}
		if from, name, ok := strings.Cut(w, "."); ok && p.renamed[from] != "" {
			return p.renamed[from] + "." + name
		}
		return w
	})
}

// hides reports whether a type has a part that only the package can name.
func (p *libraryPackage) hides(text string) bool {
	return slices.ContainsFunc(word.FindAllString(text, -1), func(w string) bool { return p.names[w] })
}

// word is an identifier, with what it is selected from, so that the Reader of
// io.Reader is not one of its own.
var word = regexp.MustCompile(`[\pL_][\pL_\d]*(\.[\pL_][\pL_\d]*)?`)

// vague reports whether a type is of a package whose name is that of several.
func (l *library) vague(text string) bool {
	return slices.ContainsFunc(word.FindAllString(text, -1), func(w string) bool {
		from, _, ok := strings.Cut(w, ".")
		return ok && l.named[from] > 1
	})
}

// plain replaces aliases, so that types that are equal are written alike.
func (l *library) plain(text string) string {
	for range 3 { // an alias of an alias
		text = word.ReplaceAllStringFunc(text, func(w string) string {
			switch w {
			case "byte":
				return "uint8"
			case "rune":
				return "int32"
			case "any":
				return "interface{}"
			}
			if target, ok := l.aliases[w]; ok {
				return target
			}
			return w
		})
	}
	return text
}

// usual writes the types that plain made uniform as people write them.
func usual(text string) string {
	return strings.NewReplacer("[]uint8", "[]byte", "interface{}", "any").Replace(text)
}
