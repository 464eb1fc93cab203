package cli

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/quantize"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// quantizeResult is what --json prints.
type quantizeResult struct {
	Path        string                 `json:"path"`
	SHA256      string                 `json:"sha256"`
	Source      string                 `json:"source"` // fingerprint of the model
	SourceBytes int64                  `json:"source_bytes"`
	Bytes       int64                  `json:"bytes"` // of the tensors
	Method      quantize.Method        `json:"method"`
	Precision   quantize.Precision     `json:"precision"`
	Calibration *calibrationInfo       `json:"calibration,omitempty"`
	Before      *quantize.Score        `json:"before,omitempty"`
	After       *quantize.Score        `json:"after,omitempty"`
	Change      *quantize.Change       `json:"change,omitempty"` // perplexity relative, the rest absolute
	Notes       []string               `json:"notes"`            // choices that could not be kept, and why
	Layers      []quantize.LayerReport `json:"layers"`
}

// metadata is what the file says about how it was made.
func (r *quantizeResult) metadata(version string) []gguf.Pair {
	const prefix = "polymath.quantize."
	pairs := []gguf.Pair{
		{Key: prefix + "version", Value: version},
		{Key: prefix + "method", Value: string(r.Method)},
		{Key: prefix + "parent", Value: r.Source},
	}
	if r.After == nil {
		return pairs
	}
	return append(pairs,
		gguf.Pair{Key: prefix + "calibration.text", Value: r.Calibration.Path},
		gguf.Pair{Key: prefix + "calibration.tokens", Value: uint32(r.Calibration.Tokens)},
		gguf.Pair{Key: prefix + "measured.tokens", Value: uint32(r.After.Tokens)},
		gguf.Pair{Key: prefix + "measured.documents", Value: uint32(r.After.Documents)},
		gguf.Pair{Key: prefix + "perplexity.before", Value: r.Before.Perplexity},
		gguf.Pair{Key: prefix + "perplexity.after", Value: r.After.Perplexity},
		gguf.Pair{Key: prefix + "perplexity.change", Value: r.Change.Perplexity},
		gguf.Pair{Key: prefix + "perplexity.change_standard_error", Value: r.Change.PerplexityError},
		gguf.Pair{Key: prefix + "bits_per_byte.before", Value: r.Before.BitsPerByte},
		gguf.Pair{Key: prefix + "bits_per_byte.after", Value: r.After.BitsPerByte},
	)
}

// quantizePlan is what --dry-run --json prints.
type quantizePlan struct {
	From        string             `json:"from"`
	To          string             `json:"to"`
	ModelType   string             `json:"model_type"`
	Method      quantize.Method    `json:"method"`
	Precision   quantize.Precision `json:"precision"`
	SourceBytes int64              `json:"source_bytes"`
	Bytes       int64              `json:"bytes"` // of the tensors
	Notes       []string           `json:"notes"` // choices that could not be kept, and why
	Calibration *calibrationInfo   `json:"calibration,omitempty"`
	ModelMemory int64              `json:"model_memory_bytes"` // the model as bf16
	TextMemory  int64              `json:"text_memory_bytes"`
}

// printPlan says what would be made.
func (q *quantization) printPlan() error {
	cfg := q.weights.Config()
	p := quantizePlan{
		From: q.src, To: q.dst, ModelType: cfg.ModelType, Method: q.method, Precision: q.precision,
		SourceBytes: q.weights.SizeBytes(), ModelMemory: model.ModelBytes(cfg, false), Notes: q.notes(),
	}
	for _, t := range q.weights.Tensors() {
		p.Bytes += quantize.Bytes(&q.precision, t)
	}
	tokens := 0
	if q.text != nil {
		p.Calibration, tokens = &q.text.about, q.text.about.Tokens
	}
	p.TextMemory = model.WalkBytes(cfg, tokens, quantize.BatchTokens)
	if q.asJSON {
		return json.NewEncoder(q.Out).Encode(p)
	}
	fmt.Fprintf(q.Out, "model     %s of %s, %s\n", p.From, p.ModelType, progress.Bytes(p.SourceBytes))
	fmt.Fprintf(q.Out, "result    %s, %s, by %s\n", p.To, progress.Bytes(p.Bytes), p.Method)
	for _, line := range q.partSizes() {
		fmt.Fprintf(q.Out, "          %s\n", line)
	}
	q.printNotes("          ")
	if c := p.Calibration; c != nil {
		fmt.Fprintf(q.Out, "text      %s\n          %s\n", c.Path, c)
	}
	fmt.Fprintf(q.Out, "memory    %s and of a layer the statistics and the products that read what is scaled, as fp32:\n          the model as bf16, %s, and the text, %s\n",
		progress.Bytes(p.ModelMemory+p.TextMemory), progress.Bytes(p.ModelMemory), progress.Bytes(p.TextMemory))
	return nil
}

