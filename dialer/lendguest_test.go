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
	"apel/media"
)

// newGuests are desks whose bob works for another campaign, summer, which has a
// contact for when bob is ready.
func newGuests(t *testing.T) *desks {
	t.Helper()
	s, seats := newCentre(t, 2, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: lab.CarrierConfig{Persona: others}, campaign: transferCampaign})
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := s.svc.ApplyCampaign([]byte(strings.NewReplacer("name: spring", "name: summer", "[spring]", "[summer]").Replace(campaignHead) +
		"windows: {daily: 00:00-24:00}\noperators: [br01]\ndetector: {off: true}\nwrap-up: 10s\n" + progressive))
	must(nil, err)
	_, err = s.svc.Store().Import(t.Context(), "summer", time.Now(), func(yield func(contactdb.Contact, error) bool) {
		yield(contactdb.Contact{Phone: "+40730000000", NumberType: "mobile", Region: "RO", Zones: []string{"Europe/Bucharest"}}, nil)
	})
	must(nil, err)
	must(s.svc.StartCampaign("summer"))
	must(s.svc.StopCampaign("spring", "")) // an operator's is the first that was started
	time.Sleep(time.Second)
	must(s.svc.StartCampaign("spring"))
	d := &desks{t: t, s: s, ann: seats[0], bob: seats[1]}
	d.ann.says, d.bob.says = media.Tone(annHz, 600*time.Millisecond, -20), media.Tone(bobHz, 600*time.Millisecond, -20)
	d.ann.ready()
	d.attempt = d.ann.until("talking", state("talking")).Call.Attempt
	if err := d.bob.connect(false); err != nil {
		t.Fatal(err)
	}
	d.bob.test()
	if now := d.bob.desktop(); now.Campaign != "summer" || now.State != "not-ready" {
		t.Fatalf("bob is %+v", now)
	}
	d.ann.page.Hum(append(d.ann.says, make([]int16, 3200)...))
	d.bob.page.Hum(append(d.bob.says, make([]int16, 3200)...))
	return d
}

// admits has the customer's campaign be for these operators.
func (d *desks) admits(names string) {
	d.t.Helper()
	if _, _, err := d.s.svc.ApplyCampaign([]byte(campaignHead + "windows: {daily: 00:00-24:00}\noperators: [" + names + "]\n" + transferCampaign)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desks) ask() {
	d.t.Helper()
	d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Operator: d.bob.name}))
	if now := d.bob.desktop(); now.Campaign != "spring" || now.State != "consulted" {
		d.t.Errorf("who is asked is %+v", now)
	}
}

func TestAColleagueOfAnotherCampaignIsAskedTakesTheCustomerAndGoesHome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newGuests(t)
		targets, err := d.s.svc.TransferTargets(d.ann.name)
		if err != nil || len(targets.Colleagues) != 1 || targets.Colleagues[0].Name != d.bob.name || targets.Colleagues[0].Campaign != "summer" || targets.Anyone != 0 {
			t.Errorf("ann may ask %+v, %v", targets, err)
		}
		d.ask()
		d.mustHear(d.bob, annHz)
		d.ann.must(d.s.svc.HandOver(d.ann.name, d.attempt))
		d.mustHear(d.bob, customerHz)
		d.bob.wish(true, "") // calls of their own campaign, afterwards
		if now := d.bob.desktop(); now.Campaign != "spring" || now.State != "talking" {
			t.Errorf("with the customer bob is %+v", now)
		}
		d.bob.must(d.s.svc.HangUp(d.bob.name, d.attempt, ""))
		d.bob.until("in wrap-up", state("wrap-up"))
		d.bob.must(d.s.svc.Dispose(d.bob.name, d.attempt, dialer.Result{Disposition: 2}))
		now := d.bob.until("talking at home", func(now dialer.Desktop) bool { return now.State == "talking" && now.Campaign == "summer" })
		r := d.end()
		all := handings(t, r)
		if r.Campaign != "spring" || r.Operator != d.bob.name || len(all) != 1 || all[0].To != d.bob.name || all[0].End != "handed-over" || now.Call.Attempt == d.attempt {
			t.Errorf("the record is %+v with %+v", r, all)
		}
	})
}

