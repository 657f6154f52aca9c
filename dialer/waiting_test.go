package dialer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"apel/dialer/floor"
	"apel/dialer/lab"
	"apel/pacing"
)

func TestWhatOperatorsWaitedAndWhyOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 400, channels: 10, cps: 5, carrier: answers(lab.Busy),
			campaign: "pacing: progressive\nrecord: false\n"})
		began := time.Now()
		time.Sleep(10*time.Minute + 30*time.Second)
		if _, err := s.svc.PauseCampaign("spring", ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		st, err := s.svc.CampaignStatus("spring", true)
		if err != nil {
			t.Fatal(err)
		}
		ready, paused := 2*time.Since(began), st.Waits.Part(floor.Paused)
		if got := st.Waits.Total(); got > ready || got < ready-time.Minute {
			t.Errorf("two operators who never talked waited %s in %s: %v", got, ready, st.Waits)
		}
		if paused < 9*time.Minute || paused > 10*time.Minute || st.Waits.Part(pacing.OnRinging) < 10*time.Minute {
			t.Errorf("the causes are %v", st.Waits)
		}
		if len(st.Decisions) == 0 {
			t.Error("no decision was kept")
		}
		s.end()
		s.open()
		defer s.svc.Close()
		after, err := s.svc.CampaignStatus("spring", false)
		if err != nil {
			t.Fatal(err)
		}
		if d := after.Waits.Total() - st.Waits.Total(); d < -2*time.Millisecond || d > 5*time.Minute { // whole milliseconds are kept
			t.Errorf("after the restart %s are known, before it %s were", after.Waits.Total(), st.Waits.Total())
		}
		by, err := s.svc.Waited("spring", time.Time{}, time.Time{})
		if err != nil || len(by) != 2 || by["op00"].Total()+by["op01"].Total() != after.Waits.Total() {
			t.Errorf("by operator: %v %v", by, err)
		}
	})
}
