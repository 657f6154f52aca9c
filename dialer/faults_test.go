package dialer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/lab"
)

func TestNoContactIsUsedUpForWantOfATurnOfItsTrunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 20, contacts: 2000, channels: 100, cps: 1, carrier: answers(lab.Busy), campaign: "pacing: progressive\nrecord: false\n"})
		time.Sleep(2 * time.Minute)
		n := count(s.end())
		// Those that waited when the service ended are cancelled, no other.
		if n[contactdb.Cancelled] > 10 || n[contactdb.Busy] < 100 {
			t.Errorf("in two minutes at one call a second: %v", n)
		}
	})
}

func TestACampaignIsNotDoneWhileALastCallMayBringItsContactBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Two operators and one contact: the second asks in vain while the contact is being called.
		s := newShift(t, shiftConfig{operators: 2, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.NoAnswer), campaign: "pacing: progressive\nattempts: {max: 2, per-day: 2, retry: {no-answer: 10m}}\n"})
		time.Sleep(15 * time.Minute)
		if n := len(s.end()); n != 2 {
			t.Errorf("%d attempts were made, the campaign allows 2", n)
		}
	})
}
