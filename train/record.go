package train

import (
	"encoding/json"
	"math"
)

// A Record is one event of a run: a line of metrics.jsonl and a message to the
// Observer. Its Kind tells which fields are set. All fields but those of
// Timing are a function of the recipe alone.
type Record struct {
	// Kind is one of the constants KindStep, KindSkip, ...
	Kind string `json:"kind"`
	// Step counts from 1: the step that just ended.
	Step int `json:"step"`
	// Tokens is the number of tokens seen since the start of the run.
	Tokens int64 `json:"tokens"`

	Train      *StepRecord       `json:"train,omitempty"`
	Skip       *SkipRecord       `json:"skip,omitempty"`
	Eval       *EvalRecord       `json:"eval,omitempty"`
	Sample     *SampleRecord     `json:"sample,omitempty"`
	Checkpoint *CheckpointRecord `json:"checkpoint,omitempty"`
	Timing     *Timing           `json:"timing,omitempty"`
}

// Kinds of Record.
const (
	KindStep       = "step"       // Train and Timing are set
	KindSkip       = "skip"       // Train, Skip and Timing are set
	KindEval       = "eval"       // Eval is set
	KindSample     = "sample"     // Sample is set, one record for each prompt
	KindCheckpoint = "checkpoint" // Checkpoint is set; not in metrics.jsonl
)

// StepRecord is what one step measured.
type StepRecord struct {
	// Loss is the mean cross-entropy in nats per token, before the step.
	Loss float64 `json:"loss"`
	// BalanceLoss and ZLoss are the router's, unweighted, mean over
	// microbatches.
	BalanceLoss float64 `json:"balance_loss"`
	ZLoss       float64 `json:"z_loss"`
	// LR is the learning rate before the groups' scales.
	LR float64 `json:"lr"`
	// GradNorm is the global norm of the gradient before clipping.
	GradNorm float64 `json:"grad_norm"`
	// ExpertLoad [layer][expert] is the number of tokens routed to each.
	ExpertLoad [][]int `json:"expert_load,omitempty"`
	// RouterEntropy [layer] is the mean entropy of the router in nats.
	RouterEntropy []float64 `json:"router_entropy,omitempty"`
	// Dropped is the number of token-expert pairs left out by capacity.
	Dropped int `json:"dropped"`
	// ImageTokens is how many of the step's tokens stood for pictures.
	ImageTokens int `json:"image_tokens,omitempty"`
	// Rows is the range of positions of shard.Order that the step read: first
	// and one past the last.
	Rows [2]int64 `json:"rows"`
}

// plainStep is StepRecord without its methods.
type plainStep StepRecord

// looseStep has null where a number is not finite, which JSON cannot hold.
type looseStep struct {
	*plainStep
	Loss        *float64 `json:"loss"`
	BalanceLoss *float64 `json:"balance_loss"`
	ZLoss       *float64 `json:"z_loss"`
	GradNorm    *float64 `json:"grad_norm"`
}

// MarshalJSON writes null for losses and norms that are not finite.
func (s StepRecord) MarshalJSON() ([]byte, error) {
	plain := plainStep(s)
	plain.RouterEntropy = nil
	for _, v := range s.RouterEntropy {
		if !finite(v) {
			v = -1 // no entropy
		}
		plain.RouterEntropy = append(plain.RouterEntropy, v)
	}
	return json.Marshal(looseStep{
		plainStep: &plain,
		Loss:      orNull(s.Loss), BalanceLoss: orNull(s.BalanceLoss),
		ZLoss: orNull(s.ZLoss), GradNorm: orNull(s.GradNorm),
	})
}

// UnmarshalJSON reads null as NaN.
func (s *StepRecord) UnmarshalJSON(text []byte) error {
	loose := looseStep{plainStep: (*plainStep)(s)}
	if err := json.Unmarshal(text, &loose); err != nil {
		return err
	}
	s.Loss, s.BalanceLoss = orNaN(loose.Loss), orNaN(loose.BalanceLoss)
	s.ZLoss, s.GradNorm = orNaN(loose.ZLoss), orNaN(loose.GradNorm)
	return nil
}

