package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"apel/dialer/console/access"
	"apel/dialer/console/web"

	"go.uber.org/zap"
)

// A live page is drawn once with everything, and then kept up by a stream of
// patches: the blocks whose HTML has changed since the second before. A second's
// state is computed once for all viewers, a page of it is drawn once for all who
// see the same (hub.frame), and a viewer who does not keep up is left out until
// there is room again, and then gets the whole page.

// livePage is a page and the blocks of it that change.
type livePage struct {
	name, title string
	blocks      []string
	data        func(s *snapshot, k liveKey) (any, error)
}

// liveKey is what a page's HTML depends on, besides the second.
type liveKey struct {
	page, arg string
	lang      web.Lang
	numbers   bool // whole phone numbers are shown
	steers    bool // controls are shown
	leads     bool // those of operators too
	sight     sight
}

// livePages by name; routes name them.
var livePages = map[string]*livePage{}

func addLive(p livePage) *livePage {
	livePages[p.name] = &p
	return &p
}

// show draws the whole page.
func (p *livePage) show(a *api, w http.ResponseWriter, r *http.Request) error {
	k, err := a.key(p, r)
	if err != nil {
		return err
	}
	s, err := a.hub.now()
	if err != nil {
		return err
	}
	data, err := p.data(s, k)
	if err != nil {
		return a.missingCampaign(err, k.arg)
	}
	v := a.view(r, p.name, p.title, data)
	v.Bare = v.Bare || p.name == "tv"
	v.Stream = "/live/" + p.name
	if k.arg != "" {
		v.Stream += "?of=" + url.QueryEscape(k.arg)
	}
	return a.show(w, http.StatusOK, p.name, v)
}

func (a *api) key(p *livePage, r *http.Request) (liveKey, error) {
	c := callerOf(r)
	seen, err := a.sightOf(c)
	arg := r.PathValue("campaign")
	if arg == "" {
		arg = r.URL.Query().Get("of")
	}
	return liveKey{page: p.name, arg: arg, lang: langOf(r), numbers: c.SeesNumbers(),
		leads: c != nil && slices.Contains(leaders, c.Role), sight: seen,
		steers: c != nil && (c.Role == access.Supervisor || c.Role == access.Administrator)}, err
}

// said is what somebody wrote, for who looks at the page.
func (k liveKey) said(text string) string {
	if k.numbers {
		return text
	}
	return string(maskNumbers([]byte(text)))
}

// live is a route's answer of a live page.
func live(p *livePage) answer {
	return func(a *api, w http.ResponseWriter, r *http.Request) error { return p.show(a, w, r) }
}

// patches is the stream of a live page.
func (a *api) patches(w http.ResponseWriter, r *http.Request) error {
	p := livePages[r.PathValue("page")]
	if p == nil {
		return problem(NotFound, "there is no live page %q", r.PathValue("page"))
	}
	for _, route := range routes { // who may see the page may follow it
		if route.Method == http.MethodGet && route.Page && (route.Path == "/"+p.name || strings.HasPrefix(route.Path, "/"+p.name+"/")) {
			if err := route.admit(callerOf(r)); err != nil {
				return err
			}
		}
	}
	k, err := a.following(p, r)
	if err != nil {
		return err
	}
	v := a.hub.join(k)
	defer a.hub.leave(v)
	s := openStream(w)
	seen := time.Now()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for s.err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case <-a.hub.closed:
			return nil
		case <-beat.C:
			s.write(": still here\n\n")
		case <-v.wake:
			s.write(string(v.take()))
		}
		if now := time.Now(); now.Sub(seen) >= time.Second {
			seen = now
			if !a.still(r, now) {
				return nil
			}
			if seen, err := a.sightOf(callerOf(r)); err != nil || seen != k.sight {
				return nil // other teams now: the page comes back and shows theirs
			}
		}
	}
	return nil // the viewer is gone
}

// following is what a stream shows: each thing of it is drawn once a second, so
// that nobody follows what is not there.
func (a *api) following(p *livePage, r *http.Request) (liveKey, error) {
	k, err := a.key(p, r)
	if p != campaignPage || err != nil {
		k.arg = "" // of the whole floor
		return k, err
	}
	_, err = a.svc.Store().Campaign(k.arg)
	return k, a.missingCampaign(err, k.arg)
}

// still says whether who has a stream open may have it: a session that has
// ended, or a changed role or team, ends it.
func (a *api) still(r *http.Request, now time.Time) bool {
	c := callerOf(r)
	switch {
	case c == nil:
		return false
	case c.Owner:
		return true
	case c.Token:
		again, err := a.identify(r)
		return err == nil && again != nil
	}
	again, err := a.signedIn(c.Session, now)
	return err == nil && again != nil && again.Role == c.Role && again.Team == c.Team
}

