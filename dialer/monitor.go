package dialer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"apel/contactdb"
	"apel/media"
	"apel/media/browser"

	"go.uber.org/zap"
)

// How a supervisor takes part in an operator's calls, as words.
var monitorModes = []string{media.ListenIn: "listen", media.Whisper: "whisper", media.BargeIn: "barge"}

// MonitorRequest asks to follow an operator from call to call.
type MonitorRequest struct {
	Supervisor string
	Operator   string
	Mode       string // listen, whisper (the customer does not hear it), barge
	Offer      string // SDP of the supervisor's browser; "": on the leg that they have as an operator
	// Still is asked each second: false ends it, as when a session has ended or a
	// role was changed. nil: nothing but a stop ends it.
	Still func() bool
}

// Monitoring is a supervisor who follows an operator.
type Monitoring struct {
	Supervisor string    `json:"supervisor"`
	Operator   string    `json:"operator"`
	Mode       string    `json:"mode"`
	Attempt    string    `json:"attempt,omitempty"` // the call that is heard; absent: none just now
	Since      time.Time `json:"since"`
}

// monitors are those who follow, by the operator.
type monitors struct {
	s  *Service
	mu sync.Mutex // guards of, and what is said so of a monitor
	of map[string]*monitor
}

// monitor is one supervisor at one operator. Each call is written to the audit
// trail before anything of it is heard.
type monitor struct {
	s      *Service
	req    MonitorRequest
	since  time.Time
	page   *browser.Leg   // nil: the supervisor's own leg as an operator. Written, as sound, under monitors.mu
	sound  *media.Monitor // nil until it is set up
	joined chan *joined   // the last that is to be heard; one fits
	modes  chan modeAsked
	quit   chan struct{}
	once   sync.Once
	ended  chan struct{}

	// Guarded by monitors.mu; changed by its own goroutine alone.
	mode media.MonitorMode
	call *joined // is heard; nil: none
}

// modeAsked is a wish for another mode, and where its error is wanted.
type modeAsked struct {
	mode media.MonitorMode
	done chan error
}

// joined is a bridge of a call.
type joined struct {
	bridge                   *media.Bridge
	attempt, campaign, phone string
}

func (c *call) joinedNow() *joined {
	return &joined{c.bridge, c.a.ID, c.l.name, c.a.Contact.Phone}
}

func modeOf(word string) (media.MonitorMode, error) {
	at := slices.Index(monitorModes, word)
	if at < 0 {
		return 0, fmt.Errorf("%w: a call is monitored by %s, not by %q", ErrInput, strings.Join(monitorModes, ", "), word)
	}
	return media.MonitorMode(at), nil
}

// Monitor has a supervisor follow an operator's calls, from the present one on,
// and gives the answer to the browser's offer. A supervisor follows one
// operator, the last who was asked for, and an operator is followed by one:
// ErrState if somebody else does.
func (s *Service) Monitor(ctx context.Context, req MonitorRequest) (Monitoring, string, error) {
	mode, err := modeOf(req.Mode)
	if err != nil {
		return Monitoring{}, "", err
	}
	if _, err := s.store.Operator(req.Operator); err != nil {
		return Monitoring{}, "", err
	}
	switch {
	case !s.isRunning():
		return Monitoring{}, "", ErrNotRunning
	case req.Operator == req.Supervisor:
		return Monitoring{}, "", fmt.Errorf("%w: nobody listens to their own calls", ErrInput)
	}
	m := &monitor{s: s, req: req, since: time.Now(), mode: mode, joined: make(chan *joined, 1), modes: make(chan modeAsked), quit: make(chan struct{}), ended: make(chan struct{})}
	if err := s.monitors.enter(m); err != nil {
		return Monitoring{}, "", err
	}
	answer, err := m.connect(ctx)
	if err != nil {
		s.monitors.leave(m)
		close(m.ended)
		return Monitoring{}, "", err
	}
	s.wg.Go(m.follow)
	s.desk.told(req.Operator, "monitor")
	m.findCall()
	select {
	case <-m.quit:
		return Monitoring{}, "", fmt.Errorf("%w: %s follows somebody else by now", contactdb.ErrState, req.Supervisor)
	default:
		return s.monitors.status(m), answer, nil
	}
}

