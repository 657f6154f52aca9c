package dialer

import (
	"errors"
	"testing"

	"apel/contactdb"
)

func TestAPhoneThatIsPickedUpLateDoesNotTakeTheSeatFromABrowser(t *testing.T) {
	d := newDesk(&Service{})
	s := d.seatOf("ann", "sales")
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
	d := newDesk(&Service{})
	s := d.seatOf("ann", "sales")
	phone := &leg{operator: "ann"}
	d.sit(s, phone)
	if err := d.attach(contactdb.Operator{Name: "ann", Team: "sales"}, nil, "tab"); !errors.Is(err, contactdb.ErrState) || s.leg != phone {
		t.Errorf("attached: %v", err)
	}
}
