package dialer_test

import (
	"errors"
	"math"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/floor"
	"apel/dialer/lab"
	"apel/media"
	"apel/media/browser/headset"
)

// What the three of a monitored call hum.
const (
	customerHz   = 700
	operatorHz   = 440
	supervisorHz = 1000
)

// hums says whose tones are in a sound: c, o, s.
func hums(samples []int16) string {
	var all float64
	for _, v := range samples {
		all += float64(v) * float64(v)
	}
	heard := ""
	for i, hz := range []float64{customerHz, operatorHz, supervisorHz} {
		const span = 1600 // 200 ms: packets that were lost in between change the phase
		best := 0.0
		for from := 0; from+span <= len(samples); from += span {
			re, im := 0.0, 0.0
			for n, v := range samples[from : from+span] {
				a := 2 * math.Pi * hz * float64(n) / media.SampleRate
				re, im = re+float64(v)*math.Cos(a), im+float64(v)*math.Sin(a)
			}
			best = max(best, 2*(re*re+im*im)/(span*span))
		}
		if best > 200*200 {
			heard += "cos"[i : i+1]
		}
	}
	return heard
}

// hummer is a customer who hums for a long time.
func hummer() lab.CarrierConfig {
	var says []lab.Sound
	for range 600 {
		says = append(says, lab.Tone(700*time.Millisecond, customerHz), lab.Pause(300*time.Millisecond))
	}
	return lab.CarrierConfig{Persona: func(string, int) lab.Persona {
		return lab.Persona{Kind: lab.Hello, Lang: "en", Progress: 180, Ring: time.Second, Status: 200, Voice: says}
	}}
}

// wiretap is what somebody hears, taken off the wire.
type wiretap struct {
	at netip.Addr

	mu    sync.Mutex // guards heard
	heard []int16
}

func (c *wiretap) sniff(_, to netip.AddrPort, b []byte) {
	if to.Addr() == c.at && len(b) > 12 && b[0] == 0x80 && (b[1]&0x7f == 0 || b[1]&0x7f == 8) {
		c.mu.Lock()
		c.heard = media.Codec(b[1]&0x7f).Decode(c.heard, b[12:])
		c.mu.Unlock()
	}
}

func (c *wiretap) Heard() []int16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.heard
	c.heard = nil
	return h
}

// monitored is an operator at a browser with a customer, and a supervisor's browser.
type monitored struct {
	*shift
	operator *seat
	customer *wiretap
	page     *headset.Headset
	silent   bool // the supervisor's browser sends nothing
}

const announced = progressive + "detector: {off: true}\ndispositions: [{name: sale, final: true}]\n"

func newMonitored(t *testing.T, campaign string) *monitored {
	t.Helper()
	m := &monitored{customer: &wiretap{at: netip.MustParseAddr("10.0.0.2")}}
	s, seats := newCentre(t, 1, shiftConfig{contacts: 2, channels: 5, cps: 5, carrier: hummer(), campaign: campaign, sniff: m.customer.sniff})
	m.shift, m.operator = s, seats[0]
	m.operator.says = media.Tone(operatorHz, time.Second, -20)
	m.operator.ready()
	m.operator.until("talking", state("talking"))
	return m
}

// listen opens the supervisor's page.
func (m *monitored) listen(mode string, still func() bool) error {
	m.t.Helper()
	page, err := headset.New(m.t.Context(), headset.Config{Network: m.net, Addr: "10.0.3.200:0"})
	if err != nil {
		m.t.Fatal(err)
	}
	offer, err := page.Offer(false)
	if err != nil {
		m.t.Fatal(err)
	}
	_, answer, err := m.svc.Monitor(m.t.Context(), dialer.MonitorRequest{Supervisor: "chief", Operator: m.operator.name, Mode: mode, Offer: offer, Still: still})
	if err != nil {
		page.Close()
		return err
	}
	page.Unplug(m.silent)
	if err := page.Accept(answer); err != nil {
		m.t.Fatal(err)
	}
	m.page = page
	page.Hum(media.Tone(supervisorHz, time.Second, -20))
	return nil
}

