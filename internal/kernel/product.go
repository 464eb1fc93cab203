package kernel

import (
	"fmt"
	"unsafe"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// MatMul computes y [R, N] = x [R, K] · w, rounded to bfloat16.
//
// The rows from offsets[g] up to offsets[g+1] meet group g of w; groups may be
// empty. Nil offsets mean that w has one group, for all rows. All groups are
// one parallel region. y must not overlap x. MatMul panics if the sizes do not
// agree.
//
// Each output is summed on its own and in one order, that of Intel's
// TDPBF16PS: for each block of 32 along K, ascending, the products with even
// and those with odd index are summed apart, each step a fused multiply-add in
// fp32, and c += e + o. Denormals are zero throughout: inputs, steps and
// results. A row's result therefore does not depend on the other rows.
func MatMul(y, x []tensor.BF16, w *Packed, offsets []int32) {
	runProduct(matmulJob{y: y, x: x, w: w}, len(y), offsets)
}

// MatMulF32 is MatMul without the rounding to bfloat16.
func MatMulF32(y []float32, x []tensor.BF16, w *Packed, offsets []int32) {
	runProduct(matmulJob{yF32: y, x: x, w: w}, len(y), offsets)
}

// matmulJob is one product. An item of work is the rows of a chunk times the
// panels of a chunk.
type matmulJob struct {
	y       []tensor.BF16
	yF32    []float32
	x       []tensor.BF16
	w       *Packed
	offsets []int32
	all     [2]int32 // the offsets of a single group

	rows int // rows of a chunk, at most
	near int // rows of which A is in scratch at a time
	// decodes: stored weights are decoded before a whole tile of rows or more
	decodes bool
	depth   int     // blocks of A in scratch
	panels  int     // panels of a chunk
	first   []int32 // by group, the first item
}

var matmulJobs par.FreeList[matmulJob]

func runProduct(j matmulJob, outputs int, offsets []int32) {
	rows := len(j.x) / j.w.K
	if len(j.x) != rows*j.w.K || outputs != rows*j.w.N {
		panic(fmt.Sprintf("kernel: %d outputs from %d inputs by weights of %d x %d", outputs, len(j.x), j.w.K, j.w.N))
	}
	job := matmulJobs.Get()
	j.first = job.first[:0]
	*job = j
	if offsets == nil {
		job.all = [2]int32{0, int32(rows)}
		offsets = job.all[:]
	}
	checkOffsets(offsets, job.w.Groups, rows)
	job.offsets = offsets
	if items := job.plan(); items > 0 {
		par.Run(items, job)
	}
	*job = matmulJob{first: job.first}
	matmulJobs.Put(job)
}

func checkOffsets(offsets []int32, groups, rows int) {
	ok := len(offsets) == groups+1 && offsets[0] == 0 && int(offsets[groups]) == rows
	for g := 0; ok && g < groups; g++ {
		ok = offsets[g] <= offsets[g+1]
	}
	if !ok {
		panic(fmt.Sprintf("kernel: offsets %v of %d groups do not divide %d rows", offsets, groups, rows))
	}
}

// itemsPerThread is the number of items that evens out the threads' ends.
const itemsPerThread = 4

// minPanels is the least width of an item, below which the expansion of A
// weighs too much, and minProducts the least work: below it, waking a thread
// does.
const (
	minPanels   = 2
	minProducts = 128 << 10
)

// plan divides the product into items and returns their number.
func (j *matmulJob) plan() int {
	ops := &cpu.productOps
	blocks := j.w.blocks()
	full := &ops.tiles[len(ops.tiles)-1]
	tile := full.rows
	budget, rows := ops.budgetA, ops.maxRows
	j.decodes = false
	nearby := j.staysNear()
	if nearby {
		budget, rows = ops.nearA, ops.nearRows
		j.decodes = j.w.stored != nil
	}
	tall := min(tile*4, rows)
	if j.w.stored != nil && len(j.x) <= tile*j.w.K {
		tall = tile
	}
	j.depth = min(blocks, max(1, budget/(tall*BlockK*full.aBytes)))
	if j.depth < blocks && j.w.stored != nil {
		j.depth = max(unitBlocks, j.depth/unitBlocks*unitBlocks)
	}
	j.near = max(tile, min(budget/(j.depth*BlockK*full.aBytes), rows)/tile*tile)
	j.rows = j.near
	j.panels = j.w.panels()
	if j.depth < blocks {
		j.panels = min(j.panels, maxSums/(j.near*PanelN))
	}
	if nearby {
		j.rows = ops.maxRows
		j.panels = min(j.panels, max(minPanels, ops.nearB/(blocks*blockLen*2)))
	}
	chunks := j.allRowChunks()
	if j.near < j.rows {
		chunks = j.splitRows(chunks)
	}
	j.splitPanels(chunks)
	items := int32(0)
	for g := range j.w.Groups {
		j.first = append(j.first, items)
		items += int32(j.rowChunks(g) * ceilDiv(j.w.panels(), j.panels))
	}
	return int(items)
}

// staysNear reports whether some group has rows for whole tiles that stay in
// the nearest cache, and weights that are stored fit into the next one decoded.
func (j *matmulJob) staysNear() bool {
	ops := &cpu.productOps
	if ops.nearRows == 0 || j.w.stored != nil && minPanels*j.w.panelLen()*2 > ops.nearB {
		return false
	}
	for g := range j.w.Groups {
		if int(j.offsets[g+1]-j.offsets[g]) >= ops.nearRows {
			return true
		}
	}
	return false
}

func (j *matmulJob) allRowChunks() (chunks int) {
	for g := range j.w.Groups {
		chunks += j.rowChunks(g)
	}
	return chunks
}

// splitRows gives items fewer rows until there are enough of them for the
// threads, and returns the chunks of rows.
func (j *matmulJob) splitRows(chunks int) int {
	for j.rows > j.near && chunks*ceilDiv(j.w.panels(), j.panels) < itemsPerThread*par.Threads() {
		j.rows = max(j.near, ceilDiv(j.rows, 2*j.near)*j.near)
		chunks = j.allRowChunks()
	}
	return chunks
}

// splitPanels makes items narrower until there are enough for the threads.
func (j *matmulJob) splitPanels(chunks int) {
	wanted := itemsPerThread * par.Threads()
	if par.Threads() == 1 {
		return
	}
	work := len(j.x) * PanelN / max(1, chunks) // of a panel
	for j.panels > minPanels && j.panels*work > minProducts && chunks*ceilDiv(j.w.panels(), j.panels) < wanted {
		j.panels = (j.panels + 1) / 2
	}
}

// maxSums is the number of sums that an item keeps while it goes through K in
// several parts.
const maxSums = 64 << 10

func (j *matmulJob) rowChunks(g int) int {
	return ceilDiv(int(j.offsets[g+1]-j.offsets[g]), j.rows)
}

// item returns the group, rows and panels of item i. Row chunks of a group are
// of even size in tiles, and follow each other so that they share the weights in cache.
func (j *matmulJob) item(i int) (g, row, rows, panel, panels int) {
	low, high := 0, len(j.first) // the last group whose first item is at most i
	for low+1 < high {
		if mid := (low + high) / 2; int(j.first[mid]) <= i {
			low = mid
		} else {
			high = mid
		}
	}
	g = low // not an empty group: the next one begins where that does
	i -= int(j.first[g])
	chunks := j.rowChunks(g)
	start, n := int(j.offsets[g]), int(j.offsets[g+1]-j.offsets[g])
	chunk := i % chunks
	row = start + j.chunkStart(n, chunk, chunks)
	rows = start + j.chunkStart(n, chunk+1, chunks) - row
	panel = i / chunks * j.panels
	return g, row, rows, panel, min(j.panels, j.w.panels()-panel)
}

// chunkStart returns where a chunk of n rows begins: at a whole tile.
func (j *matmulJob) chunkStart(n, chunk, chunks int) int {
	tile := cpu.tiles[len(cpu.tiles)-1].rows
	return min(n, ceilDiv(n, tile)*chunk/chunks*tile)
}

func (j *matmulJob) Do(worker, i int) {
	g, row, rows, panel, panels := j.item(i)
	s := workerScratch(worker)
	var weights []tensor.BF16
	switch {
	case j.w.stored == nil:
		weights = j.w.Data[g*j.w.groupLen()+panel*j.w.panelLen():]
	case j.decodes && rows >= j.near:
		weights = s.decodePanels(j.w.group(g)[panel:][:panels], j.w.panelLen())
	}
	for ; rows > 0; row, rows = row+j.near, rows-j.near {
		j.mul(s, g, row, min(rows, j.near), panel, panels, weights)
	}
}

// mul multiplies rows by panels of a group: by those in weights or, if that is
// nil, by those that are stored.
func (j *matmulJob) mul(s *scratch, g, row, rows, panel, panels int, weights []tensor.BF16) {
	w, blocks := j.w, j.w.blocks()
	for block := 0; block < blocks; block += j.depth {
		depth := min(j.depth, blocks-block)
		k := block * BlockK
		s.a.pack(j.x[row*w.K+k:], w.K, rows, min(depth*BlockK, w.K-k))
		s.few.set(j.x[row*w.K+k:], w.K, rows)
		if next := (row+rows)*w.K + k; next < len(j.x) && j.near < j.rows {
			s.a.ahead = aheadArgs{at: uintptr(unsafe.Pointer(&j.x[next])), line: cacheLine}
		}
		last := block+depth == blocks
		sums, as := s.a.sums(), s.a.panelSums()
		done := 0 // rows that are rounded on the way
		if last && weights != nil && j.roundsTiles(&s.a, panel+panels) {
			done = s.a.padded - s.a.last.rows
			s.rows = grow(s.rows, s.a.full.rows*PanelN)
		}
		batch := panels // of which the sums are in scratch
		switch {
		case block == 0 && last && done == rows && s.a.oneStep():
			as.panel = 0 // there are no sums
			s.c = grow(s.c, sums)
		case depth == blocks && done < rows:
			batch = min(panels, max(1, sumsPerBatch/sums))
			s.c = grow(s.c, batch*sums)
		default:
			s.c = grow(s.c, batch*sums)
		}
		for p := 0; p < panels; p += batch {
			n := min(batch, panels-p)
			if weights == nil {
				s.mulStored(s.c, w.group(g)[panel+p:][:n], block, block > 0)
			} else {
				b := weights[p*w.panelLen()+block*blockLen:]
				if done > 0 {
					as.y, as.yRow, as.rows = j.y[row*w.N+(panel+p)*PanelN:], w.N, s.rows
				}
				s.a.mul(s.c, as, b, n, w.panelLen(), block > 0)
			}
			for q := 0; q < n && last && done < rows; q++ {
				j.store(s.c[q*sums:][:sums][done*PanelN:], row+done, rows-done, panel+p+q)
			}
		}
	}
}

// roundsTiles reports whether a product up to a panel leaves whole tiles as
// bfloat16 at once.
func (j *matmulJob) roundsTiles(a *operand, end int) bool {
	return j.y != nil && a.full.mulRound != nil && a.fulls > 0 && end*PanelN <= j.w.N
}

// sumsPerBatch is the number of sums that stay in the nearest cache until they
// are stored.
const sumsPerBatch = 4 << 10

// store writes a panel's sums to y.
func (j *matmulJob) store(c []float32, row, rows, panel int) {
	n := min(PanelN, j.w.N-panel*PanelN)
	at := row*j.w.N + panel*PanelN
	if j.yF32 != nil {
		for r := range rows {
			copy(j.yF32[at+r*j.w.N:][:n], c[r*PanelN:])
		}
		return
	}
	storeRounded(j.y[at:], j.w.N, c, rows, n)
}

// storeRounded writes rows of n sums to y as bfloat16.
func storeRounded(y []tensor.BF16, stride int, c []float32, rows, n int) {
	if n == PanelN {
		cpu.round(&y[0], stride, &c[0], rows)
		return
	}
	for r := range rows {
		for i, v := range c[r*PanelN:][:n] {
			y[r*stride+i] = tensor.FromFloat32(v)
		}
	}
}
