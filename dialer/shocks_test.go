package dialer_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/floor"
	"apel/dialer/lab"
)

var (
	shockSeeds = flag.Int("shock-seeds", 1, "shifts with shocks, each of another seed")
	shockFirst = flag.Uint64("shock-first", 1, "the first seed")
)

const shocked = `detector: {off: true}
record: false
wrap-up: 15s
ring-time: 15s
manual: true
attempts: {max: 3, per-day: 9, retry: {no-answer: 2m, busy: 1m, cancelled: 1m, interrupted: 1m, abandoned: 2m}}
transfer:
  numbers: [{name: Billing, number: "` + billing + `"}, {name: Busy, number: "` + busy + `"}]
`

// TestNothingIsLostOrDoubledWhateverHappens plays half an hour of two campaigns
// that lend each other their operators, in which legs and the trunk are lost,
// campaigns paused, drained and stopped, the store fails, and operators do
// whatever they may, and some things that they may not, at any moment.
func TestNothingIsLostOrDoubledWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range *shockSeeds {
		seed := *shockFirst + uint64(seed)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newShocks(t, rand.New(rand.NewPCG(seed, 11))).play() })
		})
	}
}

// shocks is a centre, and what befalls it.
type shocks struct {
	*shift
	r      *rand.Rand
	broken *atomic.Bool
	others sync.WaitGroup // what operators do beside each other
	did    map[string]int

	mu   sync.Mutex // guards busy
	busy map[*floor.Floor]map[string]string
}

func newShocks(t *testing.T, r *rand.Rand) *shocks {
	k := &shocks{r: r, did: map[string]int{}, busy: map[*floor.Floor]map[string]string{}}
	k.shift = newShift(t, shiftConfig{operators: 8, contacts: 400, channels: 12, cps: 5, campaign: "pacing: {mode: power, ratio: 2}\n" + shocked,
		population: lab.PopulationConfig{Seed: r.Uint64(), Talk: lab.Law{Mean: 30 * time.Second, Spread: .6, Least: time.Second}, Ring: lab.Law{Mean: 6 * time.Second, Spread: .5, Least: time.Second}},
		phone: func(_ int, p *lab.PhoneConfig) {
			p.Talk, p.Wrap = lab.Law{Mean: 25 * time.Second}, lab.Law{Mean: 5 * time.Second}
		},
		before: func(s *shift) {
			k.broken = unwritable(s)
			s.svc.Inspect(k.inspect)
		}})
	k.allow = []string{"the 200 was never acknowledged", // by who was cut off until then
		"a second INVITE for a number with a live call " + billing, "a second INVITE for a number with a live call " + busy, // two operators may ask there
		"a connect tone while a customer is on the line", // of who was asked, and takes the customer
		"an INVITE while the leg is up"}                  // somebody wants the phone called that was cut off
	other := strings.NewReplacer("name: spring", "name: summer").Replace(campaignHead) + "windows: {daily: 00:00-24:00}\npacing: predictive\n" + shocked
	if _, _, err := k.svc.ApplyCampaign([]byte(other)); err != nil {
		t.Fatal(err)
	}
	if _, err := k.svc.StartCampaign("summer"); err != nil {
		t.Fatal(err)
	}
	return k
}

// inspect holds to it, beside what every shift is held to, that nobody has calls
// on two floors.
func (k *shocks) inspect(f *floor.Floor) {
	k.shift.inspect(f)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy[f] = f.Busy()
	for other, busy := range k.busy {
		for operator, call := range k.busy[f] {
			if second := busy[operator]; other != f && second != "" {
				k.t.Errorf("%s has call %s on one floor and %s on another", operator, call, second)
			}
		}
	}
}

func (k *shocks) chance(of int) bool { return k.r.IntN(of) == 0 }

func (k *shocks) someone() string { return fmt.Sprintf("op%02d", k.r.IntN(8)) }

func (k *shocks) some(most time.Duration) time.Duration {
	return time.Duration(k.r.Int64N(int64(most)))
}

func (k *shocks) play() {
	length := 30 * time.Minute
	if raceEnabled || testing.Short() {
		length = 6 * time.Minute
	}
	for until := time.Now().Add(length); time.Now().Before(until); {
		time.Sleep(k.some(3 * time.Second))
		switch n := k.r.IntN(100); {
		case n < 4:
			k.cut(netip.AddrFrom4([4]byte{10, 0, 1, byte(1 + k.r.IntN(8))}), 12*time.Second)
		case n < 6:
			k.cut(netip.MustParseAddr("10.0.0.2"), 15*time.Second)
		case n < 14:
			k.campaign()
		case n < 16:
			k.did["the store fails"]++
			k.broken.Store(true)
			time.Sleep(k.some(4 * time.Second))
			k.broken.Store(false)
			k.resume()
		default:
			k.operator()
		}
	}
	k.net.Mend()
	k.others.Wait()
	k.resume()
	time.Sleep(time.Minute)
	records := k.end()
	if n := count(records); n[contactdb.Human] < int(length/time.Minute) {
		k.t.Errorf("hardly anybody was talked to: %v, after %v", n, k.did)
	}
	k.t.Logf("%v, after %v", count(records), k.did)
	for _, r := range records {
		switch {
		case r.EndedAt.IsZero(), r.EndedAt.Before(r.PlacedAt), !r.BridgedAt.IsZero() && r.Operator == "", r.TalkMS < 0, r.WrapMS < 0:
			k.t.Errorf("record %+v", r)
		}
	}
}

