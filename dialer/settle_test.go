package dialer_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/lab"
)

// unwritable makes records of a shift that is about to run impossible to keep
// while the switch is on.
func unwritable(s *shift) *atomic.Bool {
	var broken atomic.Bool
	s.svc.Settling(func() error {
		if broken.Load() {
			return errors.New("the store says no")
		}
		return nil
	})
	return &broken
}

func TestACallIsToldAsEndedOnceItsRecordIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken *atomic.Bool
		s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.Hello), campaign: "pacing: progressive\nrecord: false\n",
			before: func(s *shift) { broken = unwritable(s) },
			phone: func(_ int, p *lab.PhoneConfig) {
				p.Talk, p.Wrap = lab.Law{Mean: 20 * time.Second}, lab.Law{Mean: time.Second}
			}})
		broken.Store(true)
		events, cancel := s.svc.Subscribe()
		defer cancel()
		time.Sleep(2 * time.Minute)
		for n := len(events); n > 0; n-- {
			if e := <-events; e.Kind == "call.ended" {
				t.Errorf("at %s a call is told as ended that has no record", e.At)
			}
		}
		st, err := s.svc.Status()
		if err != nil || st.Campaigns[0].State != contactdb.Paused || !strings.Contains(st.Campaigns[0].Reason, "the store says no") {
			t.Errorf("the campaign is %+v, %v", st.Campaigns[0], err)
		}
		if st.Operators[0].State != "ready" {
			t.Errorf("the operator of a call whose record cannot be kept is %s", st.Operators[0].State)
		}
		broken.Store(false)
		time.Sleep(2 * time.Second)
		told := false
		for n := len(events); n > 0; n-- {
			e := <-events
			told = told || e.Kind == "call.ended"
		}
		if live, err := s.svc.Store().Live(); err != nil || len(live) != 0 || !told {
			t.Errorf("with the store whole again %d attempts are live, told %v, %v", len(live), told, err)
		}
		if r := s.end(); len(r) != 1 || r[0].Outcome != contactdb.Human || r[0].Disposition == "unset" {
			t.Errorf("records %+v", r)
		}
	})
}

func TestNothingThatWaitsIsSentOnceTheStoreFailsAndOperatorsGoWhereItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken *atomic.Bool
		s := newShift(t, shiftConfig{operators: 20, contacts: 500, channels: 40, cps: 1, carrier: answers(lab.Busy), campaign: "pacing: {mode: progressive}\nrecord: false\n",
			before: func(s *shift) { broken = unwritable(s) }})
		other := strings.Replace(campaignHead, "name: spring", "name: summer", 1) + "windows: {daily: 00:00-24:00}\npacing: progressive\nrecord: false\n"
		if _, _, err := s.svc.ApplyCampaign([]byte(other)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.svc.StartCampaign("summer"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		events, cancel := s.svc.Subscribe()
		defer cancel()
		broken.Store(true)
		until(t, events, "campaign.state", "")
		halted := time.Now()
		time.Sleep(time.Second)
		broken.Store(false)
		time.Sleep(20 * time.Second)
		for _, seen := range s.carrier.Seen() {
			if seen.At.After(halted.Add(travel)) {
				t.Errorf("an INVITE arrived %s after the store failed", seen.At.Sub(halted))
			}
		}
		if _, err := s.svc.ResumeCampaign("summer"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		st, err := s.svc.Status()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range st.Operators {
			if o.Campaign != "summer" {
				t.Errorf("while only summer goes on %s works for %q", o.Name, o.Campaign)
			}
		}
		s.end()
	})
}

// Who takes back the agreement, or is removed, is not called by an attempt that
// waits for its trunk's turn.
func TestNoCallThatWaitsIsSentToSomebodyWhoMayNotBeCalledAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 20, contacts: 200, channels: 40, cps: 1, carrier: answers(lab.Busy), campaign: "pacing: progressive\nrecord: false\n"})
		changed := map[string]time.Time{}
		waited := 0
		for i := range 20 {
			time.Sleep(3 * time.Second)
			live, err := s.svc.Store().Live()
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range live {
				if !a.Notes.PlacedAt.IsZero() || !changed[a.Contact.Phone].IsZero() {
					continue
				}
				waited++
				changed[a.Contact.Phone] = time.Now()
				if i%2 == 0 {
					a.Contact.Consent = &contactdb.Consent{Kind: "withdrawn"}
					_, err = s.svc.Store().PutContact(a.Contact, time.Now())
				} else {
					a.Contact.Phone, a.Contact.Numbers = fmt.Sprintf("+407%08d", 30000000+waited), nil
					_, err = s.svc.Store().PutContact(a.Contact, time.Now())
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if waited < 20 {
			t.Errorf("only %d calls waited: the test has nothing to look at", waited)
		}
		for _, seen := range s.carrier.Seen() {
			if at := changed[seen.Number]; !at.IsZero() && seen.At.After(at.Add(travel)) {
				t.Errorf("%s was dialed %s after the contact had changed", seen.Number, seen.At.Sub(at))
			}
		}
		s.end()
	})
}

func TestOperatorsWhomAChangedCampaignDoesNotAdmitAnyMoreLeaveItsFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 200, channels: 10, cps: 5, carrier: answers(lab.Busy), campaign: "pacing: progressive\nrecord: false\n"})
		works := func() string {
			t.Helper()
			time.Sleep(40 * time.Second) // calls end
			st, err := s.svc.Status()
			if err != nil {
				t.Fatal(err)
			}
			return st.Operators[0].Campaign + "," + st.Operators[1].Campaign
		}
		apply := func(lines string) {
			t.Helper()
			if _, _, err := s.svc.ApplyCampaign([]byte(campaignHead + "windows: {daily: 00:00-24:00}\npacing: progressive\nrecord: false\n" + lines)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.svc.Store().PutTeam(contactdb.Team{Name: "b"}); err != nil {
			t.Fatal(err)
		}
		apply("operators: [op01]\n")
		if got := works(); got != ",spring" {
			t.Errorf("with op01 alone admitted they work for %q", got)
		}
		apply("teams: [b]\n")
		if got := works(); got != "," {
			t.Errorf("with another team admitted they work for %q", got)
		}
		apply("teams: [a]\n")
		if got := works(); got != "spring,spring" {
			t.Errorf("with their team admitted again they work for %q", got)
		}
		s.end()
	})
}

// The store can be written again once the room that is kept in reserve is given up.
func TestAnOperatorsWordIsKeptWhenTheServiceStopsOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := false
		full := func(s *shift) error {
			_, err := os.Stat(filepath.Join(s.cfg.Data, "spare"))
			kept = kept || err == nil
			if kept && err != nil {
				return nil
			}
			return errors.New("no space left on the disk")
		}
		s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.Hello), campaign: "pacing: progressive\nrecord: false\n",
			before: func(s *shift) { s.svc.Settling(func() error { return full(s) }) },
			phone: func(_ int, p *lab.PhoneConfig) {
				p.Talk, p.Wrap = lab.Law{Mean: 20 * time.Second}, lab.Law{Mean: 2 * time.Second}
			}})
		for state := ""; state != "wrap-up"; time.Sleep(100 * time.Millisecond) {
			st, err := s.svc.Status()
			if err != nil {
				t.Fatal(err)
			}
			state = st.Operators[0].State
		}
		s.stop()
		r := s.end()
		if len(r) != 1 || r[0].Outcome != contactdb.Human || r[0].Disposition == "" || r[0].Disposition == "unset" {
			t.Errorf("records %+v", r)
		}
	})
}
