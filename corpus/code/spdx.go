package code

import (
	"bytes"
	"regexp"
	"strings"
)

// spdxLine is the tag of SPDX, annex E.
var spdxLine = regexp.MustCompile(`SPDX-License-Identifier:[ \t]*([^\r\n]{1,200})`)

// spdxExpression is what may come after it: names, with "+" and exceptions, and
// operators between them.
var spdxExpression = regexp.MustCompile(`^\(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*(\s+(AND|OR|WITH|and|or|with)\s+\(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*)*`)

// spdxHead is how much of a file is searched for the tag.
const spdxHead = 4 << 10

// SPDX returns the license expression that a file states in a line
// SPDX-License-Identifier at its beginning, such as "MIT OR Apache-2.0", or "".
func SPDX(content []byte) string {
	head := content[:min(len(content), spdxHead)]
	if !bytes.Contains(head, []byte("SPDX-License-Identifier:")) {
		return ""
	}
	m := spdxLine.FindSubmatch(head)
	if m == nil {
		return ""
	}
	words := strings.Fields(spdxExpression.FindString(strings.TrimSpace(string(m[1]))))
	for i, word := range words {
		switch word {
		case "and", "or", "with":
			words[i] = strings.ToUpper(word)
		}
	}
	expression := strings.Join(words, " ")
	if open, closed := strings.Count(expression, "("), strings.Count(expression, ")"); open == 0 && closed > 0 {
		expression = strings.ReplaceAll(expression, ")", "") // of the comment around it
	}
	return expression
}
