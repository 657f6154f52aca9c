package dialer_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
	"apel/media"
)

// travel is what a message may take from us to the carrier in these tests.
const travel = 20 * time.Millisecond

func answers(k lab.Kind) lab.CarrierConfig {
	return lab.CarrierConfig{Population: nil, Persona: lab.NewPopulation(lab.PopulationConfig{Seed: 5, Kinds: map[lab.Kind]float64{k: 1},
		Turn: slow, Ring: lab.Law{Mean: 4 * time.Second, Spread: .5, Least: time.Second}}).Persona}
}

func TestANumberIsNotDialedOnceItsDoNotCallEntryIsAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 4, contacts: 600, channels: 40, cps: 20, carrier: answers(lab.Busy), campaign: "pacing: {mode: power, ratio: 4}\nrecord: false\n"})
		acked := map[string]time.Time{}
		rng := rand.New(rand.NewPCG(1, 1))
		for range 200 {
			time.Sleep(time.Duration(rng.IntN(600)) * time.Millisecond)
			phone := fmt.Sprintf("+407%08d", 20000000+rng.IntN(600))
			if _, err := s.svc.Suppress(t.Context(), []contactdb.Suppression{{Phone: phone, Reason: "asked", Source: "test", AddedAt: time.Now()}}); err != nil {
				t.Fatal(err)
			}
			if _, ok := acked[phone]; !ok {
				acked[phone] = time.Now()
			}
		}
		time.Sleep(10 * time.Minute)
		s.end()
		after, before := 0, 0
		for _, seen := range s.carrier.Seen() {
			if at, ok := acked[seen.Number]; ok {
				before++
				if seen.At.After(at.Add(travel)) {
					after++
					t.Errorf("%s was dialed %s after its entry was acknowledged", seen.Number, seen.At.Sub(at))
				}
			}
		}
		if before == 0 {
			t.Error("no suppressed number was ever dialed before: the test has no race in it")
		}
	})
}

func TestNoInviteLeavesOutsideTheCallWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The bubble begins at midnight UTC: two o'clock in Bucharest.
		s := newShift(t, shiftConfig{operators: 3, contacts: 900, channels: 30, cps: 1, carrier: answers(lab.Busy),
			campaign: "pacing: {mode: power, ratio: 5}\nrecord: false\n", windows: "windows: {daily: [02:00-02:05, 02:20-02:25]}\n"})
		time.Sleep(30 * time.Minute)
		s.end()
		place, err := time.LoadLocation("Europe/Bucharest")
		if err != nil {
			t.Fatal(err)
		}
		periods := map[int]int{}
		for _, seen := range s.carrier.Seen() {
			local := seen.At.In(place)
			since := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
			open := local.Hour() == 2 && (since < 5*time.Minute+travel || since >= 20*time.Minute && since < 25*time.Minute+travel)
			if !open {
				t.Errorf("an INVITE arrived at %s", seen.At.In(place).Format("15:04:05.000"))
			}
			periods[local.Minute()/20]++
		}
		if periods[0] == 0 || periods[1] == 0 {
			t.Errorf("calls in the two windows: %v", periods)
		}
	})
}

func TestACustomerWhoseOperatorsPhoneIsLostIsNotLeftInSilence(t *testing.T) {
	for name, fault := range map[string]lab.PhoneFaults{
		"the phone forgets its call": {Drop: 40 * time.Second},
		"the phone is mute":          {Mute: 40 * time.Second},
		"the operator hangs up":      {Bye: 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.Hello), campaign: "pacing: progressive\n",
					phone: func(_ int, p *lab.PhoneConfig) { p.Faults, p.Talk = fault, lab.Law{Mean: 10 * time.Minute} }})
				time.Sleep(3 * time.Minute)
				records := s.end()
				if len(records) != 1 || records[0].BridgedAt.IsZero() {
					t.Fatalf("records %+v", records)
				}
				seen := s.carrier.Seen()[0]
				if seen.Ended.IsZero() || seen.EndedBy != "caller" {
					t.Fatalf("the customer was left on the line: %+v", seen)
				}
				lost := 45 * time.Second // legs come up within five seconds of the start
				if d := seen.Ended.Sub(seen.At); d > lost+20*time.Second {
					t.Errorf("the customer was let go after %s", d)
				}
				if quiet := seen.Ended.Sub(seen.LastHeard); quiet > 3*time.Second {
					t.Errorf("the last that the customer heard was %s before the end: no message was played", quiet)
				}
			})
		})
	}
}

