package dialer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
	"apel/media"
)

// What each hums, to be told apart by those who hear it.
const (
	outsideHz             = 1100 // the customer as elsewhere
	annHz, bobHz          = 425, 550
	billing, silent, busy = "+40312345000", "+40312345001", "+40312345002"
)

const transferCampaign = progressive + `detector: {off: true}
wrap-up: 30s
transfer:
  numbers: [{name: Billing, number: "` + billing + `"}, {name: Silent, number: "` + silent + `"}, {name: Busy, number: "` + busy + `"}]
`

// humming is a callee who hums a tone over and over.
func humming(hz float64, ring time.Duration) lab.Persona {
	var says []lab.Sound
	for range 600 {
		says = append(says, lab.Tone(600*time.Millisecond, hz), lab.Pause(400*time.Millisecond))
	}
	return lab.Persona{Kind: lab.Hello, Lang: "en", Progress: 180, Ring: ring, Status: 200, Voice: says}
}

// others are the customer and those outside.
func others(number string, _ int) lab.Persona {
	switch {
	case strings.HasSuffix(number, billing[1:]):
		return humming(outsideHz, 3*time.Second)
	case strings.HasSuffix(number, silent[1:]):
		p := humming(outsideHz, 5*time.Minute)
		return p
	case strings.HasSuffix(number, busy[1:]):
		return lab.Persona{Kind: lab.Busy, Progress: 180, Ring: time.Second, Status: 486}
	default:
		return humming(customerHz, time.Second)
	}
}

// desks are ann, who has the customer, and bob, who is ready.
type desks struct {
	t        *testing.T
	s        *shift
	ann, bob *seat
	attempt  string
}

func newDesks(t *testing.T, campaign string, other ...func(*shiftConfig)) *desks {
	t.Helper()
	c := shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: lab.CarrierConfig{Persona: others}, campaign: transferCampaign + campaign}
	for _, change := range other {
		change(&c)
	}
	s, seats := newCentre(t, 2, c)
	d := &desks{t: t, s: s, ann: seats[0], bob: seats[1]}
	d.ann.says, d.bob.says = media.Tone(annHz, 600*time.Millisecond, -20), media.Tone(bobHz, 600*time.Millisecond, -20)
	d.ann.ready()
	d.attempt = d.ann.until("talking", state("talking")).Call.Attempt
	d.bob.ready()
	d.ann.page.Hum(append(d.ann.says, make([]int16, 3200)...))
	d.bob.page.Hum(append(d.bob.says, make([]int16, 3200)...))
	time.Sleep(2 * time.Second)
	return d
}

// hears says which of the tones an operator hears within two seconds.
func (d *desks) hears(a *seat) (tones []int) {
	d.t.Helper()
	time.Sleep(time.Second) // what was on its way has arrived
	a.page.Heard()
	time.Sleep(2 * time.Second)
	heard := a.page.Heard()
	for _, hz := range []int{annHz, bobHz, customerHz, outsideHz} {
		if power(heard, float64(hz)) > .2 {
			tones = append(tones, hz)
		}
	}
	return tones
}

func (d *desks) mustHear(a *seat, tones ...int) {
	d.t.Helper()
	if got := d.hears(a); !slices.Equal(got, tones) {
		d.t.Errorf("%s hears %v, not %v", a.name, got, tones)
	}
}

// power is the share of a tone in the loudest fifth of a second.
func power(samples []int16, hz float64) (best float64) {
	k := 2 * math.Cos(2*math.Pi*hz/media.SampleRate)
	const span = media.SampleRate / 5
	for ; len(samples) >= span; samples = samples[span:] {
		var s1, s2, all float64
		for _, v := range samples[:span] {
			s1, s2 = float64(v)+k*s1-s2, s1
			all += float64(v) * float64(v)
		}
		if all/span > 300*300 {
			best = max(best, (s1*s1+s2*s2-k*s1*s2)/(all*span/2))
		}
	}
	return best
}

