package dialer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
	"apel/media"
	"apel/media/browser/headset"
)

// seat is an operator at a browser, as the page behaves.
type seat struct {
	t    *testing.T
	s    *shift
	name string
	tab  string
	page *headset.Headset
	says []int16 // over and over
}

// newCentre is a shift whose operators have browsers.
func newCentre(t *testing.T, seats int, c shiftConfig) (*shift, []*seat) {
	t.Helper()
	c.browsers = true
	s := newShift(t, c)
	var all []*seat
	for i := range seats {
		name := fmt.Sprintf("br%02d", i)
		s.operator(name)
		all = append(all, &seat{t: t, s: s, name: name, tab: "tab-" + name})
	}
	return s, all
}

// connect opens the page; again after a reload.
func (a *seat) connect(takeOver bool) error {
	a.t.Helper()
	page, err := headset.New(a.t.Context(), headset.Config{Network: a.s.net, Addr: fmt.Sprintf("10.0.3.%d:0", 1+len(a.name)+int(a.name[3]))})
	if err != nil {
		a.t.Fatal(err)
	}
	offer, err := page.Offer(false)
	if err != nil {
		a.t.Fatal(err)
	}
	answer, err := a.s.svc.ConnectBrowser(a.t.Context(), dialer.Window{Operator: a.name, Tab: a.tab, Offer: offer, TakeOver: takeOver})
	if err != nil {
		page.Close()
		return err
	}
	if err := page.Accept(answer); err != nil {
		a.t.Fatal(err)
	}
	a.page = page
	a.page.Hum(a.says)
	for range 100 {
		if d := a.desktop(); page.Connected() && d.Sound != nil && d.Sound.Heard {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	a.t.Fatal("the browser was never heard")
	return nil
}

func (a *seat) desktop() dialer.Desktop {
	a.t.Helper()
	d, err := a.s.svc.Desktop(a.name)
	if err != nil {
		a.t.Fatal(err)
	}
	return d
}

// until waits for a state.
func (a *seat) until(what string, is func(dialer.Desktop) bool) dialer.Desktop {
	a.t.Helper()
	for range 1200 {
		if d := a.desktop(); is(d) {
			return d
		}
		time.Sleep(50 * time.Millisecond)
	}
	a.t.Fatalf("never %s: %+v", what, a.desktop())
	return dialer.Desktop{}
}

func state(name string) func(dialer.Desktop) bool {
	return func(d dialer.Desktop) bool { return d.State == name }
}

// ready connects, tests the headset and asks for calls.
func (a *seat) ready() {
	a.t.Helper()
	if err := a.connect(false); err != nil {
		a.t.Fatal(err)
	}
	a.test()
	a.wish(true, "")
}

func (a *seat) test() dialer.Headset {
	a.t.Helper()
	a.page.Say(media.Tone(300, 700*time.Millisecond, -20))
	h, err := a.s.svc.TestHeadset(a.t.Context(), a.name, a.tab, 800*time.Millisecond)
	if err != nil {
		a.t.Fatal(err)
	}
	return h
}

func (a *seat) wish(ready bool, reason string) {
	a.t.Helper()
	if _, err := a.s.svc.SetOperatorReady(a.name, ready, reason); err != nil {
		a.t.Fatal(err)
	}
}

func (a *seat) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// talker is a customer who says hello and has time.
func talker() lab.CarrierConfig {
	return lab.CarrierConfig{Persona: lab.NewPopulation(lab.PopulationConfig{Seed: 5, Kinds: map[lab.Kind]float64{lab.Hello: 1},
		Ring: lab.Law{Mean: 4 * time.Second, Spread: .5, Least: time.Second}, Talk: lab.Law{Mean: 10 * time.Minute}}).Persona}
}

// sentence is a second of the operator's voice and two in which the customer can answer.
func sentence() []int16 {
	return append(media.Tone(425, time.Second, -20), make([]int16, 2*media.SampleRate)...)
}

const progressive = "pacing: progressive\n"

func TestAnOperatorAtABrowserTalksToACustomerAndSaysTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(),
			campaign: progressive + "dispositions:\n  - {name: sale, final: true, success: true, ask: [amount]}\n  - {name: refused, final: true}\n" +
				"script:\n  steps:\n    - {name: greeting, text: 'Hello **{{name}}**', say: [It is recorded.], questions: [{name: need, ask: Do you?, kind: one, of: [\"yes\", \"no\"], required: true}]}\n    - {name: bye, end: true}\n  quotas: [{name: needy, when: 'need == \"yes\"', limit: 1}]\n"})
		a := seats[0]
		if err := a.connect(false); err != nil {
			t.Fatal(err)
		}
		if _, err := s.svc.SetOperatorReady(a.name, true, ""); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "test") {
			t.Errorf("ready without a test says %v", err)
		}
		if h := a.test(); !h.OK || math.Abs(h.LevelDB+20) > 1.5 || h.EchoDB != -60 {
			t.Errorf("a good headset is %+v", h)
		}
		a.wish(true, "")
		d := a.until("talking", state("talking"))
		a.page.Heard()
		if d.Call == nil || d.Call.Contact.Name != "Contact 0" || len(d.Call.Dispositions) != 2 || !d.Call.Recorded {
			t.Fatalf("the desktop shows %+v", d.Call)
		}
		a.page.Hum(sentence())
		time.Sleep(20 * time.Second)
		if loud := loudSamples(a.page.Heard()); loud < 8000 {
			t.Errorf("of the customer %d loud samples were heard", loud)
		}
		note := "likes it"
		a.must(s.svc.Jot(a.name, d.Call.Attempt, note))
		a.script(d)
		a.must(s.svc.HangUp(a.name, d.Call.Attempt, ""))
		a.until("in wrap-up", state("wrap-up"))
		if err := s.svc.Dispose(a.name, d.Call.Attempt, dialer.Result{Disposition: 1}); !errors.Is(err, dialer.ErrInput) {
			t.Errorf("a sale without an amount says %v", err)
		}
		a.must(s.svc.Dispose(a.name, d.Call.Attempt, dialer.Result{Disposition: 1, Amount: "12,50"}))
		a.until("ready", state("ready"))
		a.page.Close()
		r := s.end()[0]
		if r.Operator != a.name || r.Disposition != "sale" || r.Note != note || r.ScriptAnswers["need"] != "yes" || r.ScriptAnswers["said:greeting:1"] == "" || r.ScriptAnswers["amount"] != "12.50" || r.EndedBy != "operator" {
			t.Errorf("record %+v", r)
		}
		sides, err := media.ReadWAV(s.cfg.Data + "/" + r.Recording)
		if err != nil || len(sides) != 2 || loudSamples(sides[1]) < 8000*5 || loudSamples(sides[0]) < 8000 {
			t.Errorf("recording: %d loud of the customer, %d of the operator, %v", loudSamples(sides[0]), loudSamples(sides[1]), err)
		}
	})
}

