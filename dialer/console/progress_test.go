package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhoWaitsForAPlanIsToldHowFarItIs(t *testing.T) {
	svc := newService(t)
	con, err := Open(Config{Service: svc})
	if err != nil {
		t.Fatal(err)
	}
	h := con.Owner()
	for _, request := range [][2]string{{"POST /api/lists/spring/import", people(2500)}, {"POST /api/campaigns", spring}} {
		if w := ask(h, request[0], request[1]); w.Code != 200 {
			t.Fatalf("%s: %s", request[0], w.Body)
		}
	}
	far := func() (p Progress) {
		t.Helper()
		if err := json.Unmarshal(ask(h, "GET /api/progress/me", "").Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	r := httptest.NewRequest("GET", "/api/campaigns/spring/plan?progress=me", nil)
	var seen []Progress
	told := con.work.of(r)
	if _, err := svc.Plan(t.Context(), "spring", nil, func(done, of int) {
		told(done, of)
		seen = append(seen, far())
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Progress{{0, 2500}, {1000, 2500}, {2000, 2500}}, seen); diff != "" {
		t.Error(diff)
	}
	con.work.over(r)
	if left := far(); left != (Progress{}) {
		t.Errorf("the request is over and says %+v", left)
	}
	if told := con.work.of(httptest.NewRequest("GET", "/api/campaigns/spring/plan", nil)); told != nil {
		t.Error("a request that nobody asks about tells")
	}
}

func TestNobodyIsJudgedForWhoHasGone(t *testing.T) {
	svc := newService(t)
	h := New(svc)
	for _, request := range [][2]string{{"POST /api/lists/spring/import", people(2500)}, {"POST /api/campaigns", spring}} {
		if w := ask(h, request[0], request[1]); w.Code != 200 {
			t.Fatalf("%s: %s", request[0], w.Body)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	p, err := svc.Plan(ctx, "spring", nil, func(done, _ int) {
		if done > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || p.Contacts > 2000 {
		t.Errorf("%d contacts, %v", p.Contacts, err)
	}
}