// customer is what the carrier knows of a call.
func (d *desks) seen(number string) lab.Seen {
	for _, s := range d.s.carrier.Seen() {
		if strings.HasSuffix(s.Number, number) {
			return s
		}
	}
	return lab.Seen{}
}

// hangUp has somebody at the far end hang up: the way there is cut off by a BYE of theirs.
func (d *desks) hangUp(number string) {
	d.t.Helper()
	if !d.s.carrier.HangUp(number) {
		d.t.Fatalf("%s has no call", number)
	}
}

// handings are the consultations in the record.
func handings(t *testing.T, r contactdb.Record) (all []dialer.Handing) {
	t.Helper()
	for i := 1; ; i++ {
		s, ok := r.ScriptAnswers["transfer:"+string(rune('0'+i))]
		if !ok {
			return all
		}
		var h dialer.Handing
		if err := json.Unmarshal([]byte(s), &h); err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
}

const theCustomer = "0720000000"

// TestNobodyIsLostAtAnyMomentOfATransfer walks the moments at which each of the
// three may go, and two at once.
func TestNobodyIsLostAtAnyMomentOfATransfer(t *testing.T) {
	t.Parallel()
	colleague, outside := dialer.Transfer{Anyone: true}, dialer.Transfer{Number: billing}
	blind := func(t dialer.Transfer) dialer.Transfer { t.Blind = true; return t }
	hasCustomer := func(who func(*desks) *seat) func(*desks) {
		return func(d *desks) {
			d.t.Helper()
			d.mustHear(who(d), customerHz)
			if now := who(d).desktop(); now.State != "talking" || now.Call.Held || now.Call.Consult != nil {
				d.t.Errorf("%s sees %s %+v", who(d).name, now.State, now.Call)
			}
		}
	}
	ann, bob := func(d *desks) *seat { return d.ann }, func(d *desks) *seat { return d.bob }
	free := func(who func(*desks) *seat) func(*desks) {
		return func(d *desks) { who(d).until("ready", state("ready")) }
	}
	wraps := func(who func(*desks) *seat) func(*desks) {
		return func(d *desks) { who(d).until("in wrap-up", state("wrap-up")) }
	}
	together := func(fs ...func(*desks)) func(*desks) {
		return func(d *desks) {
			var wg sync.WaitGroup
			for _, f := range fs {
				wg.Go(func() { f(d) })
			}
			wg.Wait()
		}
	}
	handOver := func(d *desks) { d.ann.must(d.s.svc.HandOver(d.ann.name, d.attempt)) }
	tryHandOver := func(d *desks) { _ = d.s.svc.HandOver(d.ann.name, d.attempt) } // whichever comes first
	takeBack := func(d *desks) { d.ann.must(d.s.svc.EndConsult(d.ann.name, d.attempt)) }
	leaves := func(d *desks) { _ = d.s.svc.EndConsult(d.bob.name, d.attempt) } // as above
	customerGoes := func(d *desks) { d.hangUp(theCustomer) }
	outsideGoes := func(d *desks) { d.hangUp(billing[1:]) }
	annIsLost := func(d *desks) { d.s.net.Cut(d.ann.page.Addr().Addr()); time.Sleep(12 * time.Second) }
	bobIsLost := func(d *desks) { d.s.net.Cut(d.bob.page.Addr().Addr()); time.Sleep(12 * time.Second) }
	talkingWith := func(stage string) func(*desks) {
		return func(d *desks) {
			d.t.Helper()
			d.ann.until(stage, func(now dialer.Desktop) bool { return now.Call.Consult != nil && now.Call.Consult.Stage == stage })
		}
	}
	then := func(fs ...func(*desks)) func(*desks) {
		return func(d *desks) {
			for _, f := range fs {
				f(d)
			}
		}
	}
	confer := func(d *desks) { d.confers() }
	stillHears := func(d *desks) { d.customerHears() }
	few := raceEnabled || testing.Short() // every third then: sound is what a minute costs
	for i, m := range []struct {
		name     string
		to       dialer.Transfer
		stage    string // consulting when it happens; "": the transfer is done by itself
		happens  func(*desks)
		then     []func(*desks)
		operator string // of the record
		end      string // of the consultation
	}{
		{"the colleague is asked, and the customer taken back", colleague, "talking", takeBack, []func(*desks){hasCustomer(ann), free(bob)}, "br00", "taken-back"},
		{"the colleague leaves", colleague, "talking", leaves, []func(*desks){hasCustomer(ann), free(bob)}, "br00", "left"},
		{"the customer is handed over to the colleague", colleague, "talking", handOver, []func(*desks){hasCustomer(bob), free(ann)}, "br01", "handed-over"},
		{"the customer hangs up while the colleague is asked", colleague, "talking", customerGoes, []func(*desks){wraps(ann), free(bob)}, "br00", "customer-gone"},
		{"the operator is lost while the colleague is asked", colleague, "talking", annIsLost, []func(*desks){hasCustomer(bob)}, "br01", "handed-over"},
		{"the colleague is lost", colleague, "talking", bobIsLost, []func(*desks){hasCustomer(ann)}, "br00", "lost"},
		{"both are lost", colleague, "talking", together(annIsLost, bobIsLost), nil, "*", "*"},
		{"the customer is handed over as the colleague leaves", colleague, "talking", together(tryHandOver, leaves), nil, "*", "*"},
		{"the customer is handed over as the customer hangs up", colleague, "talking", together(tryHandOver, customerGoes), nil, "*", "*"},
		{"the customer is handed over and the operator is lost", colleague, "talking", together(handOver, annIsLost), []func(*desks){hasCustomer(bob)}, "br01", "handed-over"},
		{"the customer is handed over and the colleague is lost", colleague, "talking", together(handOver, bobIsLost), []func(*desks){hasCustomer(ann)}, "br00", "handed-over"},
		{"the customer is taken back as the colleague leaves", colleague, "talking", together(func(d *desks) { _ = d.s.svc.EndConsult(d.ann.name, d.attempt) }, leaves), []func(*desks){hasCustomer(ann), free(bob)}, "br00", "*"},
		{"blind, to a colleague", blind(colleague), "", nil, []func(*desks){hasCustomer(bob), free(ann)}, "br01", "handed-over"},

		{"somebody outside is asked, and the customer taken back", outside, "talking", takeBack, []func(*desks){hasCustomer(ann)}, "br00", "taken-back"},
		{"the customer is taken back while it rings outside", outside, "ringing", takeBack, []func(*desks){hasCustomer(ann)}, "br00", "taken-back"},
		{"the customer hangs up while it rings outside", outside, "ringing", customerGoes, []func(*desks){wraps(ann)}, "br00", "customer-gone"},
		{"the operator is lost while it rings outside", outside, "ringing", annIsLost, []func(*desks){hasCustomer(bob)}, "br01", "operator-lost"},
		{"who is outside hangs up", outside, "talking", outsideGoes, []func(*desks){hasCustomer(ann)}, "br00", "left"},
		{"three talk, and the colleague leaves", colleague, "talking", then(confer, leaves), []func(*desks){hasCustomer(ann), free(bob)}, "br00", "left"},
		{"three talk, and the operator lets the colleague go", colleague, "talking", then(confer, takeBack), []func(*desks){hasCustomer(ann), free(bob)}, "br00", "taken-back"},
		{"three talk, and the operator leaves", colleague, "talking", then(confer, handOver), []func(*desks){hasCustomer(bob), free(ann)}, "br01", "handed-over"},
		{"three talk, and the customer hangs up", colleague, "talking", then(confer, customerGoes), []func(*desks){wraps(ann), free(bob)}, "br00", "customer-gone"},
		{"three talk, and the operator is lost", colleague, "talking", then(confer, annIsLost), []func(*desks){hasCustomer(bob)}, "br01", "handed-over"},
		{"three talk, and the colleague is lost", colleague, "talking", then(confer, bobIsLost), []func(*desks){hasCustomer(ann)}, "br00", "lost"},
		{"three talk, and all go at once", colleague, "talking", then(confer, together(annIsLost, bobIsLost, customerGoes)), nil, "*", "*"},
		{"three talk, as the colleague leaves", colleague, "talking", together(func(d *desks) { _ = d.s.svc.Conference(d.ann.name, d.attempt, true) }, leaves), []func(*desks){hasCustomer(ann), free(bob)}, "br00", "left"},
		{"three talk, and who is outside hangs up", outside, "talking", then(confer, outsideGoes), []func(*desks){hasCustomer(ann)}, "br00", "left"},
		{"three talk, and the operator leaves the customer with who is outside", outside, "talking", then(confer, handOver), []func(*desks){wraps(ann), stillHears}, "br00", "handed-over"},
		{"three talk, and the customer hangs up on who is outside", outside, "talking", then(confer, customerGoes), []func(*desks){wraps(ann)}, "br00", "customer-gone"},
		{"three talk, the operator is lost, and a colleague takes part in the place", outside, "talking", then(confer, annIsLost),
			[]func(*desks){func(d *desks) { d.mustHear(d.bob, customerHz, outsideHz) }, stillHears}, "br01", "taken-back"},
		{"three talk, the operator is lost, and nobody is free: the two talk on", outside, "talking", then(confer, together(bobIsLost, annIsLost)), []func(*desks){stillHears}, "br00", "handed-over"},
		{"it is busy outside", dialer.Transfer{Number: busy}, "", nil, []func(*desks){hasCustomer(ann)}, "br00", "not-reached"},
		{"nobody answers outside", dialer.Transfer{Number: silent}, "ringing", func(*desks) { time.Sleep(30 * time.Second) }, []func(*desks){hasCustomer(ann)}, "br00", "not-reached"},
		{"nobody answers outside, blind", dialer.Transfer{Number: silent, Blind: true}, "ringing", func(*desks) { time.Sleep(30 * time.Second) }, []func(*desks){hasCustomer(ann)}, "br00", "not-reached"},
		{"the customer is handed over outside", outside, "talking", handOver, []func(*desks){wraps(ann)}, "br00", "handed-over"},
		{"the customer is handed over outside as both hang up", outside, "talking", together(tryHandOver, customerGoes, outsideGoes), nil, "br00", "*"},
		{"blind, outside, by name", blind(dialer.Transfer{Number: "Billing"}), "", func(*desks) { time.Sleep(5 * time.Second) }, []func(*desks){wraps(ann)}, "br00", "handed-over"},
		{"the operator is lost who asks outside: the customer goes to a colleague", outside, "talking", annIsLost, []func(*desks){hasCustomer(bob)}, "br01", "operator-lost"},
		{"the operator is lost who asks outside, and nobody is free: the customer is with who was asked", outside, "talking", together(bobIsLost, annIsLost),
			[]func(*desks){stillHears}, "br00", "handed-over"},
	} {
		if few && i%3 != 0 {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDesks(t, "")
				d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, m.to))
				if m.stage != "" {
					talkingWith(m.stage)(d)
				}
				if m.stage == "talking" {
					d.asks(m.to)
				}
				if m.happens != nil {
					m.happens(d)
				}
				time.Sleep(2 * time.Second)
				for _, then := range m.then {
					then(d)
				}
				r := d.end()
				all := handings(t, r)
				if len(all) != 1 || m.end != "*" && all[0].End != m.end || m.operator != "*" && r.Operator != m.operator || r.Outcome != contactdb.Human {
					t.Errorf("operator %q, outcome %s, handings %+v", r.Operator, r.Outcome, all)
				}
				if m.to.Number != "" && (all[0].SIPCallID == "" || all[0].EndedAt.IsZero() || all[0].SIPStatus == 0 && all[0].AnsweredAt.IsZero()) {
					t.Errorf("the call outside is recorded as %+v", all[0])
				}
			})
		})
	}
}

