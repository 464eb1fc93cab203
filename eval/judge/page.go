package judge

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/polymath-lm/polymath/internal/localpage"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// Page is a page on which a person judges answers by a rubric. Whose answers they
// are is not shown, and they come in an order that the seed gives. It is an
// http.Handler; goroutines may share it.
//
// A judgment is on the disk before the next answer is shown. A page over the same
// file goes on where the last one stopped.
type Page struct {
	path string
	site *localpage.Page
	done chan struct{}

	mu      sync.Mutex
	order   []question
	numbers map[string]int // in order, by key
	marks   []mark         // in the order in which they were given
	skipped map[string]int // how often a question was put off
	ended   bool
}

// question is one to judge.
type question struct {
	grade.Question
	key string
}

// errChanged is what is said where the page and its server are not of one mind.
var errChanged = errors.New("the page was out of date: it shows the next answer now")

// NewPage makes a page of the questions that writes to the file at path. Equal
// questions are shown once. Marks in the file that belong to other questions stay
// there.
func NewPage(path string, questions []grade.Question, seed uint64) (*Page, error) {
	marks, err := readMarks(path)
	if err != nil {
		return nil, err
	}
	p := &Page{path: path, done: make(chan struct{}), marks: marks, numbers: map[string]int{}, skipped: map[string]int{}}
	p.site = localpage.New(pageHTML, rand.Text(), false, "judge", "undo", "skip", "finish")
	for _, q := range questions {
		key := keyOf(&q)
		if _, ok := p.numbers[key]; !ok {
			p.numbers[key] = 0
			p.order = append(p.order, question{q, key})
		}
	}
	place := func(q question) string {
		sum := sha256.Sum256([]byte(strconv.FormatUint(seed, 10) + " " + q.key))
		return hex.EncodeToString(sum[:])
	}
	slices.SortFunc(p.order, func(a, b question) int { return cmp.Compare(place(a), place(b)) })
	for i, q := range p.order {
		p.numbers[q.key] = i
	}
	for _, m := range marks {
		if i, ok := p.numbers[m.Question]; ok && len(m.Shares) != len(p.order[i].Criteria) {
			return nil, fmt.Errorf("%s: %d marks for the %d criteria of task %s, item %s", path, len(m.Shares), len(p.order[i].Criteria), m.Task, m.Item)
		}
	}
	return p, nil
}

// Done is closed when every answer is judged and the person says so: until then the
// last judgment can be taken back.
func (p *Page) Done() <-chan struct{} { return p.done }

// Progress returns how many of the page's answers are judged.
func (p *Page) Progress() (done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.numDone(), len(p.order)
}

func (p *Page) numDone() (done int) {
	for _, m := range p.marks {
		if _, ok := p.numbers[m.Question]; ok {
			done++
		}
	}
	return done
}

// finish ends the page.
func (p *Page) finish() (view, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.view()
	if v.Question != "" {
		return v, errChanged
	}
	if !p.ended {
		p.ended = true
		close(p.done)
	}
	return v, nil
}

// view is what the page shows.
type view struct {
	Done     int         `json:"done"`
	Total    int         `json:"total"`
	Question string      `json:"question,omitempty"` // key; "" when all are judged
	Prompt   string      `json:"prompt,omitempty"`
	Gold     string      `json:"reference,omitempty"`
	Answer   string      `json:"answer"`
	Criteria []criterion `json:"criteria,omitempty"`
	// Undo says that there is a judgment to take back.
	Undo bool `json:"undo"`
	// Given are the shares of a judgment that was taken back.
	Given []float64 `json:"given,omitempty"`
	Note  string    `json:"note,omitempty"`
	Error string    `json:"error,omitempty"`
}

type criterion struct {
	Name   string  `json:"name"`
	Text   string  `json:"text"`
	Points float64 `json:"points"`
	Levels []level `json:"levels"`
}

// level is one of the buttons of a criterion; its key is its number from 0.
type level struct {
	Label string  `json:"label"`
	Share float64 `json:"share"`
}

