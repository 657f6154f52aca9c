package dialer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"apel/contactdb"
	"apel/media/browser"

	"go.uber.org/zap"
)

const (
	// browserTick is how often a browser's sound is looked after: it always sends.
	browserTick = 200 * time.Millisecond
	// unheard is how long a browser may send nothing before nobody is joined to
	// it any more; with a tick and the way there it is known within a second.
	unheard = 600 * time.Millisecond
	// goneAfter is how long its customer waits in silence for a browser that has
	// lost its network or is being reloaded, before another operator takes over.
	goneAfter = 10 * time.Second
	// awayAfter is how long an idle seat is kept for its browser. One that is
	// there, without a microphone, keeps it.
	awayAfter = 25 * time.Second
)

// ErrNoBrowsers: the service has no port for browsers.
var ErrNoBrowsers = errors.New("no port for browsers is open")

// Window is a browser's window that wants an operator's seat.
type Window struct {
	Operator string
	Tab      string // names the window; a reload keeps it
	Offer    string // SDP
	TakeOver bool   // from another window
}

// ConnectBrowser makes a browser an operator's leg and returns the answer to
// its offer. A window that had the leg before goes on with it, in the middle of
// a conversation too. ErrState while a phone has it, or another window, unless it
// is to be taken over from that.
func (s *Service) ConnectBrowser(ctx context.Context, w Window) (answer string, err error) {
	o, err := s.store.Operator(w.Operator)
	if err != nil {
		return "", err
	}
	switch {
	case !s.isRunning():
		return "", ErrNotRunning
	case s.gateway == nil:
		return "", fmt.Errorf("%w: set browser: listen in the settings, then start apel serve again", ErrNoBrowsers)
	case w.Tab == "":
		return "", say(ErrInput, "no-window", "the window has no name")
	}
	if err := s.desk.vacant(w); err != nil {
		return "", err
	}
	page, answer, err := s.gateway.Answer(ctx, w.Offer)
	if err != nil {
		return "", offered(err)
	}
	page.Media().KeepAlive(keepAlive)
	if err := s.desk.attach(o, page, w); err != nil {
		page.Close()
		return "", err
	}
	return answer, nil
}

// offered says what kind of error a browser's offer has met.
func offered(err error) error {
	switch {
	case errors.Is(err, browser.ErrOffer):
		return fmt.Errorf("%w: %w", ErrInput, err)
	case errors.Is(err, browser.ErrOther):
		return fmt.Errorf("%w: %w", contactdb.ErrState, err)
	}
	return err
}

// vacant says whether a window may have its seat.
func (d *desk) vacant(w Window) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seats[w.Operator].vacant(w)
}

// vacant says whether a window may have the seat, which may be nil. With mu held.
func (s *seat) vacant(w Window) error {
	if s == nil || s.leg == nil {
		return nil
	}
	page, tab := s.leg.browser()
	switch {
	case page == nil:
		return say(contactdb.ErrState, "phone-connected", "the phone of %s is connected; hang it up first", w.Operator)
	case tab != w.Tab && !w.TakeOver && !s.deaf:
		return say(contactdb.ErrState, "other-window", "%s is signed in in another window; close that one, or take over", w.Operator)
	}
	return nil
}

// attach gives a seat a browser: its first leg, or in place of the one it had.
// ErrState if its phone was picked up, or another window came, just now.
func (d *desk) attach(o contactdb.Operator, page *browser.Leg, w Window) error {
	d.mu.Lock()
	s := d.seatOf(o.Name, o.Team)
	if err := s.vacant(w); err != nil {
		d.mu.Unlock()
		return err
	}
	if s.leg != nil {
		_, before := s.leg.browser()
		old := s.leg.change(page, w.Tab)
		if before != w.Tab { // another window, perhaps with another headset
			s.headset = nil
			if s.call == nil {
				s.ready, s.reason = false, "signed in again"
			}
		}
		l, c := s.leg, s.call
		d.tell(s)
		d.mu.Unlock()
		if old != nil {
			old.Close()
		}
		if c != nil {
			_ = c.ask(func() error { c.reseat(l); return nil }) // a call that is over needs no sound
		}
		d.told(o.Name, "connected")
		return nil
	}
	l := &leg{operator: s.name, team: s.team, s: d.s, page: page, tab: w.Tab, sound: page.Media(), from: time.Now()}
	d.enter(s, l)
	d.mu.Unlock()
	d.told(o.Name, "not-ready")
	d.s.wg.Go(func() { d.attend(s, l) })
	return nil
}