func TestACustomerGoesOnWithAnotherOperatorWhenOneIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.Hello), campaign: "pacing: progressive\n",
			phone: func(i int, p *lab.PhoneConfig) {
				p.Talk = lab.Law{Mean: 90 * time.Second}
				if i == 0 {
					p.Faults.Drop = 30 * time.Second
				}
			}})
		time.Sleep(5 * time.Minute)
		records := s.end()
		if len(records) != 1 || records[0].Operator != "op01" || records[0].Outcome != contactdb.Human {
			t.Errorf("records %+v", records)
		}
	})
}

func TestPauseResumeDrainAndStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 3, contacts: 500, channels: 20, cps: 10, campaign: "pacing: progressive\nrecord: false\n"})
		calls := func() int { return len(s.carrier.Seen()) }
		time.Sleep(2 * time.Minute)
		if calls() == 0 {
			t.Fatal("nothing is dialed")
		}
		must := func(c contactdb.Campaign, err error) contactdb.Campaign {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if c := must(s.svc.PauseCampaign("spring", "the script has a mistake")); c.Reason != "the script has a mistake" {
			t.Errorf("it is paused because of %q", c.Reason)
		}
		time.Sleep(time.Second)
		n := calls()
		time.Sleep(5 * time.Minute)
		if calls() != n {
			t.Error("a paused campaign dials")
		}
		if _, err := s.svc.PauseCampaign("spring", ""); !errors.Is(err, contactdb.ErrState) || !strings.Contains(err.Error(), "campaign resume spring") {
			t.Errorf("pausing twice says %v", err)
		}
		must(s.svc.ResumeCampaign("spring"))
		time.Sleep(2 * time.Minute)
		if calls() == n {
			t.Error("a resumed campaign does not dial")
		}
		must(s.svc.DrainCampaign("spring", ""))
		time.Sleep(time.Second)
		n = calls()
		time.Sleep(20 * time.Minute)
		if c := must(s.svc.Store().Campaign("spring")); c.State != contactdb.Done || calls() != n {
			t.Errorf("a drained campaign is %s and made %d calls", c.State, calls()-n)
		}
		must(s.svc.StartCampaign("spring"))
		time.Sleep(time.Minute)
		must(s.svc.StopCampaign("spring", ""))
		time.Sleep(20 * time.Minute)
		st, err := s.svc.CampaignStatus("spring", false)
		if err != nil || st.Lines != 0 || st.State != contactdb.Done {
			t.Errorf("after a stop: %+v %v", st, err)
		}
		s.end()
	})
}

// Calls that wait for their trunk's turn are not sent any more.
func TestNoInviteLeavesOnceAPauseIsAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 3, contacts: 500, channels: 30, cps: 1, carrier: answers(lab.Busy), campaign: "pacing: {mode: power, ratio: 5}\nrecord: false\n"})
		time.Sleep(20 * time.Second)
		for range 20 {
			time.Sleep(5300 * time.Millisecond)
			if _, err := s.svc.PauseCampaign("spring", ""); err != nil {
				t.Fatal(err)
			}
			acked := time.Now()
			time.Sleep(10 * time.Second)
			for _, seen := range s.carrier.Seen() {
				if seen.At.After(acked.Add(travel)) {
					t.Fatalf("%s was dialed %s after the pause", seen.Number, seen.At.Sub(acked))
				}
			}
			if _, err := s.svc.ResumeCampaign("spring"); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(s.carrier.Seen()); n < 50 {
			t.Errorf("%d calls: the test has nothing to pause", n)
		}
		s.end()
	})
}

func TestAServiceThatIsStoppedGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 3, contacts: 800, channels: 20, cps: 10, population: lab.PopulationConfig{Seed: 3, Kinds: map[lab.Kind]float64{lab.LateAnswer: 1, lab.Hello: 4}},
			campaign: "pacing: progressive\nrecord: false\nring-time: 8s\n"})
		time.Sleep(12 * time.Minute)
		s.stop()
		if err := <-s.ran; err != nil {
			t.Fatal(err)
		}
		before, err := s.svc.CampaignStatus("spring", false)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.svc.Close(); err != nil {
			t.Fatal(err)
		}
		n := len(s.carrier.Seen())
		s.open()
		s.run()
		after, err := s.svc.CampaignStatus("spring", false)
		if err != nil {
			t.Fatal(err)
		}
		if after.State != contactdb.Running || after.Window.Abandoned != before.Window.Abandoned || after.Window.LiveAnswers != before.Window.LiveAnswers || before.Window.Abandoned == 0 {
			t.Errorf("before the stop %s with %+v, after it %s with %+v", before.State, before.Window, after.State, after.Window)
		}
		time.Sleep(3 * time.Minute)
		if len(s.carrier.Seen()) == n {
			t.Error("after the restart nothing is dialed")
		}
		s.end()
	})
}

func TestNothingIsLeasedForATrunkThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 100, channels: 20, cps: 10, carrier: answers(lab.Busy), campaign: "pacing: progressive\nrecord: false\n"})
		time.Sleep(time.Minute)
		s.net.Cut(netip.MustParseAddr("10.0.0.2"))
		time.Sleep(3 * time.Minute) // the trunk is found out, calls into it end
		count := func() (n int) {
			for _, err := range s.svc.Store().Records(contactdb.RecordFilter{}) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			return n
		}
		n := count()
		time.Sleep(10 * time.Minute)
		if got := count(); got != n {
			t.Errorf("%d attempts were used up on a trunk that is down", got-n)
		}
		s.net.Mend()
		time.Sleep(3 * time.Minute)
		if count() == n {
			t.Error("the trunk is back and nothing is dialed")
		}
		s.end()
	})
}

func TestARecordingHoldsBothVoicesAndItsHash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.Hello), campaign: "pacing: progressive\n",
			phone: func(_ int, p *lab.PhoneConfig) { p.Talk = lab.Law{Mean: 30 * time.Second} }})
		time.Sleep(5 * time.Minute)
		r := s.end()[0]
		if r.Recording == "" || len(r.RecordingSHA256) != 64 {
			t.Fatalf("record %+v", r)
		}
		sides, err := media.ReadWAV(filepath.Join(s.cfg.Data, r.Recording))
		if err != nil || len(sides) != 2 {
			t.Fatalf("%d sides, %v", len(sides), err)
		}
		for i, side := range sides {
			loud := 0
			for _, v := range side {
				if v > 1000 || v < -1000 {
					loud++
				}
			}
			if loud < 2000 {
				t.Errorf("side %d has %d loud samples of %d: nobody speaks there", i, loud, len(side))
			}
		}
		if got, want := time.Duration(len(sides[0]))*time.Second/media.SampleRate, r.BridgedAt.Sub(r.AnsweredAt)+time.Duration(r.TalkMS)*time.Millisecond; got < want-time.Second || got > want+time.Second {
			t.Errorf("the recording lasts %s, the time since the answer %s", got, want)
		}
	})
}

func TestAChangedDefinitionIsGoneByAtTheNextDecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 500, channels: 20, cps: 10, carrier: answers(lab.Busy), campaign: "pacing: progressive\nrecord: false\n"})
		time.Sleep(time.Minute)
		changed := time.Now()
		if _, _, err := s.svc.ApplyCampaign([]byte(strings.Replace(campaignHead, "+40312345678", "+40312345679", 1) + "windows: {daily: 00:00-24:00}\npacing: progressive\nrecord: false\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if _, err := s.svc.SelectVersion("spring", 1); err != nil {
			t.Fatal(err)
		}
		back := time.Now()
		time.Sleep(time.Minute)
		for _, r := range s.end() {
			want, id := 1, "+40312345678"
			if r.PlacedAt.After(changed) && r.PlacedAt.Before(back) {
				want, id = 2, "+40312345679"
			}
			if near := r.PlacedAt.Sub(changed).Abs() < time.Second || r.PlacedAt.Sub(back).Abs() < time.Second; !near && (r.CampaignVersion != want || r.CallerID != id) {
				t.Errorf("a call at %s went by version %d and showed %s", r.PlacedAt, r.CampaignVersion, r.CallerID)
			}
		}
	})
}

func TestASecondServiceOnTheSameDataIsRefused(t *testing.T) {
	dir := t.TempDir()
	first, err := dialer.Open(dialer.Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := dialer.Open(dialer.Config{Data: dir}); !errors.Is(err, contactdb.ErrInUse) {
		t.Errorf("error %v, want ErrInUse", err)
	}
}

func TestASlowSubscriberIsDroppedAndNeverWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 900, channels: 20, cps: 20, carrier: answers(lab.Busy), campaign: "pacing: {mode: power, ratio: 5}\nrecord: false\n"})
		slow, cancel := s.svc.Subscribe()
		defer cancel()
		time.Sleep(30 * time.Minute)
		n := 0
		for range slow { // closed: else this would wait for ever
			n++
		}
		if n == 0 || len(s.carrier.Seen()) < 500 {
			t.Errorf("%d events kept, %d calls made", n, len(s.carrier.Seen()))
		}
		s.end()
	})
}