func (k *shocks) cut(host netip.Addr, most time.Duration) {
	k.did["cut off "+host.String()[:7]]++
	k.net.Cut(host)
	time.Sleep(k.some(most))
	k.net.Mend()
}

func (k *shocks) campaign() {
	name := []string{"spring", "summer"}[k.r.IntN(2)]
	what := k.r.IntN(4)
	k.did[[]string{"paused", "drained", "stopped", "changed"}[what]]++
	switch what {
	case 0:
		_, _ = k.svc.PauseCampaign(name, "a shock") // in whatever state it is
	case 1:
		_, _ = k.svc.DrainCampaign(name, "a shock")
	case 2:
		_, _ = k.svc.StopCampaign(name, "a shock")
	case 3:
		mode := []string{"progressive", "predictive", "preview", "{mode: power, ratio: 3}"}[k.r.IntN(4)]
		if _, _, err := k.svc.ApplyCampaign([]byte(strings.Replace(campaignHead, "name: spring", "name: "+name, 1) + "windows: {daily: 00:00-24:00}\npacing: " + mode + "\n" + shocked)); err != nil {
			k.t.Error(err)
		}
	}
	time.Sleep(k.some(10 * time.Second))
	k.resume()
}

// resume has both campaigns run again.
func (k *shocks) resume() {
	for _, name := range []string{"spring", "summer"} {
		if _, err := k.svc.ResumeCampaign(name); err != nil {
			_, _ = k.svc.StartCampaign(name) // not while it ends
		}
	}
}

// operator does something at somebody's desk, without waiting for it.
func (k *shocks) operator() {
	who, other, yes, key := k.someone(), k.someone(), k.chance(2), k.r.IntN(9)
	side := []dialer.Side{"", dialer.OfCustomer, dialer.OfOther}[k.r.IntN(3)]
	to := []dialer.Transfer{{Operator: other, Blind: yes}, {Anyone: true, Blind: yes}, {Team: "a", Blind: yes}, {Number: "Billing", Blind: yes}, {Number: "Busy"}}[k.r.IntN(5)]
	live := k.svc.LiveCalls()
	names := []string{"transfer", "hand over", "end consult", "conference", "hang up", "hold", "mute", "press", "dispose", "take back", "ready", "supervisor hangs up", "dial", "accept", "skip", "suppress"}
	what := names[k.r.IntN(len(names))]
	if k.chance(3) {
		what = "transfer"
	}
	var attempt, phone string
	if len(live) > 0 {
		c := live[k.r.IntN(len(live))]
		attempt, phone = c.Attempt, c.Phone
	}
	number := fmt.Sprintf("+407%08d", 20000000+k.r.IntN(400))
	k.did[what]++
	k.others.Go(func() {
		var err error
		switch what {
		case "transfer":
			err = k.svc.Transfer(who, "", to)
		case "hand over":
			err = k.svc.HandOver(who, "")
		case "end consult":
			err = k.svc.EndConsult(who, "")
		case "conference":
			err = k.svc.Conference(who, "", yes)
		case "hang up":
			err = k.svc.HangUp(who, "", side)
		case "hold":
			err = k.svc.Hold(who, "", yes)
		case "mute":
			err = k.svc.Mute(who, "", yes)
		case "press":
			err = k.svc.Press(who, "", "12", side)
		case "dispose":
			err = k.svc.Dispose(who, "", dialer.Result{Disposition: key + 1})
		case "take back":
			err = k.svc.TakeBack(who, "")
		case "ready":
			_, err = k.svc.SetOperatorReady(who, yes, "a shock")
		case "supervisor hangs up":
			_, err = k.svc.HangUpCall(attempt)
		case "dial":
			_, err = k.svc.Dial(who, number)
		case "accept":
			_, err = k.svc.AcceptPreview(who, "")
		case "skip":
			_, err = k.svc.SkipPreview(who, "", "a shock")
		case "suppress":
			if yes && phone != "" {
				_, err = k.svc.Suppress(k.t.Context(), []contactdb.Suppression{{Phone: phone, Reason: "a shock", Source: "test", AddedAt: time.Now()}})
			}
		}
		if err == nil {
			return
		}
		for _, known := range []error{contactdb.ErrState, contactdb.ErrNotFound, dialer.ErrInput, dialer.ErrRefused} {
			if errors.Is(err, known) {
				return
			}
		}
		if !strings.Contains(err.Error(), "the store says no") {
			k.t.Errorf("%s: %v", what, err)
		}
	})
}
