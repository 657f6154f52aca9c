package dialer_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
)

func TestAPromisedCallIsPlacedInItsMinuteAndHeardByItsOperator(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 3, contacts: 40, channels: 20, cps: 5, carrier: answers(lab.Hello), campaign: "pacing: progressive\nattempts: {per-day: 5}\n"})
		time.Sleep(10 * time.Second)
		phone := fmt.Sprintf("+407%08d", 20000000+39)
		at := time.Now().Add(2 * time.Minute)
		if _, err := s.svc.PromiseCallback(dialer.NewCallback{Campaign: "spring", Phone: phone, At: at, Operator: "op01", Note: "asks for op01"}, "dan"); err != nil {
			t.Fatal(err)
		}
		why, err := s.svc.WhyContact(phone)
		if err != nil || len(why) != 1 || why[0].Reason != "callback" || !why[0].When.Equal(at) {
			t.Errorf("why: %+v, %v", why, err)
		}
		time.Sleep(10 * time.Minute)
		var kept []contactdb.Record
		for _, r := range s.end() {
			if r.Phone == phone {
				kept = append(kept, r)
			}
		}
		if len(kept) != 1 || kept[0].Operator != "op01" || kept[0].PlacedAt.Before(at) {
			t.Fatalf("the promise for %s was kept by %+v", at, kept)
		}
		if late := kept[0].PlacedAt.Sub(at); late > 3*time.Minute { // op01 may have been talking
			t.Errorf("the call was placed %s late", late)
		}
	})
}

func TestAnAbsentOperatorsCallbackFallsToTheTeamAfterTheDeputyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 1, contacts: 2, channels: 5, cps: 5, carrier: answers(lab.Hello),
			campaign: "pacing: progressive\nattempts: {per-day: 5}\ncallbacks: {deputy: 5m}\n"})
		s.operator("gone")
		phone := fmt.Sprintf("+407%08d", 20000001)
		at := time.Now().Add(time.Minute)
		promise := dialer.NewCallback{Campaign: "spring", Phone: phone, At: at, Operator: "gone"}
		if _, err := s.svc.PromiseCallback(promise, "dan"); err != nil {
			t.Fatal(err)
		}
		if mine, err := s.svc.Store().Callbacks("spring", "gone", time.Time{}); err != nil || len(mine) != 1 || !mine[0].Deputy.Equal(at.Add(5*time.Minute)) {
			t.Errorf("callbacks %+v, %v", mine, err)
		}
		time.Sleep(10 * time.Minute)
		for _, r := range s.end() {
			if r.Phone == phone && r.PlacedAt.After(at) {
				if r.Operator != "op00" || r.PlacedAt.Before(at.Add(5*time.Minute)) {
					t.Errorf("kept by %s at %s, promised for %s", r.Operator, r.PlacedAt, at)
				}
				return
			}
		}
		t.Error("the promise was not kept")
	})
}

func TestACallIsPromisedOnlyForATimeAtWhichItMayBePlaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 0, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.Hello), windows: "windows: {daily: 09:00-20:00}\n"})
		phone := fmt.Sprintf("+407%08d", 20000000)
		now := time.Now()
		for what, at := range map[string]time.Time{"in the past": now.Add(-time.Hour), "at night": now.Add(time.Hour), "in two years": now.AddDate(2, 0, 0)} {
			if _, err := s.svc.PromiseCallback(dialer.NewCallback{Campaign: "spring", Phone: phone, At: at}, "dan"); !errors.Is(err, dialer.ErrRefused) {
				t.Errorf("%s: %v", what, err)
			}
		}
		noon := now.Add(12 * time.Hour)
		if _, err := s.svc.PromiseCallback(dialer.NewCallback{Campaign: "spring", Phone: phone, At: noon, Operator: "nobody"}, "dan"); !errors.Is(err, contactdb.ErrNotFound) {
			t.Errorf("an operator whom there is not: %v", err)
		}
		if _, err := s.svc.PromiseCallback(dialer.NewCallback{Campaign: "spring", Phone: phone, At: noon}, "dan"); err != nil {
			t.Error(err)
		}
		if _, err := s.svc.CancelCallback("spring", phone, ""); err != nil {
			t.Error(err)
		}
		if _, err := s.svc.CancelCallback("spring", phone, ""); !errors.Is(err, contactdb.ErrNotFound) {
			t.Errorf("cancelled twice: %v", err)
		}
		if _, err := s.svc.Suppress(t.Context(), []contactdb.Suppression{{Phone: phone, AddedAt: now}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.svc.PromiseCallback(dialer.NewCallback{Campaign: "spring", Phone: phone, At: noon}, "dan"); !errors.Is(err, dialer.ErrRefused) {
			t.Errorf("a suppressed number: %v", err)
		}
		s.end()
	})
}