// asks holds a consultation to its sound: the customer hears nothing of it.
func (d *desks) asks(to dialer.Transfer) {
	d.t.Helper()
	before := d.seen(theCustomer).Heard
	if to.Number != "" {
		d.mustHear(d.ann, outsideHz)
	} else {
		d.mustHear(d.ann, bobHz)
		d.mustHear(d.bob, annHz)
		if now := d.bob.desktop(); now.State != "consulted" || now.Call == nil || now.Call.Consult.Role != "is-asked" {
			d.t.Errorf("who is asked sees %s %+v", now.State, now.Call)
		}
		if err := d.s.svc.HangUp(d.bob.name, d.attempt, ""); !errors.Is(err, contactdb.ErrState) {
			d.t.Errorf("who is only asked may hang up: %v", err)
		}
	}
	if now := d.ann.desktop(); now.State != "consulting" || !now.Call.Held {
		d.t.Errorf("who asks sees %s %+v", now.State, now.Call)
	}
	if after := d.seen(theCustomer).Heard; after > before+100*time.Millisecond {
		d.t.Errorf("the customer heard %s of the consultation", after-before)
	}
}

// confers has all three talk, and holds a conference to its sound.
func (d *desks) confers() {
	d.t.Helper()
	svc, third, thirdHz := d.s.svc, d.bob, outsideHz
	if d.bob.desktop().State == "consulted" {
		thirdHz = bobHz
	} else {
		third = nil
	}
	d.ann.must(svc.Conference(d.ann.name, d.attempt, true))
	if now := d.ann.desktop(); now.State != "conference" || now.Call.Held || now.Call.Consult.Stage != "conference" {
		d.t.Errorf("with three ann sees %s %+v", now.State, now.Call)
	}
	both := []int{thirdHz, customerHz}
	if third == nil {
		both = []int{customerHz, thirdHz}
	}
	d.mustHear(d.ann, both...)
	d.customerHears()
	d.ann.must(svc.Mute(d.ann.name, d.attempt, true))
	d.customerHears() // the third
	if third != nil {
		d.mustHear(d.bob, customerHz)
	}
	d.ann.must(svc.Mute(d.ann.name, d.attempt, false))
	d.ann.must(svc.Conference(d.ann.name, d.attempt, false))
	d.mustHear(d.ann, thirdHz)
	before := d.seen(theCustomer).Heard
	time.Sleep(2 * time.Second)
	if heard := d.seen(theCustomer).Heard - before; heard > 100*time.Millisecond {
		d.t.Errorf("on hold again the customer hears %s of the two", heard)
	}
	d.ann.must(svc.Conference(d.ann.name, d.attempt, true))
	d.ann.must(svc.Conference(d.ann.name, d.attempt, true)) // twice is once
	d.mustHear(d.ann, both...)
	if third != nil {
		d.mustHear(d.bob, annHz, customerHz)
		if now := d.bob.desktop(); now.State != "conference" || now.Call.Consult.Role != "is-asked" {
			d.t.Errorf("with three bob sees %s %+v", now.State, now.Call)
		}
		d.bob.page.Close() // reloads, with three on the line
		d.bob.must(d.bob.connect(true))
		d.bob.page.Hum(append(d.bob.says, make([]int16, 3200)...))
		d.mustHear(d.bob, annHz, customerHz)
	}
	d.ann.page.Close()
	d.ann.must(d.ann.connect(true))
	d.ann.page.Hum(append(d.ann.says, make([]int16, 3200)...))
	d.mustHear(d.ann, both...)
}