func orNull(v float64) *float64 {
	if !finite(v) {
		return nil
	}
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// SkipRecord says why a step left the weights alone.
type SkipRecord struct {
	// Reason is a sentence with the numbers.
	Reason string `json:"reason"`
	// InARow is the number of steps skipped in a row, this one included.
	InARow int `json:"in_a_row"`
}

// EvalRecord is a held-out measurement.
type EvalRecord struct {
	// Loss is the mean cross-entropy in nats per token, NaN where it was not
	// finite.
	Loss float64 `json:"loss"`
	// BitsPerByte is the loss in bits per byte of text, 0 where the length of
	// the tokens is not known.
	BitsPerByte float64 `json:"bits_per_byte,omitempty"`
	// SwappedLoss is the loss where each picture has the place of another one of
	// as many tokens: what it is above Loss tells that the pictures are looked at. 0
	// without two such pictures, and where it was not finite.
	SwappedLoss float64 `json:"swapped_loss,omitempty"`
	// Tokens and Bytes are what was predicted.
	Tokens int64 `json:"tokens"`
	Bytes  int64 `json:"bytes,omitempty"`
	// Stage is the same on what the current stage has of its own; nil where it has
	// nothing, holds nothing out, or the loss was not finite.
	Stage *StageEval `json:"stage,omitempty"`
}

// StageEval is a held-out measurement of a stage's own data.
type StageEval struct {
	// Stage counts from 1; Sequence is the length of its rows in tokens.
	Stage    int `json:"stage"`
	Sequence int `json:"sequence"`
	// The others are as in EvalRecord.
	Loss        float64 `json:"loss"`
	BitsPerByte float64 `json:"bits_per_byte,omitempty"`
	Tokens      int64   `json:"tokens"`
	Bytes       int64   `json:"bytes,omitempty"`
	SwappedLoss float64 `json:"swapped_loss,omitempty"`
}

// plainEval is EvalRecord without its methods, looseEval has null where the
// loss is not finite.
type plainEval EvalRecord

type looseEval struct {
	*plainEval
	Loss *float64 `json:"loss"`
}

// MarshalJSON writes null for a loss that is not finite.
func (e EvalRecord) MarshalJSON() ([]byte, error) {
	plain := plainEval(e)
	return json.Marshal(looseEval{plainEval: &plain, Loss: orNull(e.Loss)})
}

// UnmarshalJSON reads null as NaN.
func (e *EvalRecord) UnmarshalJSON(text []byte) error {
	loose := looseEval{plainEval: (*plainEval)(e)}
	if err := json.Unmarshal(text, &loose); err != nil {
		return err
	}
	e.Loss = orNaN(loose.Loss)
	return nil
}

// SampleRecord is a text the model wrote.
type SampleRecord struct {
	Prompt string `json:"prompt"`
	Text   string `json:"text"`
}

// CheckpointRecord says that a checkpoint was written and read back.
type CheckpointRecord struct {
	// Path is the checkpoint's directory, Hash the SHA-256 of its manifest.
	Path  string `json:"path"`
	Hash  string `json:"hash"`
	Bytes int64  `json:"bytes"`
	// Final tells the finished model's directory from a checkpoint.
	Final bool `json:"final,omitempty"`
}

// Timing holds the fields that differ from run to run.
type Timing struct {
	// Seconds is the time of the step, TokensPerSecond its throughput.
	Seconds         float64 `json:"seconds"`
	TokensPerSecond float64 `json:"tokens_per_second"`
	// MFU is the share of Options.PeakFLOPS that went into the model's own
	// products, 0 where the peak is not known.
	MFU float64 `json:"mfu,omitempty"`
	// ETA is the time to the last step in seconds.
	ETA float64 `json:"eta"`
	// Wait is the time in which the step waited for data, in seconds.
	Wait float64 `json:"wait"`
	// Joules is the energy since the step before ended, with what was measured and saved
	// in between; nil where it is not known.
	Joules *float64 `json:"joules,omitempty"`
}

// An Observer receives the records of a run as they happen, in order, from the
// goroutine of Trainer.Run: it should return at once. The record's slices stay
// unchanged afterwards and may be kept.
type Observer interface{ Observe(Record) }

// Observe is an Observer made of a function.
type Observe func(Record)

// Observe calls f.
func (f Observe) Observe(r Record) { f(r) }
