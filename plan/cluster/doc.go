// Package cluster computes what a training run or a server of a plan.Model takes
// on many accelerators: a discrete-event simulation of one training step under
// data, tensor, pipeline, expert and context parallelism, of failures, and of
// serving under a mix of requests; a search over the layouts that fit, with
// money, energy and intervals; and a comparison with published runs.
//
// Constants that cannot be derived are fitted on half of the published runs, by a
// rule that the file of runs states; the other half is predicted and sets none.
package cluster