// script goes through the two steps of the script.
func (a *seat) script(d dialer.Desktop) {
	a.t.Helper()
	svc := a.s.svc
	if st := d.Call.Script.Steps[0]; st.HTML != "<p>Hello <strong><span class=\"field\">Contact 0</span></strong></p>\n" || len(st.Say) != 1 || d.Call.Script.Step != "greeting" {
		a.t.Errorf("the script shows %+v", st)
	}
	for _, wrong := range []dialer.Turn{{From: "greeting", Go: "next"}, {Answers: map[string]string{"need": "perhaps"}}, {Answers: map[string]string{"amount": "7"}}, {From: "greeting", Go: "to:bye"}} {
		if _, err := svc.Turn(a.name, d.Call.Attempt, wrong); !errors.Is(err, dialer.ErrInput) {
			a.t.Errorf("%+v says %v", wrong, err)
		}
	}
	a.must(svc.SetWording(a.name, d.Call.Attempt, "bye", "So long, **{{name}}**"))
	step, err := svc.Turn(a.name, d.Call.Attempt, dialer.Turn{From: "greeting", Go: "next", Answers: map[string]string{"need": "yes", "said:greeting:1": "yes"}})
	if err != nil || step != "bye" {
		a.t.Fatalf("step %q, %v", step, err)
	}
	if now := a.desktop().Call.Script; now.Step != "bye" || now.Steps[1].Own != "So long, **{{name}}**" || len(now.Trail) != 2 {
		a.t.Errorf("the script shows %+v", now)
	}
}