// attend looks after a browser's leg until it is over.
func (d *desk) attend(s *seat, l *leg) {
	tick := time.NewTicker(browserTick)
	defer tick.Stop()
	for {
		page, _ := l.browser()
		over := false
		select {
		case key, ok := <-page.Media().Digits():
			if ok {
				d.key(s, key)
				continue
			}
			time.Sleep(browserTick) // its session is closed: it is being replaced, or ends
			over = d.gone(s, l, page)
		case <-tick.C:
			over = d.gone(s, l, page)
		case <-d.s.legsDown:
			over = true
		}
		if over && d.down(s, page) {
			page.Close()
			return
		}
	}
}

// gone says whether a browser has been silent for too long, after telling the
// floor if it is not heard at all.
func (d *desk) gone(s *seat, l *leg, page *browser.Leg) bool {
	silent := l.silence()
	d.deafened(s, silent > unheard)
	if d.dismissed(s) {
		return true
	}
	select {
	case <-page.Ended():
		return true
	default:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.state == "talking" || s.state == "reserved" {
		return silent > goneAfter
	}
	return silent > awayAfter && !page.Connected()
}

// deafened takes in whether a leg is heard. One that is not gets nobody; one
// that is again goes on as its operator wished.
func (d *desk) deafened(s *seat, deaf bool) {
	d.mu.Lock()
	if s.leg == nil || s.deaf == deaf {
		d.mu.Unlock()
		return
	}
	s.deaf = deaf
	s.leg.deaf.Store(deaf)
	d.tell(s)
	d.mu.Unlock()
	if deaf {
		d.s.log.Info("an operator is not heard", zap.String("operator", s.name))
		d.told(s.name, "deaf")
		return
	}
	d.told(s.name, "heard")
}

// why is the reason of not being ready.
func (s *seat) why() string {
	if s.deaf && s.leg != nil {
		return "headset is not heard"
	}
	return s.reason
}

// taken says whether a browser has the seat, so that its phone is left alone.
func (d *desk) taken(s *seat) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.leg == nil {
		return false
	}
	page, _ := s.leg.browser()
	return page != nil
}

// wish is what an operator, or somebody for one, asks for: calls or none. A
// browser must have passed its test first. With mu held.
func (d *desk) wish(s *seat, ready bool, reason string) error {
	if ready && s.closed {
		return say(contactdb.ErrState, "account-closed", "the account of %s is closed", s.name)
	}
	if ready && s.listens {
		return fmt.Errorf("%w: %s listens to a colleague; stop that first", contactdb.ErrState, s.name)
	}
	if page, _ := s.leg.browser(); ready && page != nil && (s.headset == nil || !s.headset.OK) {
		return say(contactdb.ErrState, "headset-untested", "the headset of %s has not passed its test; test it, then be ready", s.name)
	}
	same := s.ready == ready
	s.ready, s.reason = ready, reason
	d.tell(s)
	if s.call != nil || s.loop == nil || same { // no floor says that the state is another: the desktop would not hear of it
		d.told(s.name, "wish")
	}
	return nil
}

// RestartBrowser answers an offer with new ICE credentials of the window that
// has the seat, whose network was lost or has changed.
func (s *Service) RestartBrowser(ctx context.Context, w Window) (answer string, err error) {
	page, err := s.desk.window(w.Operator, w.Tab)
	if err != nil {
		return "", err
	}
	answer, err = page.Restart(ctx, w.Offer)
	return answer, offered(err)
}

// window finds the leg of a window; ErrState if another has the seat.
func (d *desk) window(operator, tab string) (*browser.Leg, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seats[operator]
	if s == nil || s.leg == nil {
		return nil, say(contactdb.ErrState, "not-connected", "%s is not connected; connect the headset", operator)
	}
	page, mine := s.leg.browser()
	if page == nil || mine != tab {
		return nil, say(contactdb.ErrState, "connected-elsewhere", "%s is connected from elsewhere; connect here to take over", operator)
	}
	return page, nil
}

// DisconnectBrowser ends a window's leg: its operator goes home.
func (s *Service) DisconnectBrowser(operator, tab string) error {
	page, err := s.desk.window(operator, tab)
	if err != nil {
		return err
	}
	page.End()
	return nil
}

// MicrophoneLost is what a page says when its microphone was unplugged or taken
// away. The operator is not ready from this instant, and must pass the test again.
func (s *Service) MicrophoneLost(operator, tab string) error {
	if _, err := s.desk.window(operator, tab); err != nil {
		return err
	}
	d := s.desk
	d.mu.Lock()
	st := d.seats[operator]
	st.headset = nil
	st.ready, st.reason = false, "microphone was lost"
	if st.leg != nil {
		d.tellDeaf(st)
	}
	d.mu.Unlock()
	d.told(operator, "microphone-lost")
	return nil
}
