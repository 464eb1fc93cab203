package constraint

import "strings"

// loose are the variants of an answer of which one must meet a constraint in the loose
// reading: the answer without its first line, its last, or both, as models say "Sure:"
// before and "I hope this helps" behind, and all of these without stars.
func loose(answer string) []string {
	answer = strings.TrimSpace(answer)
	list := []string{answer}
	first, last := strings.IndexByte(answer, '\n'), strings.LastIndexByte(answer, '\n')
	if first >= 0 {
		list = append(list, answer[first+1:], answer[:last])
	}
	if first < last {
		list = append(list, answer[first+1:last])
	}
	if strings.Contains(answer, "*") {
		for _, one := range list[:len(list):len(list)] {
			list = append(list, strings.ReplaceAll(one, "*", ""))
		}
	}
	return list
}

// Result is what Judge finds.
type Result struct {
	// Strict and Loose are how many of the constraints are met in either reading. What is
	// met strictly is met loosely.
	Strict, Loose int
	// Why says of each constraint that is not met strictly why not; else it is empty.
	Why []string
}

// Judge counts the constraints that an answer meets.
func Judge(list []Constraint, answer string) Result {
	r := Result{Why: make([]string, len(list))}
	var variants []string
	for i := range list {
		ok, why := check(list, i, answer)
		if ok {
			r.Strict++
			r.Loose++
			continue
		}
		r.Why[i] = why
		if variants == nil {
			variants = loose(answer)
		}
		for _, v := range variants[1:] {
			if ok, _ := check(list, i, v); ok {
				r.Loose++
				break
			}
		}
	}
	return r
}
