package ua

import (
	"net/netip"
	"testing"
	"time"

	"apel/dialer/lab"
)

// Whoever does not do what a CANCEL asks for holds up its call for 64*T1 at most
// (RFC 3261 §9.1, §17.1.1.2), and its channel no longer.
func TestAnAnswerThatIsLostIsKnownByTheByeThatFollows(t *testing.T) {
	for name, hangUp := range map[string]time.Duration{"in the middle of ringing": 0, "after a CANCEL": 7 * time.Second} {
		t.Run(name, func(t *testing.T) {
			onRig(t, Trunk{}, only(lab.Persona{Progress: 180, Ring: 5 * time.Second, Status: 200, HangUpAt: 3 * time.Second}), func(r *rig) {
				r.allow = "the 200 was never acknowledged"
				call := r.dial()
				at := time.Now()
				time.AfterFunc(4*time.Second, func() { r.net.Cut(netip.MustParseAddr("10.0.0.2")) })
				time.AfterFunc(12*time.Second, r.net.Mend)
				_, e := steps(call, hangUp)
				if took := time.Since(at); !e.Answered || e.By != Customer || e.Late != (hangUp > 0) || took > 22*time.Second {
					t.Errorf("after %s: %+v", took, e)
				}
			})
		})
	}
}

func TestACallIsOverInTimeWhateverACancelMeets(t *testing.T) {
	const hangUp = 10 * time.Second
	for _, c := range []struct {
		name    string
		persona lab.Persona
		vanish  time.Duration // after the INVITE was sent
		over    time.Duration // ... when the call must be over
		by      Party
		status  int
		late    bool // the far end answers after all
	}{
		{"it is done", lab.Persona{Progress: 180}, 0, hangUp, Dialer, 487, false},
		{"it is not answered", lab.Persona{Progress: 180, DeafToCancel: true}, 0, hangUp + finalWait, Network, 0, false},
		{"it is answered and nothing follows", lab.Persona{Progress: 180, HeedsNoCancel: true}, 0, hangUp + finalWait, Network, 0, false},
		{"it is not answered, and the phone is picked up in time", lab.Persona{Progress: 180, DeafToCancel: true, Ring: 20 * time.Second, Status: 200}, 0, 20 * time.Second, Dialer, 200, true},
		{"it is answered, and the phone is picked up in time", lab.Persona{Progress: 180, HeedsNoCancel: true, Ring: 20 * time.Second, Status: 200}, 0, 20 * time.Second, Dialer, 200, true},
		{"it is not answered, and busy comes", lab.Persona{Progress: 180, DeafToCancel: true, Ring: 20 * time.Second, Status: 486}, 0, 20 * time.Second, Network, 486, false},
		{"it is not answered, and the phone is picked up when all is over", lab.Persona{Progress: 180, DeafToCancel: true, Ring: time.Minute, Status: 200}, 0, hangUp + finalWait, Network, 0, false},
		{"the far end has vanished while it rang", lab.Persona{Progress: 180}, 5 * time.Second, hangUp + finalWait, Network, 0, false},
		{"the far end was never there", lab.Persona{}, time.Millisecond, finalWait, Network, 0, false}, // no provisional response: no CANCEL
	} {
		t.Run(c.name, func(t *testing.T) {
			onRig(t, Trunk{Channels: 1, CallsPerSecond: 1, Options: -1}, only(c.persona), func(r *rig) {
				call := r.dial()
				at := time.Now()
				if c.vanish > 0 {
					time.AfterFunc(c.vanish, func() { r.net.Cut(netip.MustParseAddr("10.0.0.2")) })
				}
				_, e := steps(call, hangUp)
				if took := time.Since(at); took < c.over || took > c.over+time.Second {
					t.Errorf("it was over after %s, want %s", took, c.over)
				}
				if e.By != c.by || e.Status != c.status || e.Late != c.late {
					t.Errorf("ending %+v", e)
				}
				time.Sleep(time.Second)
				if n := r.ua.Trunks()[0].InUse; n != 0 {
					t.Errorf("%d channels are taken", n)
				}
				time.Sleep(time.Minute)
				if n, want := r.saw("BYE", "10.0.0.2"), map[bool]int{true: 1}[c.persona.Status == 200]; n != want {
					t.Errorf("%d BYEs were sent, want %d", n, want)
				}
				r.net.Mend()
			})
		})
	}
}
