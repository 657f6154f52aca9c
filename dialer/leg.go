package dialer

import (
	"sync"
	"sync/atomic"
	"time"

	"apel/media"
	"apel/media/browser"

	"go.uber.org/zap"
)

// leg is an operator's way to hear and speak that stays up between customers:
// a call of a SIP phone, or the sound of a browser. A browser that comes back,
// after a reload of its page or from another window, takes the same leg.
type leg struct {
	operator, team string
	s              *Service
	deaf           atomic.Bool // not heard: nobody is joined to it

	mu    sync.Mutex // guards the fields below
	sound *media.Session
	page  *browser.Leg // nil: a phone
	tab   string       // the window that has it
	from  time.Time    // since then
}

func (l *leg) media() *media.Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sound
}

// browser returns the browser's leg and its window; nil for a phone.
func (l *leg) browser() (*browser.Leg, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.page, l.tab
}

// silence is how long nothing was heard of the browser that has the leg.
func (l *leg) silence() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(laterOf(l.sound.LastHeard(), l.from))
}

// change gives the leg another browser; the old one is returned to be closed.
func (l *leg) change(page *browser.Leg, tab string) (old *browser.Leg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, l.page, l.tab, l.sound, l.from = l.page, page, tab, page.Media(), time.Now()
	return old
}

// play sounds a short tone.
func (l *leg) play(hz float64) {
	if err := l.media().Play(l.s.callCtx, media.Tone(hz, toneTime, toneLevel)); err != nil {
		l.s.log.Debug("tone was cut off", zap.String("operator", l.operator), zap.Error(err))
	}
}

const (
	// soundTick is how often a phone's sound is looked after.
	soundTick = 500 * time.Millisecond
	// steadyFor is how long a phone must have sent without a pause for a pause to
	// mean that something is broken, not that its operator is silent (RFC 3551 §4.1).
	steadyFor = 30 * time.Second
)

// steadiness tells a phone that always sends, and has stopped, from one that
// saves what is silent.
type steadiness struct {
	since  time.Time // it has sent without a pause since then
	seen   uint64    // packets
	steady bool
}

// broken says whether a steady phone is not heard. Called every soundTick.
func (p *steadiness) broken(sound *media.Session, now time.Time) bool {
	const whole = uint64(soundTick/media.FrameTime) * 4 / 5 // of loss, and of packets that are longer, a fifth
	got := sound.Stats().Received
	fresh := got - p.seen
	p.seen = got
	switch {
	case fresh >= whole:
		if p.since.IsZero() {
			p.since = now
		}
		p.steady = now.Sub(p.since) >= steadyFor
		return false
	case fresh > 0 || !p.steady:
		p.since, p.steady = time.Time{}, false
		return false
	}
	return true
}