func loudSamples(s []int16) (n int) {
	for _, v := range s {
		if v > 500 || v < -500 {
			n++
		}
	}
	return n
}

// TestTheOperatorHearsTheGreetingThatTheDetectorHeard has a customer who says
// hello and waits to be spoken to.
func TestTheOperatorHearsTheGreetingThatTheDetectorHeard(t *testing.T) {
	heard := map[bool]int{}
	for _, on := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: progressive + fmt.Sprintf("detector: {replay: %t}\n", on)})
			a := seats[0]
			a.ready()
			a.until("reserved", func(d dialer.Desktop) bool { return d.Call != nil })
			time.Sleep(160 * time.Millisecond) // the tone that says so
			a.page.Heard()
			time.Sleep(800 * time.Millisecond)
			heard[on] = loudSamples(a.page.Heard())
			a.page.Close()
			s.end()
		})
	}
	t.Logf("loud samples in the first 0.8 s: %d with the greeting replayed, %d without", heard[true], heard[false])
	if heard[true] < 1500 || heard[false] > heard[true]/4 {
		t.Errorf("loud samples in the first 0.8 s: %d with the greeting replayed, %d without", heard[true], heard[false])
	}
}

func TestInPreviewTheDesktopShowsTheContactBeforeItIsCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 2, channels: 5, cps: 5, carrier: talker(), campaign: "pacing: preview\n"})
		a := seats[0]
		a.ready()
		d := a.until("in preview", func(now dialer.Desktop) bool { return now.State == "preview" && now.Call != nil })
		if d.Call == nil || d.Call.Contact.Name == "" || d.Call.DecideBy.IsZero() || !d.Call.BridgedAt.IsZero() {
			t.Fatalf("the desktop shows %+v", d.Call)
		}
		if err := s.svc.HangUp(a.name, d.Call.Attempt, ""); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("hanging up on nobody says %v", err)
		}
		if err := s.svc.Press(a.name, d.Call.Attempt, "1", ""); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("a key for nobody says %v", err)
		}
		if _, err := s.svc.SkipPreview(a.name, d.Call.Attempt, "too early there"); err != nil {
			t.Fatal(err)
		}
		next := a.until("in preview again", func(now dialer.Desktop) bool {
			return now.State == "preview" && now.Call != nil && now.Call.Attempt != d.Call.Attempt
		})
		if _, err := s.svc.AcceptPreview(a.name, next.Call.Attempt); err != nil {
			t.Fatal(err)
		}
		a.until("talking", state("talking"))
		a.must(s.svc.HangUp(a.name, next.Call.Attempt, ""))
		a.until("in wrap-up", state("wrap-up"))
		a.must(s.svc.Dispose(a.name, next.Call.Attempt, dialer.Result{Disposition: 2}))
		time.Sleep(4 * time.Second)
		a.page.Close()
		s.end()
	})
}

func TestAResultCanBeTakenBackForThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		a.ready()
		d := a.until("talking", state("talking"))
		time.Sleep(5 * time.Second)
		a.must(s.svc.HangUp(a.name, "", ""))
		a.until("in wrap-up", state("wrap-up"))
		a.must(s.svc.Dispose(a.name, d.Call.Attempt, dialer.Result{Disposition: 1}))
		a.until("ready", state("ready"))
		time.Sleep(2 * time.Second)
		a.must(s.svc.TakeBack(a.name, d.Call.Attempt))
		a.until("in wrap-up again", state("wrap-up"))
		a.must(s.svc.Dispose(a.name, d.Call.Attempt, dialer.Result{Disposition: 2}))
		a.until("ready", state("ready"))
		time.Sleep(4 * time.Second)
		if err := s.svc.TakeBack(a.name, d.Call.Attempt); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("taken back too late says %v", err)
		}
		a.page.Close()
		if r := s.end()[0]; r.Disposition != "refused" {
			t.Errorf("record %+v", r)
		}
	})
}

