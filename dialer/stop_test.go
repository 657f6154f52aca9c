package dialer_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"apel/dialer/lab"
)

func TestAStopWaitsNoLongerForATrunkThatIsSilentThanForPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 50, channels: 5, cps: 5, carrier: answers(lab.NoAnswer), campaign: "pacing: progressive\nrecord: false\n"})
		time.Sleep(10 * time.Second)
		s.net.Cut(netip.MustParseAddr("10.0.0.2"))
		time.Sleep(20 * time.Second) // new INVITEs go into silence
		began := time.Now()
		s.stop()
		if err := <-s.ran; err != nil {
			t.Error(err)
		}
		if d := time.Since(began); d > 12*time.Second {
			t.Errorf("the stop took %s with a grace of 5 s", d)
		}
		if live, err := s.svc.Store().Live(); err != nil || len(live) > 0 {
			t.Errorf("%d attempts are live: %v", len(live), err)
		}
		for _, p := range s.phones {
			p.Close()
		}
		s.carrier.Close()
		s.svc.Close()
	})
}