// hear says whose voices customer, operator and supervisor hear.
func (m *monitored) hear(what, customer, operator, supervisor string) {
	m.t.Helper()
	time.Sleep(time.Second)
	all := []interface{ Heard() []int16 }{m.customer, m.operator.page}
	if m.page != nil {
		all = append(all, m.page)
	}
	for _, who := range all {
		who.Heard()
	}
	time.Sleep(1500 * time.Millisecond)
	for i, want := range []string{customer, operator, supervisor}[:len(all)] {
		if got := hums(all[i].Heard()); got != want {
			m.t.Errorf("%s: the %s hears %q, want %q", what, []string{"customer", "operator", "supervisor"}[i], got, want)
		}
	}
}

func (m *monitored) mode(mode string) {
	m.t.Helper()
	if _, err := m.svc.SetMonitorMode("chief", mode); err != nil {
		m.t.Fatal(err)
	}
}

func TestASupervisorListensWhispersAndBargesInAndTheCustomerHearsOnlyThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitored(t, announced)
		m.hear("alone", "o", "c", "")
		if err := m.listen("listen", nil); err != nil {
			t.Fatal(err)
		}
		m.hear("listening", "o", "c", "co")
		if d := m.operator.desktop(); d.Monitored == nil || d.Monitored.Supervisor != "chief" || d.Monitored.Mode != "listen" {
			t.Errorf("the operator is shown %+v", d.Monitored)
		}
		m.mode("whisper")
		m.hear("whispering", "o", "cs", "co")
		a := m.operator
		first := a.desktop().Call.Attempt
		a.must(m.svc.Hold(a.name, first, true))
		m.hear("on hold", "", "", "")
		a.must(m.svc.Hold(a.name, first, false))
		m.hear("whispering after the hold", "o", "cs", "co")
		m.mode("barge")
		m.hear("barged in", "os", "cs", "co")
		m.mode("listen")
		// The next customer is heard too, without asking again.
		a.must(m.svc.HangUp(a.name, first, ""))
		a.until("in wrap-up", state("wrap-up"))
		a.must(m.svc.Dispose(a.name, first, dialer.Result{Disposition: 1}))
		d := a.until("talking to the next", func(d dialer.Desktop) bool { return d.State == "talking" && d.Call != nil && d.Call.Attempt != first })
		m.hear("the next call", "o", "c", "co")
		if list := m.svc.Monitors(); len(list) != 1 || list[0].Attempt != d.Call.Attempt {
			t.Errorf("monitors %+v", list)
		}
		a.must(m.svc.StopMonitor("chief"))
		m.hear("gone", "o", "c", "")
		if err := m.svc.StopMonitor("chief"); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("stopping twice says %v", err)
		}
		var trail []string
		for e, err := range m.svc.Store().AuditTrail(contactdb.AuditFilter{Verb: "call.monitor"}) {
			if err != nil || e.Who != "chief" || e.Object != "operator/"+a.name || !strings.HasPrefix(e.Phone, "+407") {
				t.Errorf("the trail has %+v, %v", e, err)
			}
			trail = append(trail, e.Detail["mode"])
		}
		if got := strings.Join(trail, " "); got != "listen whisper whisper barge listen listen" {
			t.Errorf("the trail has %s", got)
		}
		a.page.Close()
		m.page.Close()
		m.end()
	})
}

func TestAMonitorEndsWithItsSessionAndTheOperatorGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitored(t, announced+"announce-monitoring: false\n")
		var mu sync.Mutex
		signedIn := true
		if err := m.listen("listen", func() bool { mu.Lock(); defer mu.Unlock(); return signedIn }); err != nil {
			t.Fatal(err)
		}
		m.hear("listening", "o", "c", "co")
		if d := m.operator.desktop(); d.Monitored != nil {
			t.Errorf("the operator is shown %+v though the campaign says not to", d.Monitored)
		}
		m.mode("whisper")
		if d := m.operator.desktop(); d.Monitored == nil {
			t.Error("the operator is not shown who whispers")
		}
		for _, wrong := range []dialer.MonitorRequest{{Supervisor: "other", Operator: m.operator.name, Mode: "listen"}, {Supervisor: "other", Operator: "br00", Mode: "spy"},
			{Supervisor: "br00", Operator: "br00", Mode: "listen"}, {Supervisor: "other", Operator: "nobody", Mode: "listen"}} {
			if _, _, err := m.svc.Monitor(t.Context(), wrong); err == nil {
				t.Errorf("%+v is let in", wrong)
			}
		}
		mu.Lock()
		signedIn = false
		mu.Unlock()
		m.hear("after the session has ended", "o", "c", "")
		if list := m.svc.Monitors(); len(list) != 0 {
			t.Errorf("monitors %+v", list)
		}
		m.page.Close()
		// A page that vanishes is noticed too.
		if err := m.listen("barge", nil); err != nil {
			t.Fatal(err)
		}
		m.hear("barged in", "os", "cs", "co")
		m.page.Close()
		m.page = nil
		time.Sleep(27 * time.Second)
		m.hear("after the page is gone", "o", "c", "")
		m.operator.page.Close()
		m.end()
	})
}

func TestWhoOnlyListensMaySendNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitored(t, announced)
		m.silent = true
		if err := m.listen("listen", nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		m.hear("after a minute", "o", "c", "co")
		m.page.Close()
		m.page = nil
		time.Sleep(45 * time.Second)
		if list := m.svc.Monitors(); len(list) != 0 {
			t.Errorf("the page is gone, and still there are %+v", list)
		}
		m.operator.page.Close()
		m.end()
	})
}

func TestASupervisorWhoseNetworkIsLostForAWhileGoesOnListening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitored(t, announced)
		if _, _, err := m.svc.RestartMonitor(t.Context(), "chief", "x"); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("nobody is followed, and a restart says %v", err)
		}
		if err := m.listen("whisper", nil); err != nil {
			t.Fatal(err)
		}
		m.hear("whispering", "o", "cs", "co")
		if _, _, err := m.svc.RestartMonitor(t.Context(), "chief", "x"); !errors.Is(err, dialer.ErrInput) {
			t.Errorf("an offer that is none says %v", err)
		}
		m.net.Cut(m.page.Addr().Addr())
		time.Sleep(15 * time.Second) // a browser takes some seconds to notice
		m.net.Mend()
		offer, err := m.page.Offer(true)
		if err != nil {
			t.Fatal(err)
		}
		now, answer, err := m.svc.RestartMonitor(t.Context(), "chief", offer)
		if err != nil || now.Mode != "whisper" || now.Operator != m.operator.name {
			t.Fatalf("%+v %v", now, err)
		}
		if err := m.page.Accept(answer); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		m.hear("after the network was back", "o", "cs", "co")
		m.page.Close()
		m.operator.page.Close()
		m.end()
	})
}

func TestASupervisorListensOnTheirOwnPhoneAndGetsNoCallsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone := &wiretap{at: netip.MustParseAddr("10.0.1.2")}
		s := newShift(t, shiftConfig{operators: 2, contacts: 1, channels: 5, cps: 5, carrier: hummer(), campaign: announced, sniff: phone.sniff,
			phone: func(_ int, p *lab.PhoneConfig) { p.Manual, p.Continuous = true, true }})
		ready := func(name string) error { _, err := s.svc.SetOperatorReady(name, true, ""); return err }
		time.Sleep(3 * time.Second)
		if err := ready("op00"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if got := hums(phone.Heard()); got != "" {
			t.Errorf("before, the supervisor's phone hears %q", got)
		}
		if _, _, err := s.svc.Monitor(t.Context(), dialer.MonitorRequest{Supervisor: "op01", Operator: "op00", Mode: "listen"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if got := hums(phone.Heard()); got != "c" {
			t.Errorf("the supervisor's phone hears %q", got)
		}
		if err := ready("op01"); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "listens") {
			t.Errorf("ready while listening says %v", err)
		}
		if err := s.svc.StopMonitor("op01"); err != nil {
			t.Fatal(err)
		}
		if d, err := s.svc.Desktop("op01"); err != nil || strings.Contains(d.Reason, "listening") {
			t.Errorf("after it the supervisor is %s, %q, %v", d.State, d.Reason, err)
		}
		if err := ready("op01"); err != nil {
			t.Errorf("ready after it says %v", err)
		}
		if _, _, err := s.svc.Monitor(t.Context(), dialer.MonitorRequest{Supervisor: "op01", Operator: "op00", Mode: "listen"}); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("who takes calls listens: %v", err)
		}
		s.end()
	})
}

