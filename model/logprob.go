package model

// LogProbs writes into dst [T] the log-probability in nats of targets[t] after
// token t, or 0 where targets[t] is -1, for the batch of the last Forward or
// ForwardTrain. It panics if a target is not in the vocabulary.
func (m *Model) LogProbs(ws *Workspace, targets []int32, dst []float32) {
	ws.mustCount(targets, nil)
	clear(dst)
	ws.needHead()
	m.head.Loss(ws.countedRows(), &ws.head)
	for i, r := range ws.lossRows {
		dst[r] = -ws.head.Loss[i]
	}
}

// Entropies writes into dst [T] the entropy in nats of what may follow token t,
// or 0 where targets[t] is -1: LogProbs for the whole distribution.
func (m *Model) Entropies(ws *Workspace, targets []int32, dst []float32) {
	ws.mustCount(targets, nil)
	clear(dst)
	ws.needHead()
	args := ws.countedRows()
	args.Entropies = ws.lossScale[:len(ws.lossRows)]
	m.head.Loss(args, &ws.head)
	for i, r := range ws.lossRows {
		dst[r] = args.Entropies[i]
	}
}

// LogProbsBackward adds to every Param.Grad the gradient of
//
//	sum over t of dLogProbs[t]*logprob[t] + dEntropies[t]*entropy[t]
//	+ auxScale * auxiliary losses of the routers
//
// after ForwardTrain with the same ws and batch, where t are the tokens that
// have a target, and logprob and entropy what LogProbs and Entropies give. Both
// are [T], or nil for none of their part. The auxiliary losses are those of
// LossBackward without the output's z-loss; with dLogProbs the negative of its
// scale times its weights, no dEntropies and auxScale its scale times its counted
// tokens, the gradients have its bits. One backward pass may follow a forward
// pass. It panics if a target is not in the vocabulary.
func (m *Model) LogProbsBackward(ws *Workspace, batch *Batch, targets []int32, dLogProbs, dEntropies []float32, auxScale float32) {
	ws.mustTrain(batch)
	ws.mustCount(targets, dLogProbs)
	args := ws.countedRows()
	if dLogProbs != nil {
		args.Scale, args.Weights = -1, ws.lossScale
	}
	if dEntropies != nil {
		args.Slopes = ws.slopes(dEntropies)
	}
	m.headBackward(ws, args)
	m.backward(ws, batch, ws.dHidden(), auxScale)
}

// mustCount is count, where what it finds wrong is the caller's bug.
func (ws *Workspace) mustCount(targets []int32, weights []float32) {
	if err := ws.count(targets, weights); err != nil {
		panic("model: " + err.Error())
	}
}

// slopes returns those of the counted rows.
func (ws *Workspace) slopes(of []float32) []float32 {
	dst := ws.grad.slopes[:len(ws.lossRows)]
	for i, r := range ws.lossRows {
		dst[i] = of[r]
	}
	return dst
}
