package objective

// Multiplier is the Lagrange multiplier of a bound on what a run measures: gradient
// ascent on the dual, projected on 0 and more (Dai et al., Safe RLHF, arXiv:2310.12773,
// 3.3; the integral term of Stooke et al., arXiv:2007.03964, algorithm 2), and bounded,
// since one of a bound that nothing can hold grows without end. As JSON it is what a
// checkpoint needs. It must not be shared by goroutines.
type Multiplier struct {
	Value   float64 `json:"value"`
	Updates int     `json:"updates"` // measurements that were taken in
}

// Update adds rate times excess, which is by how much what was measured is on the wrong
// side of its bound, less than 0 on the right one, and keeps Value between 0 and most.
// An excess that is not finite changes nothing.
func (m *Multiplier) Update(excess, rate, most float64) {
	if excess-excess != 0 {
		return
	}
	m.Updates++
	m.Value = min(max(m.Value+float64(rate*excess), 0), most)
}
