package ua

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/lab"
	"apel/media"
)

func init() { SetLogger(slog.New(slog.DiscardHandler)) }

// rig is a UA and a carrier in memory, with the ladder of what went between them.
type rig struct {
	t       *testing.T
	net     *lab.Net
	ua      *UA
	carrier *lab.Carrier
	mu      sync.Mutex
	ladder  []string
	calls   int
	allow   string // a violation that is none here
}

// onRig runs f in a bubble; persona is who answers each number.
func onRig(t *testing.T, trunk Trunk, carrier lab.CarrierConfig, f func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t}
		r.net = lab.NewNet(lab.NetConfig{Seed: 1, Delay: 10 * time.Millisecond, Tap: r.tap})
		t.Cleanup(func() {
			if t.Failed() {
				t.Log("\n" + strings.Join(r.ladder, "\n"))
			}
		})
		carrier.Network, carrier.Addr = r.net, "10.0.0.2:5060"
		var err error
		if r.carrier, err = lab.StartCarrier(t.Context(), carrier); err != nil {
			t.Fatal(err)
		}
		ports, err := media.NewPorts(media.PortsConfig{Network: r.net, Host: "10.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		trunk.Name, trunk.Host = "acme", "10.0.0.2:5060"
		if trunk.Channels == 0 {
			trunk.Channels, trunk.CallsPerSecond = 100, 100
		}
		r.ua, err = New(Config{Network: r.net, Listen: "10.0.0.1:5060", Ports: ports, Trunks: []Trunk{trunk}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the first OPTIONS or REGISTER
		f(r)
		time.Sleep(time.Second) // the last answers
		if err := r.ua.Close(); err != nil {
			t.Error(err)
		}
		r.carrier.Close()
		for _, s := range r.carrier.Seen() {
			for _, v := range s.Violations {
				if v == r.allow {
					continue
				}
				t.Errorf("the carrier saw in the call to %s: %s", s.Number, v)
			}
		}
		time.Sleep(time.Minute) // whatever still runs would be found by the bubble
	})
}

func (r *rig) tap(at time.Time, from, to netip.AddrPort, data []byte) {
	if len(data) < 16 || data[0] < 'A' || data[0] > 'Z' {
		return
	}
	line, _, _ := strings.Cut(string(data), "\r\n")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ladder = append(r.ladder, fmt.Sprintf("%s %v > %v %s", at.Format("04:05.000"), from, to, line))
}

// saw counts the messages that begin like this and went to the host.
func (r *rig) saw(start, to string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, l := range r.ladder {
		if f := strings.Fields(l); strings.HasPrefix(f[3], to) && strings.HasPrefix(strings.Join(f[4:], " "), start) {
			n++
		}
	}
	return n
}

// dial calls a number of its own.
func (r *rig) dial() *Call {
	r.t.Helper()
	r.calls++
	c, err := r.ua.Dial(r.t.Context(), Request{Trunk: "acme", Number: fmt.Sprintf("+4072212%04d", r.calls), CallerID: "+40312345678", CallID: fmt.Sprintf("attempt-%d", r.calls)})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// steps follows a call to its end, hanging up after hangUp (0: never).
func steps(c *Call, hangUp time.Duration) (names string, ending Ending) {
	var timer <-chan time.Time
	if hangUp > 0 {
		timer = time.After(hangUp)
	}
	var all []string
	for {
		select {
		case p, ok := <-c.Progress():
			if !ok {
				return strings.Join(all, " "), c.Ending()
			}
			all = append(all, [...]string{"ringing", "early", "answered"}[p.Step])
		case <-timer:
			c.Hangup()
		}
	}
}

func only(p lab.Persona) lab.CarrierConfig {
	return lab.CarrierConfig{Persona: func(string, int) lab.Persona { return p }}
}

func TestEveryEndingOfACallBecomesAnOutcome(t *testing.T) {
	for _, c := range []struct {
		name    string
		persona lab.Persona
		hangUp  time.Duration
		steps   string
		by      Party
		status  int
		outcome string
	}{
		{"busy", lab.Persona{Status: 486, Cause: 17}, 0, "", Network, 486, contactdb.Busy},
		{"busy after ringing", lab.Persona{Progress: 180, Ring: 3 * time.Second, Status: 486}, 0, "ringing", Network, 486, contactdb.Busy},
		{"unknown number", lab.Persona{Status: 404, Cause: 1}, 0, "", Network, 404, contactdb.InvalidNumber},
		{"no circuit", lab.Persona{Status: 503, Cause: 34}, 0, "", Network, 503, contactdb.Congested},
		{"a cause says more than a status", lab.Persona{Status: 503, Cause: 17}, 0, "", Network, 503, contactdb.Busy},
		{"declined", lab.Persona{Progress: 180, Ring: time.Second, Status: 603}, 0, "ringing", Network, 603, contactdb.Rejected},
		{"redirect is not followed", lab.Persona{Status: 302, Redirect: "sip:+979123456789@10.0.0.9"}, 0, "", Network, 302, contactdb.Rejected},
		{"no answer", lab.Persona{Progress: 180}, 20 * time.Second, "ringing", Dialer, 487, contactdb.NoAnswer},
		{"no answer before ringing", lab.Persona{}, 20 * time.Second, "", Dialer, 487, contactdb.NoAnswer},
		{"answered, we hang up", lab.Persona{Progress: 180, Ring: 5 * time.Second, Status: 200}, 30 * time.Second, "ringing answered", Dialer, 200, ""},
		{"answered, they hang up", lab.Persona{Progress: 180, Ring: 5 * time.Second, Status: 200, HangUpAt: 20 * time.Second}, 0, "ringing answered", Customer, 200, ""},
		{"both hang up at once", lab.Persona{Progress: 180, Ring: 5 * time.Second, Status: 200, ByeRace: true}, 30 * time.Second, "ringing answered", Dialer, 200, ""},
		{"early media", lab.Persona{Progress: 183, Early: []lab.Sound{lab.Tone(time.Second, 425)}, Ring: 5 * time.Second, Status: 200}, 30 * time.Second, "early answered", Dialer, 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onRig(t, Trunk{}, only(c.persona), func(r *rig) {
				got, e := steps(r.dial(), c.hangUp)
				if got != c.steps || e.By != c.by || e.Status != c.status {
					t.Errorf("steps %q, ended by %s with %d; want %q, %s, %d", got, e.By, e.Status, c.steps, c.by, c.status)
				}
				if c.outcome != "" && e.Outcome() != c.outcome {
					t.Errorf("outcome %s, want %s", e.Outcome(), c.outcome)
				}
				if n := r.saw("INVITE", "10.0.0.2"); n != 1 {
					t.Errorf("%d INVITEs were sent", n)
				}
			})
		})
	}
}

func TestAnAnswerThatCrossesOurCancelIsAcknowledgedAndEnded(t *testing.T) {
	onRig(t, Trunk{}, only(lab.Persona{Progress: 180, AnswersCancelled: true, Status: 200, Ring: time.Hour}), func(r *rig) {
		_, e := steps(r.dial(), 10*time.Second)
		if !e.Late || !e.Answered || e.By != Dialer {
			t.Errorf("ending %+v, want a late answer", e)
		}
		time.Sleep(time.Second)
		if r.saw("ACK", "10.0.0.2") != 1 || r.saw("BYE", "10.0.0.2") != 1 {
			t.Error("the late answer was not acknowledged and ended")
		}
	})
}

func TestLostAndDoubledMessagesDoNotChangeACall(t *testing.T) {
	for _, f := range []lab.Faults{{LoseNth: 3}, {LoseNth: 5}, {LoseNth: 7}, {Duplicate: true}, {Swap: true}, {Delay: 5 * time.Second}} {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			cfg := only(lab.Persona{Progress: 180, Ring: 4 * time.Second, Status: 200})
			cfg.Faults = f
			onRig(t, Trunk{}, cfg, func(r *rig) {
				c := r.dial()
				got, e := steps(c, 60*time.Second)
				if !strings.HasSuffix(got, "answered") || !e.Answered || e.By != Dialer {
					t.Errorf("steps %q, ending %+v", got, e)
				}
				time.Sleep(40 * time.Second) // what was lost is sent again
			})
		})
	}
}