func TestACustomerOnHoldHearsNothingAndNeitherIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		a.ready()
		a.page.Hum(media.Tone(425, 400*time.Millisecond, -20))
		d := a.until("talking", state("talking"))
		time.Sleep(3 * time.Second)
		a.must(s.svc.Hold(a.name, d.Call.Attempt, true))
		time.Sleep(time.Second)
		a.page.Heard()
		time.Sleep(10 * time.Second)
		if n := loudSamples(a.page.Heard()); n > 0 {
			t.Errorf("on hold the operator hears %d loud samples", n)
		}
		if d := a.desktop(); !d.Call.Held || d.State != "talking" {
			t.Errorf("on hold the desktop shows %+v", d)
		}
		a.must(s.svc.Hold(a.name, d.Call.Attempt, false))
		time.Sleep(3 * time.Second)
		a.must(s.svc.Mute(a.name, d.Call.Attempt, true))
		time.Sleep(5 * time.Second)
		a.must(s.svc.Mute(a.name, d.Call.Attempt, false))
		time.Sleep(3 * time.Second)
		a.must(s.svc.HangUp(a.name, d.Call.Attempt, ""))
		a.until("in wrap-up", state("wrap-up"))
		a.must(s.svc.Dispose(a.name, d.Call.Attempt, dialer.Result{Disposition: 2}))
		time.Sleep(4 * time.Second)
		a.page.Close()
		r := s.end()[0]
		sides, err := media.ReadWAV(s.cfg.Data + "/" + r.Recording)
		if err != nil {
			t.Fatal(err)
		}
		// The operator hums all the time: what is recorded of that is what the customer heard.
		heard := time.Duration(loudSamples(sides[1])) * time.Second / media.SampleRate * 10 / 9
		if talk := time.Duration(r.TalkMS) * time.Millisecond; heard < talk-18*time.Second || heard > talk-14*time.Second {
			t.Errorf("of %s, with 11 s on hold and 5 s muted, the customer heard %s", talk, heard)
		}
	})
}

func TestAConversationSurvivesAReloadASecondWindowAndALostNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		a.ready()
		d := a.until("talking", state("talking"))
		a.says = sentence()
		a.page.Hum(a.says)
		talks := func(when string) {
			t.Helper()
			a.page.Heard()
			time.Sleep(8 * time.Second)
			if n := loudSamples(a.page.Heard()); n < 2000 {
				t.Errorf("%s the operator hears %d loud samples of the customer", when, n)
			}
			if now := a.desktop(); now.State != "talking" || now.Call == nil || now.Call.Attempt != d.Call.Attempt {
				t.Fatalf("%s the desktop shows %+v", when, now)
			}
		}
		talks("at first")
		a.page.Close() // a reload
		time.Sleep(2 * time.Second)
		a.must(a.connect(false))
		talks("after a reload")
		first, tab := a.page, a.tab
		a.tab = "another"
		if err := a.connect(false); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "take over") {
			t.Errorf("a second window says %v", err)
		}
		a.must(a.connect(true))
		first.Close()
		talks("from a second window")
		if err := s.svc.Hold(a.name, d.Call.Attempt, true); err != nil {
			t.Error(err)
		}
		if _, err := s.svc.RestartBrowser(t.Context(), dialer.Window{Operator: a.name, Tab: tab, Offer: "x"}); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("the first window may still restart: %v", err)
		}
		a.must(s.svc.Hold(a.name, d.Call.Attempt, false))
		s.net.Cut(netip.MustParseAddr(a.page.Addr().Addr().String()))
		time.Sleep(5 * time.Second)
		if now := a.desktop(); now.Sound.Heard || now.State != "talking" {
			t.Errorf("with the network cut the desktop shows %+v", now)
		}
		s.net.Mend()
		offer, err := a.page.Offer(true)
		a.must(err)
		answer, err := s.svc.RestartBrowser(t.Context(), dialer.Window{Operator: a.name, Tab: a.tab, Offer: offer})
		a.must(err)
		a.must(a.page.Accept(answer))
		time.Sleep(time.Second)
		talks("after the network was back")
		a.must(s.svc.HangUp(a.name, d.Call.Attempt, ""))
		a.until("in wrap-up", state("wrap-up"))
		a.must(s.svc.Dispose(a.name, d.Call.Attempt, dialer.Result{Disposition: 2}))
		time.Sleep(4 * time.Second)
		a.page.Close()
		if records := s.end(); len(records) != 1 || records[0].Operator != a.name {
			t.Errorf("records %+v", records)
		}
	})
}

