package dialer

import (
	"errors"
	"testing"

	"apel/contactdb"
	"apel/media/browser"
)

var ann = contactdb.Operator{Name: "ann", Team: "sales"}

func newTestDesk(t *testing.T) *desk {
	t.Helper()
	s, err := Open(Config{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.store.PutOperator(ann); err != nil {
		t.Fatal(err)
	}
	return s.desk
}

func TestAPhoneThatIsPickedUpLateDoesNotTakeTheSeatFromABrowser(t *testing.T) {
	d := newTestDesk(t)
	s := d.seatOf(ann.Name, ann.Team)
	page, phone := &leg{operator: "ann"}, &leg{operator: "ann"}
	if !d.sit(s, page) {
		t.Fatal("an empty seat is not given")
	}
	s.ready = true
	if d.sit(s, phone) || s.leg != page || !s.ready {
		t.Errorf("the phone took the seat: leg %p, ready %v", s.leg, s.ready)
	}
}

func TestABrowserDoesNotSlipIntoTheLegOfAPhone(t *testing.T) {
	d := newTestDesk(t)
	s := d.seatOf(ann.Name, ann.Team)
	phone := &leg{operator: "ann"}
	d.sit(s, phone)
	if err := d.attach(ann, nil, Window{Operator: "ann", Tab: "tab"}); !errors.Is(err, contactdb.ErrState) || s.leg != phone {
		t.Errorf("attached: %v", err)
	}
}

func TestTheStarOfABrowserMakesReadyOnlyWhoseHeadsetHasPassedItsTest(t *testing.T) {
	d := newTestDesk(t)
	s := d.seatOf(ann.Name, ann.Team)
	d.sit(s, &leg{operator: "ann", page: &browser.Leg{}})
	d.key(s, '*')
	if s.ready {
		t.Error("ready without a test")
	}
	s.headset = &Headset{OK: true}
	for _, ready := range []bool{true, false} {
		if d.key(s, '*'); s.ready != ready {
			t.Errorf("after the test a * makes ready: %v, want %v", s.ready, ready)
		}
	}
	if s.reason != "break" {
		t.Errorf("the reason is %q", s.reason)
	}
}
