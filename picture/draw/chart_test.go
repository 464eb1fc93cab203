package draw

import "testing"

// Charts are of the type that is asked for, and otherwise of all; what is no type is
// refused.
func TestChartType(t *testing.T) {
	for _, want := range append(chartTypes, "") {
		seen := map[string]bool{}
		for i := range 40 {
			d, err := Make(1, i, Options{Kind: Chart, ChartType: want})
			if err != nil {
				t.Fatal(err)
			}
			seen[d.Facts.Chart.Type] = true
		}
		if want == "" && len(seen) != len(chartTypes) || want != "" && (len(seen) != 1 || !seen[want]) {
			t.Errorf("asked for %q, there are %v", want, seen)
		}
	}
	if _, err := Make(1, 0, Options{Kind: Chart, ChartType: "bars"}); err == nil {
		t.Error("a chart of the type bars was drawn")
	}
}