func TestASecondAnswerOfAForkedCallIsEnded(t *testing.T) {
	onRig(t, Trunk{}, only(lab.Persona{Progress: 180, Ring: time.Second, Status: 200, AnswersTwice: true}), func(r *rig) {
		// Two answers of one instant may change places on the way to us: whichever was
		// first is the call, the other is ended, and the carrier expects its own order.
		r.allow = "the second answer was not ended with a BYE"
		_, e := steps(r.dial(), 20*time.Second)
		if !e.Answered || e.By != Dialer {
			t.Errorf("ending %+v", e)
		}
		time.Sleep(time.Second)
		if r.saw("BYE", "10.0.0.2") != 2 {
			t.Error("the second leg was not ended")
		}
	})
}

func TestHoldAndReturnKeepTheCall(t *testing.T) {
	onRig(t, Trunk{}, only(lab.Persona{Progress: 180, Ring: time.Second, Status: 200, HoldAt: 5 * time.Second, HoldFor: 5 * time.Second, HangUpAt: 30 * time.Second}), func(r *rig) {
		got, e := steps(r.dial(), 0)
		if got != "ringing answered" || e.By != Customer {
			t.Errorf("steps %q, ending %+v", got, e)
		}
		if r.saw("INVITE", "10.0.0.1") != 2 || r.saw("SIP/2.0 200", "10.0.0.2") < 2 {
			t.Error("the re-INVITEs of hold and return were not answered")
		}
	})
}