// customerHears holds to it that the customer hears somebody.
func (d *desks) customerHears() {
	d.t.Helper()
	before := d.seen(theCustomer).Heard
	time.Sleep(3 * time.Second)
	if d.seen(theCustomer).Heard-before < time.Second {
		d.t.Error("the customer hears nobody")
	}
}

// end ends whatever goes on and gives the record.
func (d *desks) end() contactdb.Record {
	d.t.Helper()
	d.s.net.Mend()
	for _, a := range []*seat{d.ann, d.bob} {
		_ = d.s.svc.HangUp(a.name, "", "") // whoever has the customer
	}
	time.Sleep(time.Second)
	for _, a := range []*seat{d.ann, d.bob} {
		_ = d.s.svc.Dispose(a.name, "", dialer.Result{Disposition: 2})
	}
	time.Sleep(5 * time.Second)
	d.s.carrier.HangUp(theCustomer) // one who was handed over outside
	time.Sleep(time.Minute)
	d.ann.page.Close()
	d.bob.page.Close()
	var own []contactdb.Record
	for _, r := range d.s.end() {
		if r.Campaign == "spring" {
			own = append(own, r)
		}
	}
	if len(own) != 1 {
		d.t.Fatalf("records %+v", own)
	}
	return own[0]
}

func TestATransferThatCannotBeDoneLeavesTheCustomerAndSaysWhy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesks(t, "")
		svc := d.s.svc
		d.bob.wish(false, "lunch")
		for _, wrong := range []struct {
			to   dialer.Transfer
			kind error
			says string
		}{
			{dialer.Transfer{Anyone: true}, contactdb.ErrState, "nobody is free"},
			{dialer.Transfer{Team: "a"}, contactdb.ErrState, "nobody is free"},
			{dialer.Transfer{Team: "nobody's"}, contactdb.ErrState, "nobody is free"},
			{dialer.Transfer{Operator: "eve"}, contactdb.ErrState, "nobody is free"},
			{dialer.Transfer{Operator: d.ann.name}, dialer.ErrInput, "that is you"},
			{dialer.Transfer{Number: "+40312345009"}, dialer.ErrInput, "none of the campaign's transfer: numbers"},
			{dialer.Transfer{}, dialer.ErrInput, "say whom"},
		} {
			if err := svc.Transfer(d.ann.name, d.attempt, wrong.to); !errors.Is(err, wrong.kind) || !strings.Contains(err.Error(), wrong.says) {
				t.Errorf("%+v says %v", wrong.to, err)
			}
		}
		if err := svc.HandOver(d.ann.name, d.attempt); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("handing over to nobody says %v", err)
		}
		d.mustHear(d.ann, customerHz)
		targets, err := svc.TransferTargets(d.ann.name)
		if err != nil || targets.Anyone != 0 || len(targets.Colleagues) != 1 || targets.Colleagues[0].State != "not-ready" || len(targets.Numbers) != 3 {
			t.Errorf("targets %+v %v", targets, err)
		}
		d.ann.must(svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Operator: d.bob.name})) // by name, on a break too
		d.mustHear(d.ann, bobHz)
		if err := svc.Hold(d.ann.name, d.attempt, false); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("going on while somebody is asked says %v", err)
		}
		d.ann.page.Close() // a reload, while a colleague is asked
		time.Sleep(time.Second)
		d.ann.must(d.ann.connect(false))
		d.ann.page.Hum(append(d.ann.says, make([]int16, 3200)...))
		d.mustHear(d.ann, bobHz)
		d.mustHear(d.bob, annHz)
		d.ann.must(svc.EndConsult(d.ann.name, d.attempt))
		d.bob.until("on the break again", func(now dialer.Desktop) bool { return now.State == "not-ready" && now.Reason == "lunch" })
		d.end()
	})
}

