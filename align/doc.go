// Package align teaches a model what its answers should be: a reward model from
// comparisons, and the policy itself from comparisons (dpo) or from rewards (grpo,
// ppo). It is one loop, Run, with a method for each. Learning from conversations,
// which comes before them, is package train's.
//
// Answers are drawn by package infer on the weights that are trained, in this
// process, by the forward pass that training runs: the log-probabilities of both
// are the same to the bit, which every step checks.
//
// The bits of a run are a function of its recipe and data alone. They do not depend
// on the number of threads, on the processor's instruction set, on the hour, or on
// how often the run was interrupted. Rewards of graders that run code are as repeatable
// as that is: it may be ended for its time on a slower machine. What a model behind an API
// said is kept, and a run that goes on finds it; another run asks anew.
//
// A run lives in one directory:
//
//	RUN/run.json                     the recipe with all defaults filled in, hashes
//	RUN/metrics.jsonl                one Record per line
//	RUN/run.html                     the run page
//	RUN/judgments.jsonl              what models behind an API said, where rewards ask them
//	RUN/checkpoints/step-00000100/   a directory for each Part that is trained, and training/
//	RUN/model/                       the finished model; RUN/adapter/ where the recipe has lora
package align
