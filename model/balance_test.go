package model

import "testing"

// TestBalanceExperts: the bias moves toward experts with less than the mean
// load, and with it the choices become more even.
func TestBalanceExperts(t *testing.T) {
	c := small(t, Qwen3MoE)
	c.RouterBias = true
	m := newModel(t, c)
	m.BalanceExperts([][]int{{4, 0, 2, 2, 2, 2}, {1, 1, 1, 1, 1, 1}}, 0.5)
	first, second := m.RouterBiases()[0], m.RouterBiases()[1]
	if first[0] != -0.5 || first[1] != 0.5 || first[2] != 0 || second[0] != 0 {
		t.Fatalf("biases %v, %v", first, second)
	}
	clear(first)
	b := documents(c.VocabSize, 200)
	ws := NewWorkspace(m, 200, false)
	var spread []int
	for range 60 {
		stats, err := m.Loss(ws, b, shifted(b))
		if err != nil {
			t.Fatal(err)
		}
		low, high := stats.ExpertLoad[1][0], stats.ExpertLoad[1][0]
		for _, n := range stats.ExpertLoad[1] {
			low, high = min(low, n), max(high, n)
		}
		spread = append(spread, high-low)
		m.BalanceExperts(stats.ExpertLoad, 0.01)
	}
	if last := spread[len(spread)-1]; last*3 > spread[0] {
		t.Errorf("spread of the load went from %d to %d", spread[0], last)
	}
}
