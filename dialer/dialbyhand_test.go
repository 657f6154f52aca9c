package dialer_test

import (
	"cmp"
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
			campaign: progressive + "detector: {off: true}\nrecord: false\nmanual: true\ncountry: RO\n", windows: "windows: {daily: 02:00-02:03}\n"})
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
			a.must(s.svc.HangUp(a.name, "", ""))
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
		a.must(s.svc.HangUp(a.name, attempt.Attempt, ""))
		a.until("on the break again", state("not-ready"))
		time.Sleep(3 * time.Minute)
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

// byHandCentre has operators on a break who may dial.
func byHandCentre(t *testing.T, seats int, c shiftConfig) (*shift, []*seat) {
	t.Helper()
	c.channels, c.carrier = cmp.Or(c.channels, 5), lab.CarrierConfig{Persona: others}
	c.campaign = progressive + "detector: {off: true}\nrecord: false\nmanual: true\ncountry: RO\n"
	s, all := newCentre(t, seats, c)
	for _, a := range all {
		a.must(a.connect(false))
		a.test()
	}
	return s, all
}

func TestTheNumberThatIsTypedInIsCalledAndNoOtherOfItsContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		number := func(phone string) contactdb.Number {
			return contactdb.Number{Phone: phone, Type: "mobile", Region: "RO", Zones: []string{"Europe/Bucharest"}}
		}
		s, seats := byHandCentre(t, 1, shiftConfig{contacts: 1, cps: 5, contact: func(_ int, c *contactdb.Contact) {
			c.Numbers = []contactdb.Number{number(c.Phone), number("+40720000050"), number("+40720000051")}
		}})
		a := seats[0]
		suppressed := contactdb.Suppression{Phone: "+40720000051", Reason: "asked", Source: "test", AddedAt: time.Now()}
		if _, err := s.svc.Suppress(t.Context(), []contactdb.Suppression{suppressed}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.svc.Dial(a.name, "+40720000051"); !errors.Is(err, dialer.ErrRefused) || !strings.Contains(err.Error(), "do-not-call") {
			t.Errorf("a number that may not be called says %v, though its contact has others", err)
		}
		d, err := s.svc.Dial(a.name, "+40720000050")
		a.must(err)
		now := a.until("talking", state("talking"))
		if d.Phone != "+40720000050" || now.Call.Contact.Phone != "+40720000050" {
			t.Errorf("%+v: the desktop shows %+v", d, now.Call.Contact)
		}
		a.must(s.svc.HangUp(a.name, "", ""))
		a.until("in wrap-up", state("wrap-up"))
		a.must(s.svc.Dispose(a.name, "", dialer.Result{Disposition: 3}))
		time.Sleep(5 * time.Second)
		a.page.Close()
		if records := s.end(); len(records) != 1 || records[0].Phone != "+40720000050" {
			t.Errorf("records %+v", records)
		}
	})
}

func TestANumberThatIsNotCalledAfterAllIsInNoList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := byHandCentre(t, 2, shiftConfig{contacts: 1, cps: 5, channels: 1})
		_, err := s.svc.Dial(seats[0].name, silent) // takes the only line
		seats[0].must(err)
		time.Sleep(2 * time.Second)
		if _, err := s.svc.Dial(seats[1].name, "+40720000099"); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "every line") {
			t.Errorf("without a line it says %v", err)
		}
		if l, err := s.svc.Store().List("spring"); err != nil || l.Contacts != 2 {
			t.Errorf("it is in the list: %+v %v", l, err)
		}
		time.Sleep(time.Minute)
		for _, a := range seats {
			a.page.Close()
		}
		s.end()
	})
}

func TestANumberThatIsTypedInTwiceAtOnceIsAnsweredTwiceAndCalledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := byHandCentre(t, 1, shiftConfig{contacts: 1, cps: 5})
		a := seats[0]
		answers := make(chan error, 2)
		for _, number := range []string{"+40720000098", "+40720000099"} { // two windows
			go func() { _, err := s.svc.Dial(a.name, number); answers <- err }()
		}
		refused := 0
		for range 2 {
			select {
			case err := <-answers:
				if err != nil {
					refused++
				}
			case <-time.After(time.Minute):
				t.Error("one who dials gets no answer")
			}
		}
		a.until("talking", state("talking"))
		if refused != 1 {
			t.Errorf("%d of two were refused", refused)
		}
		a.must(s.svc.HangUp(a.name, "", ""))
		time.Sleep(time.Minute)
		a.page.Close()
		if records := s.end(); len(records) != 1 {
			t.Errorf("records %+v", records)
		}
	})
}

func TestWhileANumberWaitsForItsTrunkThePageIsShownAndLoadedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := byHandCentre(t, 2, shiftConfig{contacts: 1, cps: .2})
		for i, a := range seats {
			_, err := s.svc.Dial(a.name, []string{"+40720000098", "+40720000099"}[i])
			a.must(err)
		}
		began, b := time.Now(), seats[1]
		b.until("waiting", state("reserved"))
		b.page.Close()
		b.must(b.connect(true))
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the page stands still for %s", took)
		}
		for _, a := range seats {
			a.until("talking", state("talking"))
			a.must(s.svc.HangUp(a.name, "", ""))
		}
		time.Sleep(time.Minute)
		for _, a := range seats {
			a.page.Close()
		}
		if records := s.end(); len(records) != 2 {
			t.Errorf("records %+v", records)
		}
	})
}
