// Package train turns token shards into a model: it reads a recipe, plans the
// memory, feeds microbatches to model.LossBackward, steps the optimizer, and
// writes checkpoints from which a killed run goes on to the bit.
//
// The bits of a run are a function of its recipe and data alone. They do not
// depend on the number of threads, on the processor's instruction set, on the
// hour, or on how often the run was interrupted.
//
// A run lives in one directory:
//
//	RUN/run.json                     the recipe with all defaults filled in, hashes
//	RUN/metrics.jsonl                one Record per line
//	RUN/run.html                     the run page
//	RUN/checkpoints/step-00000100/   a model directory with training/ in it
//	RUN/model/                       the finished model, without training/
//
// A recipe with lora trains an adapter on a model that stays as it is: then the
// checkpoints are adapters, and the finished one is RUN/adapter/. One with
// data.conversations keeps the shards that it made of them in RUN/data/.
package train