func TestOfWindowsThatConnectAtOnceAndTakeNothingOverOneHasTheSeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		var windows sync.WaitGroup
		var connected atomic.Int32
		for i := range 5 {
			page, err := headset.New(t.Context(), headset.Config{Network: s.net, Addr: fmt.Sprintf("10.0.4.%d:0", i+1)})
			a.must(err)
			t.Cleanup(page.Close)
			offer, err := page.Offer(false)
			a.must(err)
			windows.Go(func() {
				_, err := s.svc.ConnectBrowser(t.Context(), dialer.Window{Operator: a.name, Tab: fmt.Sprint("window", i), Offer: offer})
				switch {
				case err == nil:
					connected.Add(1)
				case !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "take over"):
					t.Error(err)
				}
			})
		}
		windows.Wait()
		if n := connected.Load(); n != 1 {
			t.Errorf("%d of 5 windows have the seat", n)
		}
		s.end()
	})
}

// TestADesktopIsToldThatItsOperatorIsReadyBeforeACampaignRuns: no floor says so then.
func TestADesktopIsToldThatItsOperatorIsReadyBeforeACampaignRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		_, err := s.svc.StopCampaign("spring", "none is to run")
		a.must(err)
		a.must(a.connect(false))
		a.test()
		for _, ready := range []bool{true, false, true} {
			synctest.Wait()
			events, cancel := s.svc.Subscribe()
			a.wish(ready, "")
			select {
			case e := <-events:
				if d := a.desktop(); e.Operator != a.name || (d.State == "ready") != ready {
					t.Errorf("told %+v, and the desktop is %s", e, d.State)
				}
			case <-time.After(time.Second):
				t.Errorf("ready %v, and nobody is told", ready)
			}
			cancel()
		}
		a.page.Close()
		s.end()
	})
}

// TestNobodyIsGivenToAnOperatorWhoHasNotBeenHeardForASecond loses microphones at
// times that have nothing to do with the calls, for spans that have not either:
// while an operator waits, is given a person, talks, and notes the result.
func TestNobodyIsGivenToAnOperatorWhoHasNotBeenHeardForASecond(t *testing.T) {
	t.Parallel()
	seeds := 4
	if raceEnabled || testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { losesMicrophones(t, rand.New(rand.NewPCG(uint64(seed), 7))) })
	}
}

func losesMicrophones(t *testing.T, r *rand.Rand) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 2, shiftConfig{contacts: 200, channels: 20, cps: 20, carrier: talker(), campaign: "pacing: {mode: power, ratio: 2}\nrecord: false\n"})
		type cut struct {
			operator string
			from, to time.Time
		}
		var cuts []cut
		for _, a := range seats {
			a.ready()
		}
		times := 40
		if raceEnabled || testing.Short() {
			times = 20
		}
		lostIn := map[string]int{}
		for range times {
			a := seats[r.IntN(2)]
			time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond)
			lostIn[a.desktop().State]++
			a.page.Unplug(true)
			c := cut{operator: a.name, from: time.Now()}
			time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond)
			a.page.Unplug(false)
			c.to = time.Now()
			cuts = append(cuts, c)
			for _, b := range seats { // whoever has a customer hangs up, so that the next one comes
				if d := b.desktop(); d.State == "talking" || d.State == "wrap-up" {
					_ = s.svc.HangUp(b.name, "", "") // gone already: as well
					if r.IntN(3) > 0 {
						_ = s.svc.Dispose(b.name, "", dialer.Result{Disposition: 2})
					}
				}
			}
		}
		for _, a := range seats {
			a.page.Close()
		}
		bridged := 0
		for _, r := range s.end() {
			if r.BridgedAt.IsZero() {
				continue
			}
			bridged++
			for _, c := range cuts {
				if r.Operator == c.operator && r.BridgedAt.After(c.from.Add(time.Second)) && r.BridgedAt.Before(c.to) {
					t.Errorf("%s was given a person %s after the microphone was lost", c.operator, r.BridgedAt.Sub(c.from))
				}
			}
		}
		if bridged < times/3 || len(lostIn) < 3 {
			t.Errorf("only %d people were given to anybody, and microphones lost in %v: the test has no race in it", bridged, lostIn)
		}
		t.Logf("%d people, %d cuts, in the states %v", bridged, len(cuts), lostIn)
	})
}

func TestACallbackIsPromisedForALegalTimeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The bubble begins at midnight UTC, two o'clock in Bucharest.
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), windows: "windows: {daily: [02:00-03:00, 09:00-12:00]}\n",
			campaign: progressive + "dispositions:\n  - {name: later, callback: 24h, ask: [callback]}\n"})
		a := seats[0]
		a.ready()
		d := a.until("talking", state("talking"))
		midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		if err := s.svc.Dispose(a.name, "", dialer.Result{Disposition: 1}); !errors.Is(err, dialer.ErrInput) {
			t.Errorf("without a time: %v", err)
		}
		if err := s.svc.Dispose(a.name, "", dialer.Result{Disposition: 1, CallbackAt: midnight.Add(5 * time.Hour)}); !errors.Is(err, dialer.ErrRefused) {
			t.Errorf("at seven in the morning: %v", err)
		}
		hours, err := s.svc.CallbackHours(a.name, d.Call.Attempt)
		if err != nil || hours.Zone != "Europe/Bucharest" || len(hours.Days) != 14 || len(hours.Days[0].Slots) != 48 {
			t.Fatalf("hours %+v %v", hours, err)
		}
		var legal []string
		for _, day := range hours.Days[:2] {
			for _, slot := range day.Slots {
				if slot.Legal {
					legal = append(legal, slot.Clock)
				}
			}
		}
		if got := strings.Join(legal, " "); got != "02:30 09:00 09:30 10:00 10:30 11:00 11:30 02:00 02:30 09:00 09:30 10:00 10:30 11:00 11:30" {
			t.Errorf("the calendar offers %s", got)
		}
		at := midnight.Add(8 * time.Hour)
		a.must(s.svc.Dispose(a.name, "", dialer.Result{Disposition: 1, CallbackAt: at}))
		a.must(s.svc.HangUp(a.name, "", ""))
		time.Sleep(10 * time.Second)
		p, err := s.svc.Store().Progress("spring", d.Call.Contact.ID)
		if err != nil || !p.NextTry.Equal(at) || !p.Rescheduled {
			t.Errorf("progress %+v %v", p, err)
		}
		a.page.Close()
		if r := s.end()[0]; !slices.Contains([]string{"later"}, r.Disposition) || r.ScriptAnswers["callback_at"] != at.Format(time.RFC3339) {
			t.Errorf("record %+v", r)
		}
	})
}

// A browser ends, and its window comes back, at one instant of the desk's own
// clock: whoever is first, the window has the seat afterwards.
func TestABrowserThatComesBackAsItsLegEndsKeepsTheSeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{channels: 1, cps: 1, campaign: progressive})
		a := seats[0]
		rounds := 30
		if testing.Short() {
			rounds = 5
		}
		for range rounds {
			looked := time.Now() // the desk looks each 200 ms from here
			a.must(a.connect(false))
			time.Sleep(time.Second)
			a.must(s.svc.DisconnectBrowser(a.name, a.tab))
			time.Sleep(time.Until(looked.Add(time.Since(looked).Truncate(200*time.Millisecond) + 200*time.Millisecond)))
			a.page.Close()
			a.must(a.connect(false))
			time.Sleep(time.Second)
			if !a.page.Connected() || !a.desktop().Sound.Heard {
				t.Fatal("the window that came back has lost the seat")
			}
			a.must(s.svc.DisconnectBrowser(a.name, a.tab))
			time.Sleep(2 * time.Second)
			a.page.Close()
		}
		s.end()
	})
}

