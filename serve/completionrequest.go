package serve

import "github.com/polymath-lm/polymath"

// completionRequest is a completion as asked for.
type completionRequest struct {
	model        string
	prompts      []promptValue
	options      polymath.GenerateOptions
	choices      int
	echo         bool
	promptOnly   bool // nothing is generated
	stream       bool
	includeUsage bool
}

// defaultCompletion is OpenAI's max_tokens where a completion has none.
const defaultCompletion = 16

// readCompletionRequest reads the body of POST /v1/completions.
func readCompletionRequest(body []byte, limits *Limits) (*completionRequest, *apiError) {
	v, fault := parse(body, limits)
	if fault != nil {
		return nil, fault
	}
	f := v.object()
	r := &completionRequest{model: f.get("model").text(), prompts: []promptValue{{}}}
	if v := f.get("prompt"); v.present() {
		r.prompts = readPrompts(v)
	}
	readSampling(f, &r.options)
	readPenalties(f, &r.options)
	readExtensions(f, &r.options)
	readGuides(f, &r.options)
	readStreaming(f, &r.stream, &r.includeUsage)
	progress := f.get("return_progress")
	readReturnProgress(progress, r.stream, &r.options)
	if r.options.Progress && len(r.prompts) > 1 {
		progress.invalid("it is allowed with one prompt only.")
	}
	r.choices = readChoices(f)
	if v := f.get("best_of"); v.present() {
		if n := int(v.integer(1, int64(limits.Choices))); n != r.choices {
			f.d.fail(unsupported(v.path, "it must equal 'n', as nothing is discarded here"))
		}
	}
	r.options.MaxTokens, r.options.ShrinkToWindow = defaultCompletion, true
	maxTokens := f.get("max_tokens")
	if maxTokens.present() {
		r.options.MaxTokens, r.options.ShrinkToWindow = int(maxTokens.integer(0, maxTokensField)), false
	}
	if v := f.get("logprobs"); v.present() {
		r.options.TopLogprobs = int(v.integer(0, maxTopLogprobs))
		r.options.Logprobs = true
	}
	if v := f.get("echo"); v.present() {
		r.echo = v.boolean()
	}
	r.promptOnly = r.options.MaxTokens == 0
	if r.promptOnly && !r.echo {
		f.d.fail(invalidValue(maxTokens.path, "With 'max_tokens' 0 there is nothing to answer, but with 'echo'."))
	}
	if r.options.Progress && r.echo && (r.options.Logprobs || r.promptOnly) {
		progress.invalid("it is not allowed with 'echo' together with 'logprobs' or with 'max_tokens' 0: nothing is sent before the prompt is read.")
	}
	if v := f.get("user"); v.present() {
		v.text()
	}
	f.refuse(notHere, "suffix")
	f.end()
	return r, v.d.fault
}