func TestACustomerOnHoldHearsThePromptUntilTheOperatorIsBack(t *testing.T) {
	path := t.TempDir() + "/hold.wav"
	if err := media.WriteWAV(path, media.Tone(900, 500*time.Millisecond, -20)); err != nil {
		t.Fatal(err)
	}
	for _, prompt := range []string{path, ""} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesks(t, fmt.Sprintf("hold: %q\nrecord: false\n", prompt))
			d.ann.page.Hum(make([]int16, 8000)) // what the customer hears is not of the operator
			d.ann.must(d.s.svc.Hold(d.ann.name, d.attempt, true))
			time.Sleep(time.Second)
			before := d.seen(theCustomer).Heard
			time.Sleep(10 * time.Second)
			if heard := d.seen(theCustomer).Heard - before; (prompt == "") != (heard < 100*time.Millisecond) || prompt != "" && heard < 9*time.Second {
				t.Errorf("with the prompt %q the customer hears %s of ten seconds", prompt, heard)
			}
			d.ann.must(d.s.svc.Hold(d.ann.name, d.attempt, false))
			time.Sleep(time.Second)
			before = d.seen(theCustomer).Heard
			time.Sleep(5 * time.Second)
			if heard := d.seen(theCustomer).Heard - before; heard > 100*time.Millisecond {
				t.Errorf("after the hold the customer hears %s of the prompt %q", heard, prompt)
			}
			d.mustHear(d.ann, customerHz)
			d.end()
		})
	}
}