// TestAQuotaByTheContactCountsTheCallsOfBefore has a first call counted from its record only:
// nobody had asked for the quota yet, as after a restart.
func TestAQuotaByTheContactCountsTheCallsOfBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 2, channels: 5, cps: 5, carrier: talker(),
			campaign: progressive + "dispositions:\n  - {name: done, final: true}\n" +
				"script:\n  steps:\n    - {name: greeting, questions: [{name: need, ask: Do you?, kind: one, of: [\"yes\", \"no\"]}]}\n    - {name: bye, end: true}\n    - {name: enough}\n    - {name: thanks, end: true}\n" +
				"  quotas: [{name: needy, when: 'need == \"yes\" && contact[\"list\"] != \"\"', limit: 1, to: enough}]\n"})
		a := seats[0]
		a.ready()
		d := a.until("talking", state("talking"))
		_, err := s.svc.Turn(a.name, d.Call.Attempt, dialer.Turn{Answers: map[string]string{"need": "yes"}})
		a.must(err)
		a.must(s.svc.HangUp(a.name, d.Call.Attempt, ""))
		a.until("in wrap-up", state("wrap-up"))
		a.must(s.svc.Dispose(a.name, d.Call.Attempt, dialer.Result{Disposition: 1}))
		first := d.Call.Attempt
		d = a.until("talking to the next", func(now dialer.Desktop) bool { return now.State == "talking" && now.Call.Attempt != first })
		time.Sleep(time.Minute) // the first has its record
		for _, want := range []string{"enough", "thanks"} {
			step, err := s.svc.Turn(a.name, d.Call.Attempt, dialer.Turn{From: a.desktop().Call.Script.Step, Go: "next", Answers: map[string]string{"need": "yes"}})
			if err != nil || step != want {
				t.Errorf("the script goes on to %q, %v; want %q", step, err, want)
			}
		}
		a.page.Close()
		s.end()
	})
}

// TestAQuotaStopsWhoAnswersLaterWhileTheFirstStillTalks has two operators come to the last place of a
// quota at once: the answer counts when it is given, not when its call has its record.
func TestAQuotaStopsWhoAnswersLaterWhileTheFirstStillTalks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 2, shiftConfig{contacts: 2, channels: 5, cps: 5, carrier: talker(),
			campaign: progressive + "dispositions:\n  - {name: done, final: true}\n" +
				"script:\n  steps:\n    - {name: greeting, questions: [{name: need, ask: 'Do **you**, {{name}}?', kind: one, of: [\"yes\", \"no\"], required: true}]}\n    - {name: bye, end: true}\n    - {name: enough, end: true}\n" +
				"  quotas: [{name: needy, when: 'need == \"yes\"', limit: 1, to: enough}]\n"})
		stand := func() campaign.SurveyQuota {
			v, err := s.svc.Survey("spring", time.Time{}, time.Time{})
			if err != nil || len(v.Quotas) != 1 {
				t.Fatalf("the survey says %+v, %v", v.Quotas, err)
			}
			return v.Quotas[0]
		}
		attempts := []string{}
		for _, a := range seats {
			a.ready()
			a.page.Hum(sentence()) // who hears nobody hangs up
			attempts = append(attempts, a.until("talking", state("talking")).Call.Attempt)
		}
		turn := func(i int, where, answer string) (string, error) {
			return s.svc.Turn(seats[i].name, attempts[i], dialer.Turn{From: "greeting", Go: where, Answers: map[string]string{"need": answer}})
		}
		if _, err := turn(0, "next", ""); err == nil || !strings.HasSuffix(err.Error(), "answered: Do you, Contact 0?") && !strings.HasSuffix(err.Error(), "answered: Do you, Contact 1?") {
			t.Errorf("an operator is told %v", err)
		}
		for _, step := range []struct {
			desk         int
			answer, want string
		}{{0, "yes", "bye"}, {1, "yes", "enough"}} {
			if got, err := turn(step.desk, "next", step.answer); err != nil || got != step.want {
				t.Errorf("desk %d goes on to %q, %v; want %q", step.desk, got, err, step.want)
			}
		}
		if got := stand(); got != (campaign.SurveyQuota{Name: "needy", Limit: 1, Live: 2}) {
			t.Errorf("while both talk the quota is %+v", got)
		}
		// The first takes the answer back: the place is the other's.
		_, err := turn(0, "", "no")
		seats[0].must(err)
		_, err = s.svc.Turn(seats[1].name, attempts[1], dialer.Turn{From: "enough", Go: "back"})
		seats[1].must(err)
		if got, err := turn(1, "next", "yes"); err != nil || got != "bye" {
			t.Errorf("the place that was left is not given: %q, %v", got, err)
		}
		for i, a := range seats {
			a.wish(false, "break")
			a.must(s.svc.HangUp(a.name, attempts[i], ""))
			a.until("in wrap-up", state("wrap-up"))
			a.must(s.svc.Dispose(a.name, attempts[i], dialer.Result{Disposition: 1}))
		}
		time.Sleep(time.Minute)
		if got := stand(); got != (campaign.SurveyQuota{Name: "needy", Limit: 1, Count: 1}) {
			t.Errorf("afterwards the quota is %+v", got)
		}
		for _, a := range seats {
			a.page.Close()
		}
		s.end()
	})
}

