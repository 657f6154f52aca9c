package dialer_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"apel/dialer"
	"apel/dialer/lab"
	"apel/media"
)

// awayDesks are desks whose customer was handed over to somebody outside.
func awayDesks(t *testing.T, other ...func(*shiftConfig)) *desks {
	t.Helper()
	d := newDesks(t, "", other...)
	d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Number: billing, Blind: true}))
	d.ann.until("in wrap-up", state("wrap-up"))
	return d
}

func TestAStopWithinTheTimeOfTakingBackEndsTheTwoWhoTalkOutside(t *testing.T) {
	t.Parallel()
	times := 5 // a coin is tossed each time, of what is heard first
	if raceEnabled || testing.Short() {
		times = 2
	}
	for range times {
		synctest.Test(t, func(t *testing.T) {
			d := awayDesks(t, func(c *shiftConfig) { c.abrupt = true })
			d.ann.must(d.s.svc.Dispose(d.ann.name, d.attempt, dialer.Result{Disposition: 2}))
			d.ann.until("done with it", func(now dialer.Desktop) bool { return now.State != "wrap-up" })
			var busy sync.WaitGroup
			busy.Go(func() { _ = d.s.svc.Occupy(d.ann.name, time.Second) }) // what a stop says comes all at once then
			time.Sleep(500 * time.Millisecond)
			d.s.stop()
			time.Sleep(5 * time.Second)
			busy.Wait()
			for _, number := range []string{theCustomer, billing[1:]} {
				if seen := d.seen(number); seen.EndedBy != "caller" {
					t.Errorf("%s was ended by %q", number, seen.EndedBy)
					d.s.carrier.HangUp(number)
				}
			}
			d.end()
		})
	}
}

func TestTheRecordingGoesOnWhenTheCustomerIsHandedOverOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := awayDesks(t)
		time.Sleep(20 * time.Second)
		d.hangUp(theCustomer)
		ended := time.Now()
		r := d.end()
		sides, err := media.ReadWAV(filepath.Join(d.s.cfg.Data, r.Recording))
		if err != nil || len(r.RecordingSHA256) != 64 {
			t.Fatalf("record %+v: %v", r, err)
		}
		if got, want := time.Duration(len(sides[0]))*time.Second/media.SampleRate, ended.Sub(r.AnsweredAt); got < want-2*time.Second || got > want+2*time.Second {
			t.Errorf("the recording lasts %s, the time since the answer %s", got, want)
		}
		last := 5 * media.SampleRate
		if c, o := power(sides[0][len(sides[0])-last:], customerHz), power(sides[1][len(sides[1])-last:], outsideHz); c < .2 || o < .2 {
			t.Errorf("at its end the customer is heard with %.2f, and who is outside with %.2f", c, o)
		}
	})
}

func TestWhoIsOutsideAndAnswersNoByeHoldsUpNoRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesks(t, "", func(c *shiftConfig) {
			c.carrier.Persona = func(number string, n int) lab.Persona {
				p := others(number, n)
				p.DeafToBye = strings.HasSuffix(number, billing[1:])
				return p
			}
		})
		s, a, attempt := d.s, d.ann, d.attempt
		a.must(s.svc.Transfer(a.name, attempt, dialer.Transfer{Number: billing}))
		a.until("answered", func(now dialer.Desktop) bool { return now.Call.Consult != nil && now.Call.Consult.Stage == "talking" })
		if !s.carrier.HangUp(theCustomer) {
			t.Fatal("no customer")
		}
		a.until("in wrap-up", state("wrap-up"))
		hungUp := time.Now()
		a.must(s.svc.Dispose(a.name, attempt, dialer.Result{Disposition: 2}))
		for range 600 {
			if live, err := s.svc.Store().Live(); err == nil && len(live) == 0 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(hungUp); took > 8*time.Second {
			t.Errorf("the record was made after %s", took)
		}
		if h := handings(t, d.end()); h[0].EndedBy != "dialer" || h[0].EndedAt.Before(hungUp.Add(-time.Second)) || h[0].EndedAt.After(hungUp.Add(time.Second)) || h[0].SIPStatus != 200 {
			t.Errorf("the call outside is recorded as %+v, after %s", h[0], hungUp)
		}
	})
}

func TestNobodyOutsideIsCalledWhomTheStoreCannotKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesks(t, "")
		var broken atomic.Bool
		broken.Store(true)
		d.s.svc.Noting(func() error {
			if broken.Load() {
				return errors.New("the disk says no")
			}
			return nil
		})
		_ = d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Number: billing})
		d.ann.until("back with the customer", func(now dialer.Desktop) bool { return now.Call.ConsultEnd == "not-reached" })
		d.mustHear(d.ann, customerHz)
		if got := d.seen(billing[1:]); got.Number != "" {
			t.Errorf("it was called: %+v", got)
		}
		broken.Store(false)
		d.ann.must(d.s.svc.Transfer(d.ann.name, d.attempt, dialer.Transfer{Number: billing}))
		d.ann.until("answered", func(now dialer.Desktop) bool { return now.Call.Consult != nil && now.Call.Consult.Stage == "talking" })
		d.end()
	})
}
