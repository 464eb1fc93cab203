// Package par runs loops on a fixed set of workers.
//
// No result may depend on which worker ran an iteration or in which order the
// iterations ran: each iteration owns what it writes, and every sum over
// iterations is taken afterwards in a fixed order.
package par

// Job is the body of a parallel loop. Do is called once for each i; worker
// tells which scratch memory it may use and is in [0, Threads()).
type Job interface{ Do(worker, i int) }