func TestAReloadWhileOneIsAskedOrHasHandedOverOutsideChangesNothingForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesks(t, "")
		reload := func(a *seat) {
			a.page.Close()
			time.Sleep(time.Second)
			a.must(a.connect(true))
			a.page.Hum(append(a.says, make([]int16, 3200)...))
		}
		d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Operator: d.bob.name}))
		reload(d.bob)
		d.bob.until("asked", state("consulted"))
		d.mustHear(d.ann, bobHz)
		d.mustHear(d.bob, annHz)
		d.bob.tab = "another"
		reload(d.bob)
		d.mustHear(d.bob, annHz)
		d.ann.must(d.s.svc.EndConsult(d.ann.name, d.attempt))
		d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Number: billing}))
		reload(d.ann) // while it rings
		d.ann.until("answered", func(now dialer.Desktop) bool { return now.Call.Consult != nil && now.Call.Consult.Stage == "talking" })
		d.mustHear(d.ann, outsideHz)
		d.ann.must(d.s.svc.HandOver(d.ann.name, d.attempt))
		d.ann.until("in wrap-up", state("wrap-up"))
		reload(d.ann)
		if now := d.ann.desktop(); now.State != "wrap-up" || !now.Call.Away {
			t.Errorf("after the reload ann sees %s %+v", now.State, now.Call)
		}
		d.mustHear(d.ann)
		d.end()
	})
}

