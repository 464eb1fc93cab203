package report

// long writes scores by length and depth, and by position.
func (m *markdown) long(p *page) {
	for _, l := range p.Long {
		for _, g := range l.Grids {
			m.heading("%s by depth and length, in percent: %s", l.Task, g.Model)
			var rows [][]string
			for _, r := range g.Rows {
				row := []string{r.Name}
				for _, c := range r.Cells {
					row = append(row, c.Score+parenthesis(c.Interval))
				}
				rows = append(rows, row)
			}
			m.table(append([]string{"depth"}, g.Lengths...), rows)
			m.line("%s", g.Note)
		}
		m.heading("%s by length", l.Task)
		m.scoreTable("length", l.Lengths, p.Models)
		if l.Differences != nil {
			m.differences(l.Differences, p.Models[0], p.Models[1])
		}
	}
	for _, s := range p.Positions {
		m.heading("%s by position", s.Task)
		m.scoreTable("tokens before", s.Table, p.Models)
		m.pairs(s.Trends)
	}
}
