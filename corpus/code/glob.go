package code

import "strings"

// matchPath says whether a path matches a pattern, component by component: "**"
// stands for any number of them, at the end for one at least.
func matchPath(pattern, path []string) bool {
	back, from := -1, 0 // where to try again with one component more for "**"
	p, i := 0, 0
	for i < len(path) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			if p+1 == len(pattern) {
				return true
			}
			p++
			back, from = p, i
		case p < len(pattern) && matchName(pattern[p], path[i]):
			p, i = p+1, i+1
		case back >= 0:
			from++
			p, i = back, from
		default:
			return false
		}
	}
	return p == len(pattern)
}

// matchName matches one component by bytes: * ? [a-z] [!a] [[:alpha:]] and \ to
// take the next byte as it is. A pattern that is not whole matches nothing.
func matchName(pattern, name string) bool {
	back, from := -1, 0
	p, i := 0, 0
	for i < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			back, from = p, i
			continue
		}
		width, ok := matchByte(pattern[p:], name[i])
		switch {
		case ok:
			p, i = p+width, i+1
		case width < 0 || back < 0:
			return false
		default:
			from++
			p, i = back, from
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchByte matches the beginning of a pattern with a byte and returns how much
// of the pattern that is, -1 if the pattern is broken.
func matchByte(pattern string, b byte) (width int, ok bool) {
	if pattern == "" {
		return 0, false
	}
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return matchClass(pattern, b)
	case '\\':
		if len(pattern) == 1 {
			return -1, false
		}
		return 2, pattern[1] == b
	}
	return 1, pattern[0] == b
}

// matchClass matches [...] with a byte.
func matchClass(pattern string, b byte) (width int, ok bool) {
	i := 1
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	for first := true; ; first = false {
		if i >= len(pattern) {
			return -1, false
		}
		if pattern[i] == ']' && !first {
			return i + 1, ok != negated
		}
		if strings.HasPrefix(pattern[i:], "[:") {
			if end := strings.Index(pattern[i+2:], ":]"); end >= 0 {
				in, known := inClass(pattern[i+2:i+2+end], b)
				if !known {
					return -1, false
				}
				ok = ok || in
				i += end + 4
				continue
			}
		}
		low, next := classByte(pattern, i)
		high := low
		if next+1 < len(pattern) && pattern[next] == '-' && pattern[next+1] != ']' {
			high, next = classByte(pattern, next+1)
		}
		ok = ok || low <= b && b <= high
		i = next
	}
}

// classByte returns the byte at i, which a backslash may escape, and what comes
// after it.
func classByte(pattern string, i int) (b byte, next int) {
	if pattern[i] == '\\' && i+1 < len(pattern) {
		i++
	}
	return pattern[i], i + 1
}

func inClass(class string, b byte) (in, known bool) {
	lower, upper, digit := b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9'
	graph := b > ' ' && b < 0x7f
	switch class {
	case "alpha":
		return lower || upper, true
	case "alnum":
		return lower || upper || digit, true
	case "digit":
		return digit, true
	case "xdigit":
		return digit || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F', true
	case "lower":
		return lower, true
	case "upper":
		return upper, true
	case "space":
		return b == ' ' || b >= '\t' && b <= '\r', true
	case "blank":
		return b == ' ' || b == '\t', true
	case "punct":
		return graph && !lower && !upper && !digit, true
	case "graph":
		return graph, true
	case "print":
		return graph || b == ' ', true
	case "cntrl":
		return b < ' ' || b == 0x7f, true
	}
	return false, false
}
