package dialer_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apel/dialer/lab"
)

func TestTheOperatorsOfAPausedCampaignAreLentAndComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 200, channels: 10, cps: 5, carrier: answers(lab.Busy), campaign: "pacing: progressive\nrecord: false\n"})
		other := strings.Replace(campaignHead, "name: spring", "name: summer", 1) + "windows: {daily: 00:00-24:00}\npacing: progressive\nrecord: false\nattempts: {max: 9, per-day: 9}\n"
		if _, _, err := s.svc.ApplyCampaign([]byte(other)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.svc.StartCampaign("summer"); err != nil {
			t.Fatal(err)
		}
		where := func() string {
			time.Sleep(40 * time.Second) // calls end
			st, err := s.svc.Status()
			if err != nil {
				t.Fatal(err)
			}
			return st.Operators[0].Campaign + " " + st.Operators[1].Campaign + " " + st.Operators[0].State
		}
		if got := where(); got != "spring spring ready" {
			t.Errorf("at first the operators work for %s", got)
		}
		if _, err := s.svc.PauseCampaign("spring", ""); err != nil {
			t.Fatal(err)
		}
		if got := where(); got != "summer summer ready" {
			t.Errorf("while theirs is paused they work for %s", got)
		}
		if _, err := s.svc.ResumeCampaign("spring"); err != nil {
			t.Fatal(err)
		}
		if got := where(); got != "spring spring ready" {
			t.Errorf("when theirs goes on they work for %s", got)
		}
		s.end()
	})
}