func TestASupervisorHangsUpACallInWhateverStateItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitored(t, announced+"ring-time: 30s\n")
		calls := m.svc.LiveCalls()
		if len(calls) != 1 || calls[0].State != "bridged" || calls[0].Codec == "" || calls[0].Lost > .01 || calls[0].JitterMS > 10 {
			t.Fatalf("live calls %+v", calls)
		}
		if was, err := m.svc.HangUpCall(calls[0].Attempt); err != nil || was.Operator != m.operator.name {
			t.Errorf("hanging up says %+v, %v", was, err)
		}
		m.operator.until("in wrap-up", state("wrap-up"))
		if _, err := m.svc.HangUpCall(calls[0].Attempt); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("hanging up twice says %v", err)
		}
		if _, err := m.svc.HangUpCall("a000000000099"); !errors.Is(err, contactdb.ErrNotFound) {
			t.Errorf("a call that never was says %v", err)
		}
		m.operator.must(m.svc.Dispose(m.operator.name, calls[0].Attempt, dialer.Result{Disposition: 1}))
		time.Sleep(4 * time.Second) // the next one rings
		calls = m.svc.LiveCalls()
		if len(calls) != 1 || calls[0].State != "ringing" && calls[0].State != "bridged" {
			t.Fatalf("live calls %+v", calls)
		}
		if _, err := m.svc.HangUpCall(calls[0].Attempt); err != nil {
			t.Error(err)
		}
		m.operator.page.Close()
		for _, r := range m.end() {
			if r.EndedBy != "dialer" {
				t.Errorf("record %+v", r)
			}
		}
	})
}

// The floor holds still while the number is being leased, and the supervisor asks just then.
func TestALegIsNotLentInTheInstantWhenItsOperatorIsGivenSomebody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		aside := make(chan struct{})
		once := sync.OnceFunc(func() {
			close(aside)
			time.Sleep(time.Second)
		})
		s := newShift(t, shiftConfig{operators: 2, contacts: 2, channels: 5, cps: 5, carrier: hummer(), campaign: announced + "manual: true\ncountry: RO\nattempts: {per-day: 3}\n",
			phone: func(_ int, p *lab.PhoneConfig) { p.Manual, p.Continuous = true, true },
			before: func(s *shift) {
				s.svc.Inspect(func(f *floor.Floor) {
					s.inspect(f)
					if f.SetAside("op01") {
						once()
					}
				})
			}})
		time.Sleep(3 * time.Second)
		dialed := make(chan error, 1)
		go func() {
			_, err := s.svc.Dial("op01", "+40720000001")
			dialed <- err
		}()
		<-aside
		listens := dialer.MonitorRequest{Supervisor: "op01", Operator: "op00", Mode: "listen"}
		if _, _, err := s.svc.Monitor(t.Context(), listens); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "takes calls") {
			t.Errorf("a leg that somebody is being given to is lent: %v", err)
		}
		if err := <-dialed; err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if d, err := s.svc.Desktop("op01"); err != nil || d.State != "talking" {
			t.Errorf("after it the operator is %+v %v", d, err)
		}
		s.end()
	})
}

func TestWhoListensToAColleagueIsNotGivenAnybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 2, channels: 5, cps: 5, carrier: hummer(), campaign: announced + "manual: true\ncountry: RO\n",
			phone: func(_ int, p *lab.PhoneConfig) { p.Manual, p.Continuous = true, true }})
		time.Sleep(3 * time.Second)
		if _, err := s.svc.SetOperatorReady("op00", true, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		listens := dialer.MonitorRequest{Supervisor: "op01", Operator: "op00", Mode: "listen"}
		if _, _, err := s.svc.Monitor(t.Context(), listens); err != nil {
			t.Fatal(err)
		}
		if err := s.svc.Transfer("op00", "", dialer.Transfer{Operator: "op01"}); err == nil {
			t.Error("who listens is asked about a customer")
		}
		if _, err := s.svc.Dial("op01", "+40720000001"); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("who listens dials a number: %v", err)
		}
		if err := s.svc.StopMonitor("op01"); err != nil {
			t.Fatal(err)
		}
		if err := s.svc.Transfer("op00", "", dialer.Transfer{Operator: "op01"}); err != nil {
			t.Errorf("after it: %v", err)
		}
		s.end()
	})
}
