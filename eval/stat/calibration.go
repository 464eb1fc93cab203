package stat

// Calibration says how far confidence and being right go together.
type Calibration struct {
	// ECE is the expected calibration error over bins of equal mass, Brier the mean
	// squared difference of confidence and outcome (0 or 1).
	ECE   Estimate `json:"ece"`
	Brier Estimate `json:"brier"`
	// Bins are ascending in confidence.
	Bins []Bin `json:"bins"`
	// Selective is accuracy over the most confident share of items, from few to all.
	Selective []Coverage `json:"selective"`
	// AURC is the area under the risk-coverage curve.
	AURC float64 `json:"aurc"`
	// AUROC is the probability that a right answer has more confidence than a wrong one.
	AUROC float64 `json:"auroc"`
}

// Bin is the items of one range of confidence.
type Bin struct {
	N          int     `json:"n"`
	Confidence float64 `json:"confidence"` // mean
	Accuracy   float64 `json:"accuracy"`
	Low        float64 `json:"low"` // 95%, Wilson
	High       float64 `json:"high"`
}

// Coverage is a point of the risk-coverage curve.
type Coverage struct {
	Coverage float64 `json:"coverage"` // share of items answered
	Accuracy float64 `json:"accuracy"` // of those
	// Threshold is the least confidence that is answered.
	Threshold float64 `json:"threshold"`
}