// connect makes the supervisor's way to hear and speak.
func (m *monitor) connect(ctx context.Context) (answer string, err error) {
	if m.req.Offer == "" {
		session, err := m.s.desk.lendEar(m.req.Supervisor)
		if err != nil {
			return "", err
		}
		m.begin(nil, session)
		return "", nil
	}
	if m.s.gateway == nil {
		return "", fmt.Errorf("%w: set browser: listen in the settings, then start apel serve again", ErrNoBrowsers)
	}
	page, answer, err := m.s.gateway.Answer(ctx, m.req.Offer)
	if err != nil {
		return "", offered(err)
	}
	page.Media().KeepAlive(keepAlive)
	m.begin(page, page.Media())
	return answer, nil
}

func (m *monitor) begin(page *browser.Leg, on *media.Session) {
	m.s.monitors.mu.Lock()
	defer m.s.monitors.mu.Unlock()
	m.page, m.sound = page, media.NewMonitor(on, m.mode)
}

// findCall begins in the middle of a conversation.
func (m *monitor) findCall() {
	c, err := m.s.customer(m.req.Operator, "")
	if err != nil {
		return // there is none
	}
	_ = c.ask(func() error { // one that is over needs no monitor
		if c.bridge != nil && c.operator != nil && c.operator.operator == m.req.Operator {
			m.s.monitors.joined(m.req.Operator, c.joinedNow())
		}
		return nil
	})
}

// follow is the monitor's goroutine: from call to call, until it is over.
func (m *monitor) follow() {
	defer close(m.ended)
	defer m.end()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case j := <-m.joined:
			if err := m.hear(j, m.mode); err != nil {
				m.s.log.Error("a monitored call cannot be written down, so it is not heard", zap.String("attempt", j.attempt), zap.Error(err))
				return
			}
		case a := <-m.modes:
			a.done <- m.hear(m.call, a.mode)
		case <-tick.C:
			if m.req.Still != nil && !m.req.Still() || m.gone() {
				return
			}
		case <-m.sound.Ended():
			return
		case <-m.quit:
			return
		case <-m.s.legsDown:
			return
		}
	}
}

// gone says whether the supervisor's browser is. Who only listens may send nothing.
func (m *monitor) gone() bool {
	return m.page != nil && !m.page.Connected() && time.Since(laterOf(m.page.Media().LastHeard(), m.since)) > awayAfter
}

// hear writes a call down (nil: there is none yet) with the mode in which it is
// monitored, and hears, and is heard, from then on.
func (m *monitor) hear(j *joined, mode media.MonitorMode) error {
	if j != nil {
		if _, err := m.s.store.Audit(context.Background(), contactdb.AuditEntry{At: time.Now(), Who: m.req.Supervisor, Verb: "call.monitor", Object: "operator/" + m.req.Operator,
			Phone: j.phone, Detail: map[string]string{"mode": monitorModes[mode], "attempt": j.attempt, "campaign": j.campaign}}); err != nil {
			return err
		}
	}
	m.s.monitors.mu.Lock()
	m.mode, m.call = mode, j
	m.s.monitors.mu.Unlock()
	m.sound.SetMode(mode)
	if j != nil {
		m.sound.Attach(j.bridge)
	}
	m.s.desk.told(m.req.Operator, "monitor")
	return nil
}

// end lets go of everything.
func (m *monitor) end() {
	m.sound.Close()
	if m.page != nil {
		m.page.Close()
	} else {
		m.s.desk.returnEar(m.req.Supervisor, "")
	}
	m.s.monitors.leave(m)
	m.s.desk.told(m.req.Operator, "monitor")
}

func (m *monitor) stop() {
	m.once.Do(func() { close(m.quit) })
	<-m.ended
}

// StopMonitor ends what a supervisor follows; ErrState if that is nobody.
func (s *Service) StopMonitor(supervisor string) error {
	m := s.monitors.by(supervisor)
	if m == nil {
		return fmt.Errorf("%w: %s monitors nobody", contactdb.ErrState, supervisor)
	}
	m.stop()
	return nil
}

