package polymath

import (
	"container/list"
	"context"
	"crypto/sha256"
	"io"
	"sync"
	"sync/atomic"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tensor"
)

const (
	// maxSeers is how many pictures are decoded and seen at the same time; others
	// wait. A picture may take a gigabyte while it is decoded.
	maxSeers = 2
	// seerViews is how many views go through the tower at a time.
	seerViews = 4
	// defaultFeatureBytes is the default of WithImageCacheBytes.
	defaultFeatureBytes = 128 << 20
)

// A sight looks at pictures and keeps what it saw in them. Goroutines share it.
type sight struct {
	model  atomic.Pointer[model.Model] // nil once closed
	config *vision.Config
	width  int // D
	limits picture.Limits
	// seers are taken from here and put back; nil is one that has not worked yet.
	seers   chan *vision.Workspace
	room    *room        // what completions hold of what was seen
	queue   int          // how many may wait for one, 0 is any number
	looking atomic.Int64 // how many look or wait

	mu    sync.Mutex // guards what follows
	byKey map[[sha256.Size]byte]*list.Element
	// glances are the looks in progress.
	glances map[[sha256.Size]byte]*glance
	kept    list.List // of *seen, the least recently used first
	bytes   int64
	budget  int64
}

// seen is a picture that was looked at. It does not change.
type seen struct {
	key      [sha256.Size]byte
	hash     [sha256.Size]byte // of what the model saw
	layout   picture.Layout
	size     [2]int // width and height of the picture, upright
	features []tensor.BF16
}

// newSight returns nil if m cannot see.
func newSight(m *model.Model, o *openOptions) *sight {
	cfg := m.Config()
	if cfg.Vision == nil {
		return nil
	}
	s := &sight{
		config: cfg.Vision, width: cfg.HiddenSize, limits: o.images, budget: featureBytes(o.imageCache), queue: o.engine.QueueLimit,
		seers: make(chan *vision.Workspace, maxSeers), byKey: map[[sha256.Size]byte]*list.Element{},
		glances: map[[sha256.Size]byte]*glance{},
	}
	s.model.Store(m)
	for range maxSeers {
		s.seers <- nil
	}
	return s
}

// pictureFile is a picture that has not been looked at yet. The file stays in its
// URL until it is needed: of many that wait none takes memory twice.
type pictureFile struct {
	url    string
	detail picture.Detail
	key    [sha256.Size]byte // of both
}

func (s *sight) open(image *chat.Image) (*pictureFile, error) {
	detail, err := picture.ParseDetail(image.Detail)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write([]byte{byte(detail)})
	_, _ = io.WriteString(h, image.URL) // a hash takes everything
	return &pictureFile{url: image.URL, detail: detail, key: [sha256.Size]byte(h.Sum(nil))}, nil
}

// read takes the file out of its data URL.
func (s *sight) read(f *pictureFile) ([]byte, error) {
	limit := s.limits.Bytes
	if limit == 0 {
		limit = picture.DefaultLimits().Bytes
	}
	return readDataURL(f.url, limit)
}

// count returns how many tokens a picture takes, without decoding it.
func (s *sight) count(f *pictureFile) (int, error) {
	if found := s.find(f.key); found != nil {
		return found.layout.Tokens, nil
	}
	data, err := s.read(f)
	if err != nil {
		return 0, err
	}
	width, height, err := picture.Size(data, s.limits)
	if err != nil {
		return 0, err
	}
	_, tokens := s.config.Count(width, height, f.detail)
	return tokens, nil
}

// look returns what the model sees in a picture. Who asks for one that another is
// looking at waits for that.
func (s *sight) look(ctx context.Context, f *pictureFile) (*seen, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found, g, own := s.claim(f.key)
		if found != nil {
			return found, nil
		}
		if own {
			defer s.settle(f.key, g) // also after a panic
			var err error
			g.seen, err = s.see(ctx, f)
			return g.seen, err
		}
		select {
		case <-g.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if g.seen != nil {
			return g.seen, nil
		}
	}
}

// glance is a look in progress. seen is set before done is closed, or nil if it
// failed or panicked.
type glance struct {
	done chan struct{}
	seen *seen
}

// claim returns what is kept of a picture, or else the look at it in progress;
// own says that it begins with the caller, who settles it.
func (s *sight) claim(key [sha256.Size]byte) (found *seen, g *glance, own bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.byKey[key]; e != nil {
		s.kept.MoveToBack(e)
		return e.Value.(*seen), nil, false
	}
	if g := s.glances[key]; g != nil {
		return nil, g, false
	}
	g = &glance{done: make(chan struct{})}
	s.glances[key] = g
	return nil, g, true
}

// settle ends a look.
func (s *sight) settle(key [sha256.Size]byte, g *glance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.glances, key)
	close(g.done)
}

// see decodes a picture and runs the tower over it, when it is its turn.
func (s *sight) see(ctx context.Context, f *pictureFile) (*seen, error) {
	if n := s.looking.Add(1); s.queue > 0 && n > int64(maxSeers+s.queue) {
		s.looking.Add(-1)
		return nil, ErrBusy
	}
	defer s.looking.Add(-1)
	var ws *vision.Workspace
	select {
	case ws = <-s.seers:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { s.seers <- ws }()
	m := s.model.Load()
	if m == nil {
		return nil, ErrClosed
	}
	data, err := s.read(f)
	if err != nil {
		return nil, err
	}
	in, err := s.config.Read(data, f.detail, s.limits)
	if err != nil {
		return nil, err
	}
	if n := min(in.Views, seerViews); ws == nil || ws.MaxViews() < n {
		ws = m.NewVisionWorkspace(n)
	}
	v := &seen{
		key: f.key, hash: in.Hash, layout: in.Layout, size: [2]int{in.Width, in.Height},
		features: make([]tensor.BF16, in.Tokens*s.width),
	}
	rows, long := ws.MaxViews()*s.config.Patches(), s.config.PatchLen()
	for at := 0; at < in.Tokens; at += rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end := min(at+rows, in.Tokens)
		if err := m.See(ws, v.features[at*s.width:end*s.width], in.Patches[at*long:end*long]); err != nil {
			return nil, err
		}
	}
	s.keep(v)
	return v, nil
}

// find returns what is kept of a picture, or nil.
func (s *sight) find(key [sha256.Size]byte) *seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[key]
	if e == nil {
		return nil
	}
	s.kept.MoveToBack(e)
	return e.Value.(*seen)
}

// keep keeps v, unless it is larger than all that may be kept, and lets go of
// what was not used for longest.
func (s *sight) keep(v *seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[v.key] != nil || v.sizeBytes() > s.budget {
		return
	}
	s.byKey[v.key] = s.kept.PushBack(v)
	s.bytes += v.sizeBytes()
	for s.bytes > s.budget {
		e := s.kept.Front()
		old := s.kept.Remove(e).(*seen)
		delete(s.byKey, old.key)
		s.bytes -= old.sizeBytes()
	}
}

func (v *seen) sizeBytes() int64 { return 2 * int64(len(v.features)) }

// close lets go of the model and of what is kept; later looks are ErrClosed.
func (s *sight) close() {
	s.model.Store(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byKey)
	s.kept.Init()
	s.bytes, s.budget = 0, 0
}