func TestDigestIsAnsweredForCallsAndRegistration(t *testing.T) {
	cfg := only(lab.Persona{Progress: 180, Ring: time.Second, Status: 200})
	cfg.Users = map[string]string{"apel": "secret"}
	onRig(t, Trunk{Username: "apel", Password: "secret", Register: true}, cfg, func(r *rig) {
		if s := r.ua.Trunks()[0]; !s.Up {
			t.Fatalf("trunk is not registered: %s", s.Reason)
		}
		if got, e := steps(r.dial(), 10*time.Second); got != "ringing answered" {
			t.Errorf("steps %q, ending %+v", got, e)
		}
	})
}

func TestAWrongPasswordEndsTheCallAndSaysSo(t *testing.T) {
	cfg := only(lab.Persona{Status: 200})
	cfg.Users = map[string]string{"apel": "secret"}
	onRig(t, Trunk{Username: "apel", Password: "wrong", Register: true}, cfg, func(r *rig) {
		if s := r.ua.Trunks()[0]; s.Up || !strings.Contains(s.Reason, "password") {
			t.Errorf("trunk state %+v", s)
		}
		if _, e := steps(r.dial(), 0); e.Answered || e.Outcome() != contactdb.Failed {
			t.Errorf("ending %+v", e)
		}
	})
}

func TestAChallengeOfAnotherRealmIsNotAnswered(t *testing.T) {
	cfg := only(lab.Persona{Status: 200})
	cfg.Users = map[string]string{"apel": "secret"}
	onRig(t, Trunk{Username: "apel", Password: "secret", Realm: "somewhere.else"}, cfg, func(r *rig) {
		if _, e := steps(r.dial(), 0); e.Answered {
			t.Errorf("ending %+v", e)
		}
		if r.saw("INVITE", "10.0.0.2") != 1 {
			t.Error("the challenge was answered")
		}
	})
}

func TestChannelsAndCallsPerSecondAreNeverExceeded(t *testing.T) {
	cfg := only(lab.Persona{Progress: 180, Ring: 2 * time.Second, Status: 200, HangUpAt: 7 * time.Second})
	cfg.Channels = 10
	onRig(t, Trunk{Channels: 10, CallsPerSecond: 5}, cfg, func(r *rig) {
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() {
				r.mu.Lock()
				r.calls++
				n := r.calls
				r.mu.Unlock()
				c, err := r.ua.Dial(r.t.Context(), Request{Trunk: "acme", Number: fmt.Sprintf("+4072212%04d", n), CallerID: "+40312345678", CallID: fmt.Sprintf("load-%d", n)})
				if err != nil {
					t.Error(err)
					return
				}
				steps(c, 0)
			})
		}
		wg.Wait()
		s := r.carrier.Stats()
		if s.PeakLive > 10 || s.PeakCPS > 5 {
			t.Errorf("the carrier met %d calls at once and %d in a second; the limits are 10 and 5", s.PeakLive, s.PeakCPS)
		}
		for _, seen := range r.carrier.Seen() {
			if seen.Status == 503 {
				t.Error("a call was refused for want of a channel")
			}
		}
	})
}

func TestACallThatCannotBeSentInTimeIsNotSent(t *testing.T) {
	onRig(t, Trunk{Channels: 1, CallsPerSecond: 1}, only(lab.Persona{Progress: 180}), func(r *rig) {
		first := r.dial()
		ctx, cancel := context.WithTimeout(r.t.Context(), 3*time.Second)
		defer cancel()
		_, err := r.ua.Dial(ctx, Request{Trunk: "acme", Number: "+40722999999", CallerID: "+40312345678", CallID: "late"})
		if !errors.Is(err, ErrNotSent) {
			t.Errorf("error %v, want ErrNotSent", err)
		}
		if r.saw("INVITE sip:+40722999999", "10.0.0.2") != 0 {
			t.Error("it was sent")
		}
		steps(first, time.Second)
	})
}

