package question

import "strings"

// qualify names symbols as they are written where they are used: by the name of their
// package, or by its whole path where several packages have the name. It also asks
// which package has a function that only one of them has.
func (c *collector) qualify() {
	packages, owners := map[string]int{}, map[string]int{}
	for _, p := range c.set.places {
		if p.kind != Symbol {
			continue
		}
		packages[p.short]++
		for name := range p.names {
			owners[name[strings.LastIndexByte(name, '.')+1:]]++
		}
	}
	for i := range c.set.places {
		if p := &c.set.places[i]; p.kind == Symbol && packages[p.short] > 1 {
			p.short = p.name
		}
	}
	var where []Entry
	for i := range c.set.entries {
		e := &c.set.entries[i]
		if e.Kind != Symbol {
			continue
		}
		if e.Ask == AskDoes && owners[e.Subject] == 1 && !strings.Contains(e.Subject, ".") {
			w := *e
			w.Ask, w.Text = AskWhere, e.Within
			where = append(where, w)
		}
		e.Subject = c.place(Symbol, e.Within).subject(e.Subject)
	}
	for _, e := range where {
		c.add(e)
	}
}

// subject is the whole name of a name in a package, or of the package itself.
func (p *place) subject(name string) string {
	if !p.names[name] {
		return "package " + p.short
	}
	return p.short + "." + name
}
