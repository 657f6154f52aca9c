package dialer_test

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
)

// keys is to whom keys were sent last, taken off the wire: telephone-event (RFC 4733).
type keys struct {
	mu sync.Mutex // guards to
	to netip.AddrPort
}

func (k *keys) sniff(_, to netip.AddrPort, b []byte) {
	if to.Addr() == netip.MustParseAddr("10.0.0.2") && len(b) == 16 && b[0] == 0x80 && b[1]&0x7f == 101 {
		k.mu.Lock()
		k.to = to
		k.mu.Unlock()
	}
}

// after is where keys go that f presses.
func (k *keys) after(t *testing.T, f func() error) netip.AddrPort {
	t.Helper()
	k.mu.Lock()
	k.to = netip.AddrPort{}
	k.mu.Unlock()
	if err := f(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.to
}

// conference is ann's, with the customer and somebody outside.
func conference(t *testing.T, other ...func(*shiftConfig)) *desks {
	t.Helper()
	d := newDesks(t, "", other...)
	d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Number: billing}))
	d.ann.until("answered outside", func(now dialer.Desktop) bool {
		return now.Call != nil && now.Call.Consult != nil && now.Call.Consult.Stage == "talking"
	})
	d.ann.must(d.s.svc.Conference(d.ann.name, d.attempt, true))
	return d
}

func TestKeysGoToWhomTheOperatorMeans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keys{}
		d := newDesks(t, "", func(c *shiftConfig) { c.sniff = k.sniff })
		press := func(of dialer.Side) netip.AddrPort {
			return k.after(t, func() error { return d.s.svc.Press(d.ann.name, d.attempt, "5", of) })
		}
		customer := press("")
		if !customer.IsValid() || press(dialer.OfCustomer) != customer {
			t.Errorf("to the customer, at %s, keys do not go", customer)
		}
		if err := d.s.svc.Press(d.ann.name, d.attempt, "5", dialer.OfOther); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("keys to nobody: %v", err)
		}
		if err := d.s.svc.Press(d.ann.name, d.attempt, "5", "all"); !errors.Is(err, dialer.ErrInput) {
			t.Errorf("keys to a side that there is not: %v", err)
		}
		d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Number: billing}))
		d.ann.until("answered outside", func(now dialer.Desktop) bool {
			return now.Call != nil && now.Call.Consult != nil && now.Call.Consult.Stage == "talking"
		})
		outside := press("")
		if !outside.IsValid() || outside == customer {
			t.Errorf("while the two are alone keys go to %s", outside)
		}
		d.ann.must(d.s.svc.Conference(d.ann.name, d.attempt, true))
		for of, want := range map[dialer.Side]netip.AddrPort{"": outside, dialer.OfOther: outside, dialer.OfCustomer: customer} {
			if to := press(of); to != want {
				t.Errorf("in the conference keys for %q go to %s, want %s", of, to, want)
			}
		}
		d.end()
	})
}

func TestAnOperatorWhoHangsUpOnTheCustomerOnlyTalksOnWithTheOneOutside(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(*desks){
		"until the result": func(d *desks) {
			d.ann.must(d.s.svc.Dispose(d.ann.name, d.attempt, dialer.Result{Disposition: 2}))
		},
		"until the other hangs up": func(d *desks) { d.hangUp(billing[1:]) },
		"until the operator does":  func(d *desks) { d.ann.must(d.s.svc.HangUp(d.ann.name, d.attempt, "")) },
		"until the time is up":     func(*desks) { time.Sleep(31 * time.Second) },
		"until the leg is lost": func(d *desks) {
			d.ann.page.Close()
			time.Sleep(40 * time.Second)
			d.ann.must(d.ann.connect(false))
		},
		"though the result was said already": func(d *desks) {
			d.ann.must(d.s.svc.EndConsult(d.ann.name, d.attempt))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := conference(t)
				if name == "though the result was said already" {
					d.ann.must(d.s.svc.Dispose(d.ann.name, d.attempt, dialer.Result{Disposition: 2}))
				}
				d.ann.must(d.s.svc.HangUp(d.ann.name, d.attempt, dialer.OfCustomer))
				now := d.ann.until("in wrap-up", state("wrap-up"))
				if now.Call == nil || now.Call.Consult == nil || now.Call.Consult.Stage != "talking" || now.Call.EndedBy != "operator" {
					t.Errorf("the desk shows %+v", now.Call)
				}
				if seen := d.seen(theCustomer); seen.EndedBy != "caller" {
					t.Errorf("the customer is %+v", seen)
				}
				d.mustHear(d.ann, outsideHz)
				then(d)
				time.Sleep(2 * time.Second)
				if seen := d.seen(billing[1:]); seen.Ended.IsZero() {
					t.Error("who is outside is on the line still")
				}
				r := d.end()
				all := handings(t, r)
				if r.Outcome != contactdb.Human || r.EndedBy != "operator" || len(all) != 1 || all[0].EndedAt.IsZero() || all[0].ConferenceAt.IsZero() {
					t.Errorf("the record is %+v with %+v", r, all)
				}
			})
		})
	}
}
