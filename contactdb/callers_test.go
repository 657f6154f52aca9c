package contactdb

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A week of leases at odd times: in no 24 hours does a number make more calls
// than it may, and once it has made them it rests.
func TestNoCallerIDIsShownMoreOftenThanItMay(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustApply(t, s, "d", "v1")
	mustImport(t, s, "a", people(0, 1500)...)
	callers := []CallerCap{{Number: "+40211", PerDay: 40}, {Number: "+40212", PerDay: 25, Rest: 36 * time.Hour}}
	shown, held, r := map[string][]time.Time{}, 0, rand.New(rand.NewPCG(1, 2))
	for now := monday; now.Before(monday.Add(7 * 24 * time.Hour)); now = now.Add(time.Duration(1+r.IntN(100)) * time.Minute) {
		req := request([]string{"c", "d"}[r.IntN(2)], 1+r.IntN(12), "a")
		req.Now, req.Callers = now, callers
		res := mustLease(t, s, req)
		for _, a := range res.Attempts {
			shown[a.CallerID] = append(shown[a.CallerID], now)
			mustSettle(t, s, ended(a, Busy, now, now.Add(time.Minute)))
		}
		if res.Held != "" {
			held++
			if res.Held != NoCallerID || res.HeldBy == "" || !res.NextAt.After(now) {
				t.Fatalf("held: %+v", res)
			}
			hold, err := s.Hold(req.Viewpoint)
			if err != nil || hold.Reason != NoCallerID || !hold.Until.Equal(res.NextAt) {
				t.Fatalf("the lease is held until %s, asked otherwise: %+v, %v", res.NextAt, hold, err)
			}
			req.Now = res.NextAt
			if again := mustLease(t, s, req); len(again.Attempts) == 0 {
				t.Fatalf("at %s, when there was to be a number: %+v", req.Now, again)
			} else {
				for _, a := range again.Attempts {
					shown[a.CallerID] = append(shown[a.CallerID], req.Now)
					mustSettle(t, s, ended(a, Busy, req.Now, req.Now.Add(time.Minute)))
				}
				now = req.Now
			}
		}
	}
	if held == 0 || len(shown) != 2 {
		t.Fatalf("held %d times, shown %d numbers: the test does not reach the limits", held, len(shown))
	}
	for _, c := range callers {
		for i, at := range shown[c.Number] {
			if i >= c.PerDay && at.Sub(shown[c.Number][i-c.PerDay]) < 24*time.Hour {
				t.Fatalf("%s was shown %d times within %s", c.Number, c.PerDay+1, at.Sub(shown[c.Number][i-c.PerDay]))
			}
		}
	}
}

func TestCallerIDsAreUsedInTurn(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 9)...)
	req := request("c", 2, "a")
	req.Callers = []CallerCap{{Number: "+1"}, {Number: "+2"}, {Number: "+3"}}
	var got string
	for range 4 {
		for _, a := range mustLease(t, s, req).Attempts {
			got += a.CallerID
		}
	}
	if got != "+1+2+3+1+2+3+1+2" {
		t.Errorf("shown in the order %s", got)
	}
}

func TestACampaignThatNeedsARegisterCallsNobodyWithoutACurrentIssue(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 3)...)
	req := request("c", 1, "a")
	req.Registers = []string{"robinson"}
	for _, step := range []struct {
		register *Register
		held     string
	}{
		{nil, RegisterExpired},
		{&Register{Name: "robinson", Issued: monday.Add(-48 * time.Hour), Expires: monday}, RegisterExpired},
		{&Register{Name: "robinson", Issued: monday.Add(-time.Hour), Expires: monday.Add(time.Hour)}, ""},
	} {
		if step.register != nil {
			mustReplace(t, s, *step.register, phonesOf(7))
		}
		res := mustLease(t, s, req)
		if res.Held != step.held || (len(res.Attempts) == 0) != (step.held != "") || step.held != "" && (res.HeldBy == "" || !res.NextAt.After(monday)) {
			t.Errorf("with %+v: %+v", step.register, res)
		}
	}
}