// SetMonitorMode changes how a supervisor takes part, in the middle of a call too.
func (s *Service) SetMonitorMode(supervisor, word string) (Monitoring, error) {
	mode, err := modeOf(word)
	if err != nil {
		return Monitoring{}, err
	}
	m := s.monitors.by(supervisor)
	if m == nil {
		return Monitoring{}, fmt.Errorf("%w: %s monitors nobody", contactdb.ErrState, supervisor)
	}
	done := make(chan error, 1)
	select {
	case m.modes <- modeAsked{mode, done}:
		err = <-done
	case <-m.ended:
		err = fmt.Errorf("%w: %s monitors nobody any more", contactdb.ErrState, supervisor)
	}
	return s.monitors.status(m), err
}

// RestartMonitor answers an offer with new ICE credentials of a supervisor's
// browser, whose network was lost or has changed: what is followed goes on. It
// may be away as long as an idle operator's (awayAfter). ErrState if nothing is
// followed in a browser.
func (s *Service) RestartMonitor(ctx context.Context, supervisor, offer string) (Monitoring, string, error) {
	m := s.monitors.by(supervisor)
	if m == nil || m.page == nil {
		return Monitoring{}, "", fmt.Errorf("%w: %s monitors nobody in a browser", contactdb.ErrState, supervisor)
	}
	answer, err := m.page.Restart(ctx, offer)
	return s.monitors.status(m), answer, offered(err)
}

// Monitors are all who follow an operator now, by the operator's name.
func (s *Service) Monitors() []Monitoring {
	s.monitors.mu.Lock()
	defer s.monitors.mu.Unlock()
	list := []Monitoring{}
	for _, m := range s.monitors.of {
		if m.sound != nil {
			list = append(list, m.show())
		}
	}
	slices.SortFunc(list, func(a, b Monitoring) int { return strings.Compare(a.Operator, b.Operator) })
	return list
}

// monitored is what an operator is told: who is heard is always known, who only
// listens in if the campaign says so.
func (s *Service) monitored(operator string, c *call) *Monitoring {
	s.monitors.mu.Lock()
	defer s.monitors.mu.Unlock()
	m := s.monitors.of[operator]
	if m == nil || m.sound == nil || m.mode == media.ListenIn && c != nil && !c.rules.def.AnnounceMonitoring {
		return nil
	}
	if m.mode == media.ListenIn && c == nil {
		return nil
	}
	v := m.show()
	return &v
}

// show is a monitor as others see it. With mu held.
func (m *monitor) show() Monitoring {
	v := Monitoring{Supervisor: m.req.Supervisor, Operator: m.req.Operator, Mode: monitorModes[m.mode], Since: m.since}
	if m.call != nil && !m.call.bridge.Parted() {
		v.Attempt = m.call.attempt
	}
	return v
}

func (all *monitors) status(m *monitor) Monitoring {
	all.mu.Lock()
	defer all.mu.Unlock()
	return m.show()
}

// enter makes a supervisor the one who follows an operator, and nobody else: of
// two that are asked for at once the later counts, as of two that are not.
func (all *monitors) enter(m *monitor) error {
	for {
		before, err := all.entered(m)
		if before == nil {
			return err
		}
		before.stop()
	}
}

// entered is enter, unless the supervisor has one before it, connected or about to be.
func (all *monitors) entered(m *monitor) (before *monitor, err error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, other := range all.of {
		if other.req.Supervisor == m.req.Supervisor {
			return other, nil
		}
	}
	if other := all.of[m.req.Operator]; other != nil {
		return nil, fmt.Errorf("%w: %s monitors %s already", contactdb.ErrState, other.req.Supervisor, m.req.Operator)
	}
	all.of[m.req.Operator] = m
	return nil, nil
}

func (all *monitors) leave(m *monitor) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.of[m.req.Operator] == m {
		delete(all.of, m.req.Operator)
	}
}

// by finds the monitor of a supervisor, nil if there is none.
func (all *monitors) by(supervisor string) *monitor {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, m := range all.of {
		if m.req.Supervisor == supervisor && m.sound != nil {
			return m
		}
	}
	return nil
}

// joined tells whoever follows an operator of the bridge that they are on now.
func (all *monitors) joined(operator string, j *joined) {
	all.mu.Lock()
	defer all.mu.Unlock()
	m := all.of[operator]
	if m == nil {
		return
	}
	select {
	case <-m.joined: // nobody has heard that one yet, and nobody will
	default:
	}
	m.joined <- j
}
