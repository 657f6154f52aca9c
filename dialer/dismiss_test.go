package dialer_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
)

func TestWhoseAccountIsClosedLosesTheSeatAfterTheConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 5, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		a.ready()
		a.until("talking", state("talking"))
		a.must(s.svc.Store().PutAccount(contactdb.Account{Name: a.name, Role: "operator", Disabled: true}, true))
		s.svc.Dismiss(a.name)
		time.Sleep(2 * time.Second)
		if d := a.desktop(); d.State != "talking" || d.Sound == nil {
			t.Errorf("the conversation was cut: %+v", d)
		}
		if _, err := s.svc.SetOperatorReady(a.name, true, ""); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("ready after the account was closed: %v", err)
		}
		a.must(s.svc.HangUp(a.name, "", ""))
		a.until("sent home", func(d dialer.Desktop) bool { return d.Sound == nil })
		a.page.Close()
		if r := s.end(); len(r) != 1 || r[0].TalkMS == 0 {
			t.Errorf("records %+v", r)
		}
	})
}

func TestWhoIsNoOperatorAnyMoreLosesTheSeatAndMayComeBackAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 5, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		a.ready()
		a.until("talking", state("talking"))
		s.svc.SignOff(a.name)
		if _, err := s.svc.SetOperatorReady(a.name, true, ""); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("ready after signing off: %v", err)
		}
		a.must(s.svc.HangUp(a.name, "", ""))
		a.until("sent home", func(d dialer.Desktop) bool { return d.Sound == nil })
		a.page.Close()
		a.ready() // whoever is let in again has a new seat
		a.page.Close()
		s.end()
	})
}