func TestAGuestIsAtHomeAgainHoweverTheConversationEnds(t *testing.T) {
	t.Parallel()
	home := map[string]string{"their own campaign is stopped": "spring"}
	for name, end := range map[string]func(d *desks) error{
		"the guest is let go":                func(d *desks) error { return d.s.svc.EndConsult(d.ann.name, d.attempt) },
		"the guest leaves":                   func(d *desks) error { return d.s.svc.EndConsult(d.bob.name, d.attempt) },
		"the customer hangs up":              func(d *desks) error { d.hangUp(theCustomer); return nil },
		"the operator hangs up on both":      func(d *desks) error { return d.s.svc.HangUp(d.ann.name, d.attempt, dialer.OfCustomer) },
		"the operator is lost":               func(d *desks) error { d.ann.page.Close(); return nil },
		"the guest is lost":                  func(d *desks) error { d.bob.page.Close(); return nil },
		"the guest's own campaign pauses":    func(d *desks) error { _, err := d.s.svc.PauseCampaign("summer", ""); return err },
		"their own campaign is stopped":      func(d *desks) error { _, err := d.s.svc.StopCampaign("summer", ""); return err },
		"the customer's campaign pauses":     func(d *desks) error { _, err := d.s.svc.PauseCampaign("spring", ""); return err },
		"the customer's is stopped":          func(d *desks) error { _, err := d.s.svc.StopCampaign("spring", ""); return err },
		"the guest is not admitted any more": func(d *desks) error { d.admits("br00"); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newGuests(t)
				d.ask()
				time.Sleep(3 * time.Second)
				if err := end(d); err != nil {
					t.Fatal(err)
				}
				time.Sleep(15 * time.Second)
				if name == "the operator is lost" { // the guest has the customer
					if now := d.bob.desktop(); now.State != "talking" || now.Campaign != "spring" {
						t.Errorf("bob is %+v", now)
					}
					d.bob.must(d.s.svc.HangUp(d.bob.name, d.attempt, ""))
					time.Sleep(35 * time.Second)
					d.ann.must(d.ann.connect(false))
				}
				_ = d.s.svc.EndConsult(d.ann.name, d.attempt) // where it outlives what happened
				time.Sleep(2 * time.Second)
				if name == "the guest is lost" {
					d.bob.must(d.bob.connect(false))
				}
				where := "summer"
				if home[name] != "" {
					where = home[name]
				}
				if name == "the guest's own campaign pauses" {
					where = "spring" // as without that: it runs and admits them
				}
				if now := d.bob.desktop(); now.Campaign != where || now.State != "not-ready" {
					t.Errorf("bob is %+v", now)
				}
				r := d.end()
				if all := handings(t, r); len(all) != 1 || all[0].To != d.bob.name || all[0].End == "" {
					t.Errorf("the record says %+v", all)
				}
			})
		})
	}
}

func TestAGuestWhoHasGoneHomeHearsThatTheResultStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newGuests(t)
		d.ask()
		d.ann.must(d.s.svc.HandOver(d.ann.name, d.attempt))
		d.bob.must(d.s.svc.HangUp(d.bob.name, d.attempt, ""))
		d.bob.until("in wrap-up", state("wrap-up"))
		d.bob.must(d.s.svc.Dispose(d.bob.name, d.attempt, dialer.Result{Disposition: 2}))
		time.Sleep(time.Second)
		if err := d.s.svc.TakeBack(d.bob.name, d.attempt); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "the result stands") {
			t.Errorf("taken back from home: %v", err)
		}
		if now := d.bob.desktop(); now.Campaign != "summer" || now.State != "not-ready" {
			t.Errorf("bob is %+v", now)
		}
		if r := d.end(); r.Disposition != "refused" {
			t.Errorf("the record is %+v", r)
		}
	})
}

func TestWhoIsNotAdmittedOrNotFreeIsNotBorrowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newGuests(t)
		d.admits("br00")
		to := dialer.Transfer{Operator: d.bob.name}
		if err := d.s.svc.Transfer(d.ann.name, d.attempt, to); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "may not work for spring") {
			t.Errorf("who is not admitted: %v", err)
		}
		if targets, err := d.s.svc.TransferTargets(d.ann.name); err != nil || len(targets.Colleagues) != 0 {
			t.Errorf("ann may ask %+v, %v", targets, err)
		}
		d.admits("br00, br01")
		d.bob.wish(true, "")
		d.bob.until("talking at home", state("talking"))
		if err := d.s.svc.Transfer(d.ann.name, d.attempt, to); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "nobody is free") {
			t.Errorf("who talks to another customer: %v", err)
		}
		if now := d.bob.desktop(); now.Campaign != "summer" || now.State != "talking" {
			t.Errorf("bob is %+v", now)
		}
		d.mustHear(d.ann, customerHz)
		d.end()
	})
}

// A kill while a guest is away leaves no trace of the loan: the customer's call is
// ended and recorded, and everybody is at home.
func TestAfterAKillAGuestIsAtHome(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]func(d *desks){
		"asked":       func(*desks) {},
		"in a three":  func(d *desks) { d.ann.must(d.s.svc.Conference(d.ann.name, d.attempt, true)) },
		"handed over": func(d *desks) { d.ann.must(d.s.svc.HandOver(d.ann.name, d.attempt)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newGuests(t)
				d.ask()
				with(d)
				time.Sleep(3 * time.Second)
				d.s.killed()
				if seen := d.seen(theCustomer); seen.Ended.IsZero() || seen.EndedBy != "caller" {
					t.Errorf("the customer was not hung up on: %+v", seen)
				}
				for _, a := range []*seat{d.ann, d.bob} {
					a.page.Close()
					a.must(a.connect(false))
				}
				if now := d.ann.desktop(); now.Campaign != "spring" || now.State != "not-ready" || now.Call != nil {
					t.Errorf("ann is %+v", now)
				}
				if now := d.bob.desktop(); now.Campaign != "summer" || now.State != "not-ready" || now.Call != nil {
					t.Errorf("bob is %+v", now)
				}
				d.bob.test()
				d.bob.wish(true, "") // calls of his own campaign
				if now := d.bob.until("talking at home", state("talking")); now.Campaign != "summer" {
					t.Errorf("bob is %+v", now)
				}
				if r := d.end(); r.Outcome != contactdb.Interrupted || r.BridgedAt.IsZero() || r.Operator == "" {
					t.Errorf("the record is %+v", r)
				}
			})
		})
	}
}