func TestBeforeKeepsTheInviteFromLeaving(t *testing.T) {
	onRig(t, Trunk{}, only(lab.Persona{Status: 200}), func(r *rig) {
		_, err := r.ua.Dial(r.t.Context(), Request{Trunk: "acme", Number: "+40722999999", CallerID: "+40312345678", CallID: "x", Before: func() error { return errors.New("suppressed") }})
		if !errors.Is(err, ErrNotSent) {
			t.Errorf("error %v, want ErrNotSent", err)
		}
		if r.saw("INVITE", "10.0.0.2") != 0 {
			t.Error("an INVITE was sent")
		}
		if s := r.ua.Trunks()[0]; s.InUse != 0 {
			t.Errorf("%d channels are still taken", s.InUse)
		}
	})
}

// Before is asked with a lock held: a trunk that does not come up must not hold it.
func TestNobodyIsAskedBeforeATrunksConnectionIsUp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and never answers their greeting
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ports, err := media.NewPorts(media.PortsConfig{Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := New(Config{Listen: "127.0.0.1:0", Ports: ports, Trunks: []Trunk{{Name: "acme", Host: silent.Addr().String(), Transport: "tls", Insecure: true, Options: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	asked := false
	_, err = u.Dial(ctx, Request{Trunk: "acme", Number: "+40212345678", CallerID: "+40312345678", CallID: "a1", Before: func() error { asked = true; return nil }})
	if !errors.Is(err, ErrNotSent) || asked {
		t.Errorf("asked %v, error %v", asked, err)
	}
}

func TestNothingThatIsNoNumberReachesTheWire(t *testing.T) {
	onRig(t, Trunk{}, only(lab.Persona{Status: 200}), func(r *rig) {
		for _, n := range []string{"", "1", "+", "0722\r\nRoute: <sip:evil;lr>", "07 22", "sip:x@y", "+407221234567890123456789", "\"x\" 123"} {
			for _, req := range []Request{{Number: n, CallerID: "+40312345678"}, {Number: "+40722123456", CallerID: n}} {
				req.Trunk, req.CallID = "acme", "x"
				if _, err := r.ua.Dial(t.Context(), req); !errors.Is(err, ErrNotSent) {
					t.Errorf("number %q was taken", n)
				}
			}
		}
		if r.saw("INVITE", "10.0.0.2") != 0 {
			t.Error("an INVITE was sent")
		}
	})
}

func TestATrunkThatDoesNotAnswerIsDown(t *testing.T) {
	onRig(t, Trunk{}, only(lab.Persona{Status: 200}), func(r *rig) {
		if !r.ua.Trunks()[0].Up {
			t.Fatal("the trunk is not up")
		}
		r.net.Cut(netip.MustParseAddr("10.0.0.2"))
		time.Sleep(2 * time.Minute)
		if s := r.ua.Trunks()[0]; s.Up {
			t.Error("a trunk without an answer is up")
		}
		_, e := steps(r.dial(), 25*time.Second)
		if e.Answered || e.By != Network || e.Outcome() != contactdb.Failed {
			t.Errorf("a call into silence ended %+v", e)
		}
		r.net.Mend()
		time.Sleep(time.Minute)
		if s := r.ua.Trunks()[0]; !s.Up {
			t.Errorf("the trunk is back, and %s", s.Reason)
		}
	})
}

func TestCallsThatACrashCutOffAreEndedByTheNextLife(t *testing.T) {
	for _, c := range []struct {
		name    string
		persona lab.Persona
		wait    time.Duration
	}{
		{"ringing", lab.Persona{Progress: 180}, 5 * time.Second},
		{"talking", lab.Persona{Progress: 180, Ring: time.Second, Status: 200}, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			onRig(t, Trunk{}, only(c.persona), func(r *rig) {
				call := r.dial()
				time.Sleep(c.wait)
				left := LeftBehind{Trunk: "acme", Number: "+40722120001", CallerID: "+40312345678", CallID: call.ID(), Dialog: call.Dialog()}
				// The crash: nothing of ours is heard any more, then another UA takes the address.
				r.net.Cut(netip.MustParseAddr("10.0.0.1"))
				r.ua.Close()
				r.net.Mend()
				ports, _ := media.NewPorts(media.PortsConfig{Network: r.net, Host: "10.0.0.1"})
				next, err := New(Config{Network: r.net, Listen: "10.0.0.1:5060", Ports: ports, Trunks: r.ua.cfg.Trunks})
				if err != nil {
					t.Fatal(err)
				}
				r.ua = next
				next.Sweep([]LeftBehind{left})
				time.Sleep(5 * time.Second)
				if seen := r.carrier.Seen()[0]; seen.Ended.IsZero() {
					t.Errorf("the call is still up: %+v", seen)
				}
			})
		})
	}
}