// hub computes once a second for everybody.
type hub struct {
	a      *api
	boot   string // names this life of the service in the ids of events
	closed chan struct{}

	mu      sync.Mutex // guards what follows; never held while something is computed
	snap    *snapshot
	viewers map[*viewer]struct{}
	frames  map[liveKey]*frames
}

// frames is what a page of a key was and how it changed.
type frames struct {
	tick   uint64
	blocks map[string]string
	patch  []byte // of the last tick; nil: nothing changed
	whole  []byte // all blocks
}

// viewer is one open stream.
type viewer struct {
	key  liveKey
	wake chan struct{} // there is something to take
	hub  *hub

	// Guarded by hub.mu.
	next   []byte
	behind bool // it has missed something: the next is the whole page
}

func newHub(a *api) *hub {
	return &hub{a: a, boot: strconv.FormatInt(time.Now().UnixNano(), 36), closed: make(chan struct{}), viewers: map[*viewer]struct{}{}, frames: map[liveKey]*frames{}}
}

// join begins with the whole page of the last second.
func (h *hub) join(k liveKey) *viewer {
	v := &viewer{key: k, wake: make(chan struct{}, 1), hub: h, behind: true}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.viewers[v] = struct{}{}
	if f := h.frames[k]; f != nil && h.snap != nil && f.tick == h.snap.tick {
		v.next, v.behind = f.whole, false
		v.wake <- struct{}{}
	}
	return v
}

func (h *hub) leave(v *viewer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.viewers, v)
	for other := range h.viewers {
		if other.key == v.key {
			return
		}
	}
	delete(h.frames, v.key) // nobody looks at it any more
}

// take is what the viewer is to be sent.
func (v *viewer) take() []byte {
	v.hub.mu.Lock()
	defer v.hub.mu.Unlock()
	b := v.next
	v.next = nil
	return b
}

// run ticks until ctx ends.
func (h *hub) run(ctx context.Context) {
	defer close(h.closed)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := h.tick(time.Now()); err != nil {
				h.a.log.Warn("the live pages have no news", zap.Error(err))
			}
		}
	}
}

// now is the state of this second; without a clock of its own (a command
// without a service) it is computed for whoever asks.
func (h *hub) now() (*snapshot, error) {
	h.mu.Lock()
	s := h.snap
	h.mu.Unlock()
	if s != nil && time.Since(s.at) < 2*time.Second {
		return s, nil
	}
	return h.a.observe(s, time.Now())
}

// tick computes the state, draws what is being looked at, and hands it out.
func (h *hub) tick(now time.Time) error {
	h.mu.Lock()
	last := h.snap
	keys := map[liveKey]*frames{}
	for v := range h.viewers {
		keys[v.key] = h.frames[v.key]
	}
	h.mu.Unlock()
	s, err := h.a.observe(last, now)
	if err != nil {
		return err
	}
	for k, f := range keys {
		keys[k] = h.frame(s, k, f)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.snap = s
	for v := range h.viewers {
		f := keys[v.key]
		if f == nil { // it came while we drew
			v.behind = true
			continue
		}
		h.frames[v.key] = f
		v.hand(f)
	}
	return nil
}

// hand gives a viewer its frame without ever waiting for it.
func (v *viewer) hand(f *frames) {
	switch {
	case v.next != nil: // it has not taken the last one
		v.next, v.behind = f.whole, false
		return
	case v.behind:
		v.next, v.behind = f.whole, false
	case f.patch == nil:
		return
	default:
		v.next = f.patch
	}
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// frame draws a page and finds what has changed.
func (h *hub) frame(s *snapshot, k liveKey, old *frames) *frames {
	p := livePages[k.page]
	f := &frames{tick: s.tick, blocks: map[string]string{}}
	data, err := p.data(s, k)
	if err != nil {
		return f // a campaign that has gone: the page stays as it was
	}
	changed := map[string]string{}
	for _, block := range p.blocks {
		html, err := h.a.pages.Part(p.name, block, k.lang, data)
		if err != nil {
			h.a.log.Error("a live page cannot be drawn", zap.Error(err))
			continue
		}
		f.blocks[block] = string(html)
		if old == nil || old.blocks[block] != f.blocks[block] {
			changed[block] = f.blocks[block]
		}
	}
	f.whole = h.event(s.tick, f.blocks)
	if len(changed) > 0 {
		f.patch = h.event(s.tick, changed)
	}
	return f
}

func (h *hub) event(tick uint64, blocks map[string]string) []byte {
	body, _ := json.Marshal(blocks) // strings: cannot fail
	return fmt.Appendf(nil, "id: %s-%d\nevent: patch\ndata: %s\n\n", h.boot, tick, body)
}