func TestAnotherReasonOfNotBeingReadyIsShownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		if err := a.connect(false); err != nil {
			t.Fatal(err)
		}
		a.until("on the campaign", func(d dialer.Desktop) bool { return d.Campaign != "" && d.State == "not-ready" })
		events, cancel := s.svc.Subscribe()
		defer cancel()
		for _, reason := range []string{"lunch", "break"} {
			synctest.Wait()
			for len(events) > 0 {
				<-events
			}
			a.wish(false, reason)
			synctest.Wait()
			told := false
			for len(events) > 0 {
				e := <-events
				told = told || e.Operator == a.name
			}
			if d := a.desktop(); !told || d.Reason != reason {
				t.Errorf("the page hears of %s: %t; the reason is %q", reason, told, d.Reason)
			}
		}
		a.page.Close()
		s.end()
	})
}

func TestATestOfAHeadsetThatIsLeftIsNotGoingOnForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seats := newCentre(t, 1, shiftConfig{contacts: 1, channels: 5, cps: 5, carrier: talker(), campaign: progressive})
		a := seats[0]
		if err := a.connect(false); err != nil {
			t.Fatal(err)
		}
		ctx, reload := context.WithTimeout(t.Context(), 300*time.Millisecond) // of the page
		defer reload()
		if _, err := s.svc.TestHeadset(ctx, a.name, a.tab, time.Second); err == nil {
			t.Error("a test that was left has a result")
		}
		if d := a.desktop(); d.Reason != "headset not tested" || d.Headset != nil {
			t.Errorf("afterwards the operator is not ready because of %q, headset %+v", d.Reason, d.Headset)
		}
		if h := a.test(); !h.OK || a.desktop().Reason != "headset tested" {
			t.Errorf("the next test: %+v", h)
		}
		a.page.Close()
		s.end()
	})
}

// TestQuotasOfTwoVersionsAreCountedEachByItsOwn: while a call still goes by the version before, and
// has its quotas counted, those of the new one are not lost.
func TestQuotasOfTwoVersionsAreCountedEachByItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asking := func(quota string) string {
			return progressive + "dispositions:\n  - {name: done, final: true}\n" +
				"script:\n  steps:\n    - {name: greeting, questions: [{name: need, ask: Do you?, kind: one, of: [\"yes\", \"no\"]}]}\n    - {name: bye, end: true}\n    - {name: enough, end: true}\n" +
				"  quotas: [{name: " + quota + ", when: 'need == \"yes\"', limit: 1, to: enough}]\n"
		}
		s, seats := newCentre(t, 1, shiftConfig{contacts: 2, channels: 5, cps: 5, carrier: talker(), campaign: asking("needy")})
		a, before := seats[0], ""
		a.ready()
		for _, want := range []string{"bye", "enough"} {
			d := a.until("talking", func(now dialer.Desktop) bool { return now.State == "talking" && now.Call.Attempt != before })
			if before != "" { // with a call of the first version
				_, _, err := s.svc.ApplyCampaign([]byte(campaignHead + "windows: {daily: 00:00-24:00}\n" + asking("wanting")))
				a.must(err)
			}
			before = d.Call.Attempt
			step, err := s.svc.Turn(a.name, before, dialer.Turn{From: "greeting", Go: "next", Answers: map[string]string{"need": "yes"}})
			if err != nil || step != want {
				t.Errorf("the script goes on to %q, %v; want %q", step, err, want)
			}
			if want == "enough" {
				a.wish(false, "break")
			}
			a.must(s.svc.HangUp(a.name, before, ""))
			a.until("in wrap-up", state("wrap-up"))
			a.must(s.svc.Dispose(a.name, before, dialer.Result{Disposition: 1}))
		}
		time.Sleep(time.Minute)
		v, err := s.svc.Survey("spring", time.Time{}, time.Time{})
		if want := []campaign.SurveyQuota{{Name: "wanting", Limit: 1, Count: 2}}; err != nil || !slices.Equal(v.Quotas, want) {
			t.Errorf("the quotas are %+v, %v; want %+v", v.Quotas, err, want)
		}
		a.page.Close()
		s.end()
	})
}
