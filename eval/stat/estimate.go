// Package stat is the statistics of examinations: intervals, comparisons in pairs,
// calibration. It knows numbers only.
package stat

// Estimate is a mean with its 95% interval.
type Estimate struct {
	Value float64 `json:"value"`
	// StdErr is the standard error, over clusters where there are any.
	StdErr float64 `json:"stderr"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	// N is the number of items, Clusters that of clusters.
	N        int `json:"n"`
	Clusters int `json:"clusters"`
	// Interval is how Low and High were found: wilson, clustered t or bootstrap.
	Interval string `json:"interval,omitempty"`
}