// levels are the points from 0 on, where these are whole and have a key each, else
// quarters.
func levels(c task.Criterion) (list []level) {
	points := math.Abs(c.Points)
	steps := int(points)
	if points > 9 || points != math.Trunc(points) {
		steps = 4
	}
	for i := range steps + 1 {
		share := float64(i) / float64(steps)
		list = append(list, level{Label: strconv.FormatFloat(math.Round(share*c.Points*100)/100+0, 'g', -1, 64), Share: share})
	}
	return list
}

// view returns the first answer in order that is not judged, those that were put
// off last.
func (p *Page) view() view {
	judged := map[string]bool{}
	for _, m := range p.marks {
		judged[m.Question] = true
	}
	v := view{Done: p.numDone(), Total: len(p.order), Undo: p.last() >= 0}
	var next *question
	for i := range p.order {
		q := &p.order[i]
		if !judged[q.key] && (next == nil || p.skipped[q.key] < p.skipped[next.key]) {
			next = q
		}
	}
	if next == nil {
		return v
	}
	v.Question, v.Prompt, v.Gold, v.Answer = next.key, next.Prompt, next.Reference, next.Answer
	for _, c := range next.Criteria {
		v.Criteria = append(v.Criteria, criterion{Name: c.Name, Text: c.Text, Points: c.Points, Levels: levels(c)})
	}
	return v
}

// last returns the place of the last mark that is of this page, -1 if there is none.
func (p *Page) last() int {
	for i := len(p.marks) - 1; i >= 0; i-- {
		if _, ok := p.numbers[p.marks[i].Question]; ok {
			return i
		}
	}
	return -1
}

// maxNote bounds a note in bytes.
const maxNote = 2000

// judge takes a judgment of the answer that is shown.
func (p *Page) judge(m mark) (view, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.view()
	if m.Question == "" || m.Question != v.Question {
		return v, errChanged
	}
	q := p.order[p.numbers[m.Question]]
	if len(m.Shares) != len(q.Criteria) || !inRange(m.Shares) || len(m.Note) > maxNote {
		return v, fmt.Errorf("a judgment is one mark for each of the %d criteria, and a note of at most %d bytes", len(q.Criteria), maxNote)
	}
	m.Task, m.Item = q.Task, q.Item
	if err := p.save(append(slices.Clone(p.marks), m)); err != nil {
		return v, err
	}
	return p.view(), nil
}

// save writes the marks, and takes them for its own once they are on the disk.
func (p *Page) save(marks []mark) error {
	there, err := readMarks(p.path)
	if err != nil {
		return err
	}
	if !sameMarks(there, p.marks) {
		return fmt.Errorf("%s was changed by another program: close one of the two pages and start again", p.path)
	}
	if err := writeMarks(p.path, marks); err != nil {
		if there, again := readMarks(p.path); again == nil && sameMarks(there, marks) {
			p.marks = marks // it is in place, but may not survive a power cut
		}
		return err
	}
	p.marks = marks
	return nil
}

func sameMarks(a, b []mark) bool {
	return slices.EqualFunc(a, b, func(a, b mark) bool { return a.Question == b.Question && slices.Equal(a.Shares, b.Shares) })
}

// undo takes the last judgment back and shows it again.
func (p *Page) undo() (view, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.last()
	if i < 0 {
		return p.view(), errors.New("there is nothing to take back")
	}
	old := p.marks[i]
	if err := p.save(slices.Delete(slices.Clone(p.marks), i, i+1)); err != nil {
		return p.view(), err
	}
	p.skipped[old.Question] = -1 // it is next
	for key := range p.skipped {
		if key != old.Question {
			p.skipped[key] = max(0, p.skipped[key])
		}
	}
	v := p.view()
	v.Given, v.Note = old.Shares, old.Note
	return v, nil
}

// skip puts an answer off.
func (p *Page) skip(key string) (view, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v := p.view(); key == "" || key != v.Question {
		return v, errChanged
	}
	most := 0
	for _, n := range p.skipped {
		most = max(most, n)
	}
	p.skipped[key] = most + 1
	return p.view(), nil
}