func TestWhoTakesOverACustomerIsNotMutedAndSaysTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesks(t, "")
		d.ann.must(d.s.svc.Mute(d.ann.name, d.attempt, true))
		d.ann.must(d.s.svc.Dispose(d.ann.name, d.attempt, dialer.Result{Disposition: 1}))
		d.s.net.Cut(d.ann.page.Addr().Addr())
		now := d.bob.until("talking", state("talking"))
		if now.Call.Muted || now.Call.Disposition != 0 {
			t.Errorf("bob, who takes over, is muted %v and has said %d", now.Call.Muted, now.Call.Disposition)
		}
		before := d.seen(theCustomer).Heard
		time.Sleep(3 * time.Second)
		if heard := d.seen(theCustomer).Heard - before; heard < time.Second {
			t.Errorf("the customer hears %s of bob in three seconds", heard)
		}
		if r := d.end(); r.Operator != d.bob.name || len(r.Disposition) == 0 {
			t.Errorf("record %+v", r)
		}
	})
}

func TestANumberOutsideThatMayNotBeCalledIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesks(t, "")
		entry := contactdb.Suppression{Phone: billing, Reason: "asked", Source: "test", AddedAt: time.Now()}
		if _, err := d.s.svc.Suppress(t.Context(), []contactdb.Suppression{entry}); err != nil {
			t.Fatal(err)
		}
		_ = d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Number: billing})
		d.ann.until("back with the customer", func(now dialer.Desktop) bool { return now.Call.ConsultEnd == "not-reached" })
		d.mustHear(d.ann, customerHz)
		if got := d.seen(billing[1:]); got.Number != "" {
			t.Errorf("it was called: %+v", got)
		}
		if all := handings(t, d.end()); len(all) != 1 || all[0].End != "not-reached" || all[0].SIPCallID != "" {
			t.Errorf("handings %+v", all)
		}
	})
}

func TestHowAConsultationEndedIsWrittenDownBeforeItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesks(t, "")
		d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Operator: d.bob.name}))
		d.ann.must(d.s.svc.EndConsult(d.ann.name, d.attempt))
		live, err := d.s.svc.Store().Live()
		if err != nil || len(live) != 1 || !strings.Contains(live[0].Notes.Answers["transfer:1"], "taken-back") {
			t.Errorf("what a crash would leave: %+v, %v", live, err)
		}
		d.end()
	})
}