// String says how much text there is.
func (c calibrationInfo) String() string {
	of := "document"
	if !c.Whole {
		of = "passage"
	}
	return fmt.Sprintf("calibrated on %s tokens of %s, in passages of up to %d", progress.Count(int64(c.Tokens)), plural(int64(c.Documents), of), c.Window)
}

// tell returns what shows how far the layers are.
func (q *quantization) tell() func(quantize.Progress) {
	start, logged := time.Now(), time.Now()
	from := -1.0 // the share that was there from before
	log := slog.New(slog.NewTextHandler(q.Err, nil))
	return func(p quantize.Progress) {
		if p.Resumed || from < 0 {
			start = time.Now()
			from = 0
			if p.Resumed {
				from = p.Share
			}
		}
		left := ""
		if done := p.Share - from; done > 0 {
			left = progress.Duration(time.Duration(float64(time.Since(start)) / done * (1 - p.Share)))
		}
		line := fmt.Sprintf("  %s %3.0f%%  layer %d of %d", progress.Bar(p.Share, 30), 100*p.Share, min(p.Layer+1, p.Layers), p.Layers)
		if left != "" {
			line += ", " + left + " left"
		}
		q.screen.Show(line)
		if !q.screen.Live() && time.Since(logged) > 10*time.Second {
			logged = time.Now()
			log.Info("quantizing", "layer", fmt.Sprintf("%d/%d", min(p.Layer+1, p.Layers), p.Layers), "eta", left)
		}
	}
}

// print tells the result.
func (q *quantization) print(r *quantizeResult) error {
	if q.asJSON {
		return json.NewEncoder(q.Out).Encode(r)
	}
	if q.verbose {
		for _, l := range r.Layers {
			for _, p := range l.Products {
				fmt.Fprintf(q.Out, "%-60s %-5s error %.4f", p.Name, strings.ToLower(string(p.Format)), p.Error)
				if q.text != nil {
					fmt.Fprintf(q.Out, ", %s rows", progress.Count(int64(p.Rows)))
				}
				fmt.Fprintln(q.Out)
			}
		}
	}
	fmt.Fprintf(q.Out, "%s: %s, by %s, from %s\n", q.dst, progress.Bytes(r.Bytes), r.Method, progress.Bytes(r.SourceBytes))
	for _, line := range q.partSizes() {
		fmt.Fprintf(q.Out, "  %s\n", line)
	}
	q.printNotes("  ")
	if r.After == nil {
		return nil
	}
	fmt.Fprintf(q.Out, "text            %s\n                %s\n", r.Calibration.Path, r.Calibration)
	fmt.Fprintf(q.Out, "measured on     %s tokens of %s\n", progress.Count(int64(r.After.Tokens)), plural(int64(r.After.Documents), "other"))
	perplexityError, bitsError := fmt.Sprintf(" ± %.2f%%", 100*r.Change.PerplexityError), fmt.Sprintf(" ± %.4f", r.Change.BitsError)
	if r.After.Documents < 2 {
		perplexityError, bitsError = "", "" // one document does not tell how they differ
	}
	fmt.Fprintf(q.Out, "perplexity      %.3f before, %.3f after: %+.2f%%%s\n",
		r.Before.Perplexity, r.After.Perplexity, 100*r.Change.Perplexity, perplexityError)
	fmt.Fprintf(q.Out, "bits per byte   %.4f before, %.4f after: %+.4f%s\n",
		r.Before.BitsPerByte, r.After.BitsPerByte, r.Change.BitsPerByte, bitsError)
	if bitsError != "" {
		fmt.Fprintln(q.Out, "                (± standard errors, of documents drawn at random)")
	}
	return nil
}

// partSizes lists the parts of the result by format, with their sizes.
func (q *quantization) partSizes() []string {
	bytes, kinds := map[string]int64{}, []string{}
	for _, t := range q.weights.Tensors() {
		kind := fmt.Sprintf("%-13s %-5s", t.Role, strings.ToLower(string(q.precision.Format(t))))
		if _, ok := bytes[kind]; !ok {
			kinds = append(kinds, kind)
		}
		bytes[kind] += quantize.Bytes(&q.precision, t)
	}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%s %10s", kind, progress.Bytes(bytes[kind]))
	}
	return kinds
}

// notes say which tensors get another format than was asked for.
func (q *quantization) notes() []string {
	count, notes := map[string]int{}, []string{} // JSON has a list and no null
	for _, t := range q.weights.Tensors() {
		asked, got := q.precision.Asked(t.Role), q.precision.Format(t)
		if asked == got {
			continue
		}
		note := fmt.Sprintf("tensors become %s: rows of %d do not divide into blocks of %s",
			strings.ToLower(string(got)), t.Shape[len(t.Shape)-1], strings.ToLower(string(asked)))
		if count[note]++; count[note] == 1 {
			notes = append(notes, note)
		}
	}
	for i, note := range notes {
		notes[i] = fmt.Sprintf("%d %s", count[note], note)
	}
	return notes
}

func (q *quantization) printNotes(indent string) {
	for _, note := range q.notes() {
		fmt.Fprintf(q.Out, "%snote: %s\n", indent, note)
	}
}
