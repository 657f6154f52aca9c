package dialer_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"apel/dialer"

	"github.com/google/go-cmp/cmp"
)

// standing is what of a desktop must outlive its window.
type standing struct {
	State, Attempt, Note, Consult, With string
	Held, Muted, Blind, Away            bool
	Disposition                         int
	DecideBy                            time.Time
	Answers                             map[string]string
}

func standingOf(d dialer.Desktop) standing {
	s := standing{State: d.State}
	if c := d.Call; c != nil {
		s.Attempt, s.Note, s.Held, s.Muted, s.Away, s.Disposition, s.DecideBy, s.Answers = c.Attempt, c.Note, c.Held, c.Muted, c.Away, c.Disposition, c.DecideBy, c.Answers
		if k := c.Consult; k != nil {
			s.Consult, s.With, s.Blind = k.Stage, k.With, k.Blind
		}
	}
	return s
}

// disturbed has a window reloaded, its network lost for five seconds, and its
// seat taken over by another window; the desktop must stand as before.
func (a *seat) disturbed(in string) {
	a.t.Helper()
	before := standingOf(a.desktop())
	same := func(after string) {
		a.t.Helper()
		time.Sleep(time.Second)
		if diff := cmp.Diff(before, standingOf(a.desktop())); diff != "" {
			a.t.Errorf("%s, %s: %s", in, after, diff)
		}
	}
	a.page.Close()
	time.Sleep(time.Second)
	a.must(a.connect(false))
	same("after a reload")
	a.s.net.Cut(a.page.Addr().Addr())
	time.Sleep(5 * time.Second)
	a.s.net.Mend()
	offer, err := a.page.Offer(true)
	a.must(err)
	answer, err := a.s.svc.RestartBrowser(a.t.Context(), dialer.Window{Operator: a.name, Tab: a.tab, Offer: offer})
	a.must(err)
	a.must(a.page.Accept(answer))
	same("after five seconds without a network")
	first := a.page
	a.tab += "-2"
	a.must(a.connect(true))
	first.Close()
	same("in another window")
}

func TestADesktopOutlivesItsWindowInEveryState(t *testing.T) {
	t.Parallel()
	said := func(d *desks) {
		d.ann.must(d.s.svc.Jot(d.ann.name, d.attempt, "speaks softly"))
		d.ann.must(d.s.svc.Mute(d.ann.name, d.attempt, true))
	}
	asks := func(to dialer.Transfer, stage string) func(*desks) {
		return func(d *desks) {
			said(d)
			d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, to))
			d.ann.until(stage, func(now dialer.Desktop) bool { return now.Call.Consult != nil && now.Call.Consult.Stage == stage })
		}
	}
	few := raceEnabled || testing.Short() // every third then: sound is what a minute costs
	for i, in := range []struct {
		state string
		bring func(*desks)
	}{
		{"talking", said},
		{"on hold", func(d *desks) { said(d); d.ann.must(d.s.svc.Hold(d.ann.name, d.attempt, true)) }},
		{"consulting a colleague", asks(dialer.Transfer{Anyone: true}, "talking")},
		{"a transfer that rings", asks(dialer.Transfer{Number: silent, Blind: true}, "ringing")},
		{"three talk", func(d *desks) {
			asks(dialer.Transfer{Anyone: true}, "talking")(d)
			d.ann.must(d.s.svc.Conference(d.ann.name, d.attempt, true))
		}},
		{"handed over outside", func(d *desks) {
			asks(dialer.Transfer{Number: billing}, "talking")(d)
			d.ann.must(d.s.svc.HandOver(d.ann.name, d.attempt))
			d.ann.until("in wrap-up", state("wrap-up"))
		}},
		{"a wrap-up", func(d *desks) {
			said(d)
			d.ann.must(d.s.svc.HangUp(d.ann.name, d.attempt, ""))
			d.ann.until("in wrap-up", state("wrap-up"))
		}},
	} {
		if few && i%3 != 0 {
			continue
		}
		t.Run(in.state, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesks(t, "")
				in.bring(d)
				d.ann.disturbed(in.state)
				if d.bob.desktop().Call != nil { // who is asked, too
					d.bob.disturbed(in.state + ", asked")
				}
				d.end()
			})
		})
	}
}

func TestWhoDialsByHandOrIsShownAContactMayLoseTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := byHandCentre(t, 1, shiftConfig{contacts: 1})
		a := seats[0]
		_, err := s.svc.Dial(a.name, silent)
		a.must(err)
		a.until("waiting", state("reserved"))
		a.disturbed("a number that rings")
		time.Sleep(time.Minute)
		a.page.Close()
		s.end()
	})
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: "pacing: preview\n"})
		a := seats[0]
		a.ready()
		now := a.until("in preview", func(now dialer.Desktop) bool { return now.State == "preview" && now.Call != nil })
		a.disturbed("preview")
		if _, err := s.svc.AcceptPreview(a.name, now.Call.Attempt); err != nil {
			t.Error(fmt.Errorf("the contact cannot be called any more: %w", err))
		}
		a.until("talking", state("talking"))
		a.page.Close()
		time.Sleep(15 * time.Second)
		s.end()
	})
}
