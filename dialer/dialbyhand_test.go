package dialer_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
)

func TestANumberThatIsTypedInIsCalledByAllRulesAndRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: lab.CarrierConfig{Persona: others},
			campaign: progressive + "detector: {off: true}\nrecord: false\nmanual: true\ncountry: RO\n", windows: "windows: {daily: 02:00-03:00}\n"})
		a := seats[0]
		if _, err := s.svc.Dial(a.name, "+40720000099"); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("dialing without a headset says %v", err)
		}
		if err := a.connect(false); err != nil {
			t.Fatal(err)
		}
		a.test()
		suppressed := contactdb.Suppression{Phone: "+40720000098", Reason: "asked", Source: "test", AddedAt: time.Now()}
		if _, err := s.svc.Suppress(t.Context(), []contactdb.Suppression{suppressed}); err != nil {
			t.Fatal(err)
		}
		for number, says := range map[string]string{"+40720000098": "do-not-call", "+4412": "number", "+44 7911 123456": "wrong-country", "": "number"} {
			if _, err := s.svc.Dial(a.name, number); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%q says %v, not %s", number, err, says)
			}
		}
		if l, err := s.svc.Store().List("spring"); err != nil || l.Contacts != 1 {
			t.Errorf("what was refused is in the list: %+v %v", l, err)
		}
		for range 2 { // on a break, in the national form, twice a day at most
			attempt, err := s.svc.Dial(a.name, "0720 000 099")
			if err != nil {
				t.Fatal(err)
			}
			d := a.until("talking", state("talking"))
			if d.Call.Attempt != attempt.Attempt || attempt.Phone != "+40720000099" || d.Call.Contact.Phone != "+40720000099" {
				t.Errorf("%+v: the desktop shows %+v", attempt, d.Call)
			}
			if _, err := s.svc.Dial(a.name, "+40720000097"); !errors.Is(err, contactdb.ErrState) {
				t.Errorf("dialing in a conversation says %v", err)
			}
			a.must(s.svc.HangUp(a.name, ""))
			a.until("in wrap-up", state("wrap-up"))
			a.must(s.svc.Dispose(a.name, "", dialer.Result{Disposition: 3}))
			a.until("on the break again", state("not-ready"))
			time.Sleep(4 * time.Second)
		}
		if _, err := s.svc.Dial(a.name, "+40720000099"); !errors.Is(err, dialer.ErrRefused) || !strings.Contains(err.Error(), "day-cap") {
			t.Errorf("a third call on one day says %v", err)
		}
		attempt, err := s.svc.Dial(a.name, silent) // given up while it rings
		if err != nil {
			t.Fatal(err)
		}
		a.until("waiting for the answer", state("reserved"))
		time.Sleep(3 * time.Second)
		a.must(s.svc.HangUp(a.name, attempt.Attempt))
		a.until("on the break again", state("not-ready"))
		time.Sleep(time.Hour)
		if _, err := s.svc.Dial(a.name, "+40720000096"); !errors.Is(err, dialer.ErrRefused) || !strings.Contains(err.Error(), "outside-hours") {
			t.Errorf("outside of the hours it says %v", err)
		}
		a.page.Close()
		records := s.end()
		if len(records) != 3 || records[0].Operator != a.name || records[0].Outcome != contactdb.Human || records[1].Attempt != 2 || records[2].Outcome != contactdb.Cancelled {
			t.Errorf("records %+v", records)
		}
		for _, r := range records {
			if r.ScriptAnswers["dialed_by"] != a.name || r.CallerID == "" {
				t.Errorf("record %+v", r)
			}
		}
	})
}

func TestNobodyDialsByHandWhereTheCampaignDoesNotAllowIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: lab.CarrierConfig{Persona: others}, campaign: progressive})
		a := seats[0]
		if err := a.connect(false); err != nil {
			t.Fatal(err)
		}
		a.test()
		if _, err := s.svc.Dial(a.name, "+40720000099"); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "manual: true") {
			t.Errorf("it says %v", err)
		}
		a.page.Close()
		s.end()
	})
}
