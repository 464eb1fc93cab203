package label

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/internal/localpage"
)

const (
	// lease is how long a comparison that is shown to somebody is kept for them.
	lease = 10 * time.Minute
	// maxDesks bounds the labellers of whom is kept what they see.
	maxDesks = 4096
	// summaryTime is how old a summary on the page may be.
	summaryTime = 3 * time.Second
)

// Page is the page of a Store on which people compare answers. It is an http.Handler;
// goroutines may share it.
type Page struct {
	store *Store
	site  *localpage.Page
	now   func() time.Time

	mu     sync.Mutex
	desks  map[labeller]*desk
	coming bool

	summaryMu sync.Mutex
	summary   [][2]string
	summaryAt time.Time
}

// desk is what one labeller has before them.
type desk struct {
	shown int64 // the comparison, 0 if there is none
	since time.Time
	seen  time.Time     // when they last asked for anything
	later map[int64]int // what was put off, in which order
}

// NewPage makes the page of a file of labels. Where anywhere is not set it answers to
// names of this machine alone.
func NewPage(s *Store, anywhere bool) *Page {
	return &Page{
		store: s, now: time.Now, desks: map[labeller]*desk{},
		site: localpage.New(pageHTML, s.word, anywhere, "label", "undo", "later", "leave", "summary"),
	}
}

// Coming says whether answers to compare are still being written: labellers who have
// nothing left then wait.
func (p *Page) Coming(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.coming = yes
}

// desk returns a labeller's; mu is held.
func (p *Page) desk(who labeller) *desk {
	now := p.now()
	d := p.desks[who]
	if d == nil {
		for other, old := range p.desks {
			if len(p.desks) < maxDesks {
				break
			}
			if now.Sub(old.seen) > lease || len(p.desks) >= 2*maxDesks {
				delete(p.desks, other)
			}
		}
		d = &desk{later: map[int64]int{}}
		p.desks[who] = d
	} else if now.Sub(d.seen) > lease {
		d.shown = 0 // somebody else may have had it meanwhile
	}
	d.seen = now
	return d
}

// leave forgets what a labeller has before them, who will not come back.
func (p *Page) leave(who labeller) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.desks, who)
}

// together is the summary that labellers see. Intervals take their time, so it is
// not computed for each who asks.
func (p *Page) together(ctx context.Context) ([][2]string, error) {
	p.summaryMu.Lock()
	defer p.summaryMu.Unlock()
	if now := p.now(); p.summary == nil || now.Sub(p.summaryAt) > summaryTime {
		s, err := p.store.Summary(ctx)
		if err != nil {
			return nil, err
		}
		p.summary, p.summaryAt = s.shown(), now
	}
	return p.summary, nil
}

// sent is what the page says of a comparison, by the sides that it shows.
type sent struct {
	Comparison  int64  `json:"comparison"`
	Choice      string `json:"choice"`
	UnsafeLeft  bool   `json:"unsafe_left"`
	UnsafeRight bool   `json:"unsafe_right"`
	MadeUpLeft  bool   `json:"made_up_left"`
	MadeUpRight bool   `json:"made_up_right"`
}

// view is what the page shows.
type view struct {
	Comparison int64              `json:"comparison,omitempty"` // 0: there is nothing to label
	Messages   []dialogue.Message `json:"messages,omitempty"`
	Left       string             `json:"left"`
	Right      string             `json:"right"`
	// Mine counts the labels of this labeller, Open what is left for them.
	Mine int `json:"mine"`
	Open int `json:"open"`
	// Labels are all that there are, of Wanted.
	Labels int `json:"labels"`
	Wanted int `json:"wanted"`
	// Undo says that there is a label to take back, Given what the one that was taken
	// back said, Waiting that there may be more in a moment.
	Undo    bool   `json:"undo"`
	Given   *sent  `json:"given,omitempty"`
	Waiting bool   `json:"waiting"`
	Error   string `json:"error,omitempty"`
}

// view chooses what a labeller sees; mu is held.
func (p *Page) view(ctx context.Context, who labeller) (v view, err error) {
	c, err := p.store.counts(ctx, who)
	if err != nil {
		return v, err
	}
	v.Mine, v.Labels, v.Wanted, v.Undo = c.mine, c.labels, c.wanted, c.mine > 0
	if v.Open, err = p.store.numOpen(ctx, who); err != nil {
		return v, err
	}
	d := p.desk(who)
	id, err := p.choose(ctx, who, d)
	if err != nil {
		return v, err
	}
	if id != d.shown {
		d.shown, d.since = id, d.seen
	}
	if id == 0 {
		v.Waiting = p.coming || v.Open > 0
		return v, nil
	}
	shown, err := p.store.pair(ctx, id)
	if err != nil {
		return v, err
	}
	v.Comparison = id
	if v.Messages, err = decodeMessages(shown.messages); err != nil {
		return v, err
	}
	v.Left, v.Right = shown.texts[0], shown.texts[1]
	if !p.store.aLeft(id, who) {
		v.Left, v.Right = v.Right, v.Left
	}
	return v, nil
}

// choose returns the comparison that a labeller sees: the one that they see already,
// or the first in order that nobody else has before them, those that were put off
// last; 0 if there is none.
func (p *Page) choose(ctx context.Context, who labeller, d *desk) (int64, error) {
	if d.shown != 0 {
		labelled, err := p.store.labelled(ctx, who, d.shown)
		if err != nil || !labelled {
			return d.shown, err
		}
	}
	held := map[int64]int{}
	for other, o := range p.desks {
		if other != who && o.shown != 0 && d.seen.Sub(o.seen) < lease {
			held[o.shown]++
		}
	}
	list, err := p.store.queue(ctx, who, len(held)+len(d.later)+1)
	if err != nil {
		return 0, err
	}
	best := int64(0)
	for _, c := range list {
		if c.labels+held[c.id] < p.store.overlap && (best == 0 || d.later[c.id] < d.later[best]) {
			best = c.id
		}
	}
	return best, nil
}

// errChanged is what is said where the page and its server are not of one mind.
var errChanged = errors.New("the page was out of date: it shows the next comparison now")

// label keeps what a labeller says.
func (p *Page) label(ctx context.Context, who labeller, m sent) error {
	if m.Comparison <= 0 {
		return errChanged
	}
	v, err := p.store.verdict(who, m)
	if err != nil {
		return err
	}
	d := p.desk(who)
	v.at = d.seen.UnixMilli()
	if d.shown == m.Comparison {
		v.tookMS = d.seen.Sub(d.since).Milliseconds()
	}
	if err := p.store.put(ctx, who, v); err != nil {
		return err
	}
	d.shown = 0
	delete(d.later, m.Comparison)
	return nil
}

// undo takes the last label back, and shows it again with what it said.
func (p *Page) undo(ctx context.Context, who labeller) (*sent, error) {
	v, err := p.store.takeBack(ctx, who)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, errors.New("there is nothing to take back")
	}
	d := p.desk(who)
	d.shown, d.since = v.subject, d.seen
	delete(d.later, v.subject)
	return v.sent(), nil
}

// putOff shows a comparison again after all others.
func (p *Page) putOff(who labeller, id int64) error {
	d := p.desk(who)
	if id == 0 || id != d.shown {
		return errChanged
	}
	most := 0
	for _, n := range d.later {
		most = max(most, n)
	}
	d.later[id], d.shown = most+1, 0
	return nil
}
