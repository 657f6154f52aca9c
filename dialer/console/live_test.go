package console

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/web"
)

// blocksOf takes an event of a live page apart.
func blocksOf(t *testing.T, frame []byte) map[string]string {
	t.Helper()
	_, data, ok := strings.Cut(string(frame), "data: ")
	var blocks map[string]string
	if err := json.Unmarshal([]byte(strings.TrimSpace(data)), &blocks); !ok || err != nil {
		t.Fatalf("%q is no patch: %v", frame, err)
	}
	return blocks
}

func woken(v *viewer) bool {
	select {
	case <-v.wake:
		return true
	default:
		return false
	}
}

func TestALivePageSendsTheWholeFirstAndThenWhatHasChanged(t *testing.T) {
	o := newOffice(t)
	h := o.con.hub
	v := h.join(liveKey{page: "operators", lang: web.English})
	defer h.leave(v)
	tick := func() {
		t.Helper()
		if err := h.tick(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	tick()
	if !woken(v) || !strings.Contains(blocksOf(t, v.take())["grid"], "No operator yet") {
		t.Fatal("the first second gives no page")
	}
	tick()
	if woken(v) {
		t.Errorf("nothing has changed, and %s was sent", v.take())
	}
	if err := o.svc.Store().PutOperator(contactdb.Operator{Name: "ana", FullName: "<script>alert(1)</script>"}); err != nil {
		t.Fatal(err)
	}
	tick()
	if !woken(v) {
		t.Fatal("a change is not sent")
	}
	if grid := blocksOf(t, v.take())["grid"]; !strings.Contains(grid, "ana") || strings.Contains(grid, "<script") {
		t.Errorf("%s", grid)
	}
}

func TestASlowViewerHoldsNobodyUpAndCatchesUpWithTheWholePage(t *testing.T) {
	o := newOffice(t)
	h := o.con.hub
	k := liveKey{page: "floor", lang: web.English}
	slow, quick := h.join(k), h.join(k)
	for i := range 10 { // nobody takes anything for the slow one
		if err := o.svc.Store().PutOperator(contactdb.Operator{Name: fmt.Sprintf("op%d", i)}); err != nil {
			t.Fatal(err)
		}
		if err := h.tick(time.Now()); err != nil {
			t.Fatal(err)
		}
		if !woken(quick) {
			t.Fatalf("second %d is missing", i)
		}
		quick.take()
	}
	if !woken(slow) {
		t.Fatal("nothing for the slow one")
	}
	blocks := blocksOf(t, slow.take())
	if len(blocks) != len(floorPage.blocks) || !strings.Contains(blocks["people"], "op9") {
		t.Errorf("it does not have the whole newest page: %v", blocks)
	}
}

func TestWhoMayNotSeeNumbersSeesThemMaskedOnLivePages(t *testing.T) {
	s := &snapshot{calls: []dialer.LiveCall{{Attempt: "1", Phone: "+40722111331", State: "ringing"}}}
	for _, numbers := range []bool{false, true} {
		data, err := callsData(s, liveKey{numbers: numbers})
		if err != nil {
			t.Fatal(err)
		}
		if got := data.(liveCalls).Calls[0].Phone; (got == "+40722111331") != numbers {
			t.Errorf("numbers %v: %s", numbers, got)
		}
	}
	if s.calls[0].Phone != "+40722111331" {
		t.Error("the snapshot that all pages share was changed")
	}
}

// A live page looks at its session when it has something to show, events once a
// second whether anything happens or not.
func TestAStreamEndsWithItsSession(t *testing.T) {
	for _, path := range []string{"/live/floor", "/events"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() { o.con.Run(ctx); close(done) }()
			defer func() { cancel(); <-done }()
			resp := serveTLS(t, o.h).get(t, path, o.session("supervisor"))
			defer resp.Body.Close()
			if err := o.svc.Store().EndSessions("supervisor", ""); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = io.Copy(io.Discard, resp.Body) // its end is what we wait for
			}()
			for i := 0; ; i++ {
				select {
				case <-ended:
					return
				case <-time.After(200 * time.Millisecond):
					if i > 50 {
						t.Fatal("the stream of an ended session goes on")
					}
					if path == "/events" {
						continue
					}
					if err := o.svc.Store().PutOperator(contactdb.Operator{Name: fmt.Sprintf("op%d", i)}); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func TestEventsGoOnWhereTheCallerLeftOff(t *testing.T) {
	o := newOffice(t)
	for i := range 3 {
		o.svc.Tell("ana", fmt.Sprint("message ", i))
	}
	past, whole, _, cancel := o.svc.SubscribeAfter(1)
	defer cancel()
	if !whole || len(past) != 2 || past[0].Detail != "message 1" || past[1].Detail != "message 2" {
		t.Errorf("whole %v, %v", whole, past)
	}
	for range 10_000 {
		o.svc.Tell("ana", "more")
	}
	if past, whole, _, cancel := o.svc.SubscribeAfter(1); whole || len(past) != 0 {
		t.Errorf("what is forgotten is called whole: %d", len(past))
	} else {
		cancel()
	}
	if _, whole, _, cancel := o.svc.SubscribeAfter(1 << 40); whole {
		t.Error("an event of another life is known")
	} else {
		cancel()
	}
}

// BenchmarkSecond is what a second costs with 200 open pages of a floor of 100
// operators: one computation, and one drawing for all who see the same.
func BenchmarkSecond(b *testing.B) {
	for _, viewers := range []int{1, 200} {
		b.Run(fmt.Sprintf("viewers=%d", viewers), func(b *testing.B) {
			svc, err := dialer.Open(dialer.Config{Data: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer svc.Close()
			for i := range 100 {
				if err := svc.Store().PutOperator(contactdb.Operator{Name: fmt.Sprintf("op%03d", i), Team: "south"}); err != nil {
					b.Fatal(err)
				}
			}
			if _, _, err := svc.ApplyCampaign([]byte(spring)); err != nil {
				b.Fatal(err)
			}
			c, err := Open(Config{Service: svc})
			if err != nil {
				b.Fatal(err)
			}
			all := make([]*viewer, viewers)
			for i := range all {
				all[i] = c.hub.join(liveKey{page: "floor", lang: web.Langs[i%2]})
			}
			for b.Loop() {
				if err := c.hub.tick(time.Now()); err != nil {
					b.Fatal(err)
				}
				for _, v := range all {
					if woken(v) {
						v.take()
					}
				}
			}
		})
	}
}

func TestNobodyFollowsWhatIsNotThere(t *testing.T) {
	o := newOffice(t)
	boss := o.session("supervisor")
	if w := o.as(boss, "POST /api/campaigns", spring); w.Code != 200 {
		t.Fatal(w.Body)
	}
	if w := o.as(boss, "GET /live/campaign?of=made-up", ""); w.Code != 404 {
		t.Errorf("a campaign that is not there: %d %s", w.Code, w.Body)
	}
	for _, page := range []*livePage{floorPage, operatorsPage, callsPage, trunksPage, tvPage} {
		r := httptest.NewRequest("GET", "/live/"+page.name+"?of=made-up", nil)
		if k, err := o.con.following(page, r); err != nil || k.arg != "" {
			t.Errorf("%s: %+v, %v", page.name, k, err)
		}
	}
	r := httptest.NewRequest("GET", "/live/campaign?of=spring", nil)
	if k, err := o.con.following(campaignPage, r); err != nil || k.arg != "spring" {
		t.Errorf("%+v, %v", k, err)
	}
}

func TestTheFloorSaysWhyACampaignIsPaused(t *testing.T) {
	o := newOffice(t)
	o.con.api.seeAll = func() (dialer.Status, error) {
		return dialer.Status{Running: true, Campaigns: []dialer.CampaignStatus{
			{Campaign: contactdb.Campaign{Name: "spring", State: contactdb.Paused, Reason: "<b>wrong</b> script, says +40722111333"}},
			{Campaign: contactdb.Campaign{Name: "summer", State: contactdb.Draining, Reason: "the office closes"}},
			{Campaign: contactdb.Campaign{Name: "autumn", State: contactdb.Paused, Reason: "paused"}, Why: "3 operators"},
		}, Operators: []dialer.OperatorStatus{{Name: "ana", State: "not-ready", Reason: "calls +40722111334 back"}}}, nil
	}
	for numbers, want := range map[bool][]string{
		true:  {"paused: &lt;b&gt;wrong&lt;/b&gt; script, says &#43;40722111333", "draining: the office closes", "calls &#43;40722111334 back", "3 operators"},
		false: {"says &#43;40******333", "calls &#43;40******334 back"},
	} {
		v := o.con.hub.join(liveKey{page: "floor", lang: web.English, numbers: numbers})
		if err := o.con.hub.tick(time.Now()); err != nil {
			t.Fatal(err)
		}
		got := blocksOf(t, v.take())
		o.con.hub.leave(v)
		for _, part := range want {
			if !strings.Contains(got["campaigns"]+got["people"], part) {
				t.Errorf("numbers %v: %q is missing in %s", numbers, part, got)
			}
		}
		if strings.Contains(got["campaigns"], "paused: paused") {
			t.Errorf("%s", got["campaigns"])
		}
	}
}

func TestTheRowOfWhoIsNotThereStaysAsItIs(t *testing.T) {
	o, now := dialer.OperatorStatus{Name: "ana", State: "offline"}, time.Now()
	if a, b := operatorOf(o, now), operatorOf(o, now.Add(time.Minute)); a.Began != b.Began {
		t.Errorf("it is sent anew: %d, then %d", a.Began, b.Began)
	}
}

func TestThePageOfOperatorsHasTheMeansOfToday(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	for _, step := range [][2]string{{"POST /api/lists/spring/import", people(5)}, {"POST /api/campaigns", spring}, {"POST /api/operators", `{"name":"ana","password":"long-enough"}`}} {
		if w := o.as(admin, step[0], step[1]); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	seed(t, o.svc.Store(), "spring", "spring")
	o.con.seeAll = func() (dialer.Status, error) {
		return dialer.Status{Operators: []dialer.OperatorStatus{{Name: "ana", State: "ready"}, {Name: "mia", State: "ready"}}}, nil
	}
	grid := o.as(admin, "GET /operators", "").Body.String()
	if strings.Count(grid, "1:00") != 1 || strings.Count(grid, "0:05") != 1 {
		t.Errorf("the talk of a minute and the wrap-up of five seconds are not there, or not once: %s", grid)
	}
}

// TestAViewerWhoStopsReadingIsLeftBehind opens the floor's page over two
// connections of which one is never read from, nor closed. The kernel's buffers
// fill up; the other sees each second, and what the floor tells is not held up.
func TestAViewerWhoStopsReadingIsLeftBehind(t *testing.T) {
	o := newOffice(t)
	second := 0
	h := o.con.hub
	h.a.seeAll = func() (dialer.Status, error) { return wideFloor(second), nil }
	cookie := o.session("supervisor")
	srv := serveTLS(t, o.h).srv
	open := func() *bufio.Reader {
		t.Helper()
		conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		fmt.Fprintf(conn, "GET /live/operators HTTP/1.1\r\nHost: apel\r\nCookie: %s=%s\r\n\r\n", cookie.Name, cookie.Value)
		r := bufio.NewReader(conn)
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("%q, %v", line, err)
		}
		return r
	}
	open() // and read no further
	quick := open()
	for h.watched() < 2 {
		time.Sleep(time.Millisecond) // until both have joined
	}
	for second = 1; !h.leavesBehind(); second++ {
		if second == 600 {
			t.Fatal("whoever reads nothing is sent everything")
		}
		if err := h.tick(time.Now()); err != nil {
			t.Fatal(err)
		}
		for mark := fmt.Sprintf("second-%d-", second); ; { // its read would wait for ever if it were held up
			line, err := quick.ReadString('\n')
			if err != nil {
				t.Fatal(second, err)
			}
			if strings.Contains(line, mark) {
				break
			}
		}
	}
}

// wideFloor is large, and another each second.
func wideFloor(second int) (st dialer.Status) {
	for i := range 200 {
		st.Operators = append(st.Operators, dialer.OperatorStatus{Name: fmt.Sprintf("op%d", i), Team: "south", State: "not-ready", Reason: fmt.Sprintf("second-%d-%d", second, i)})
	}
	return st
}

// leavesBehind says whether a viewer has missed a second, or was given up.
func (h *hub) leavesBehind() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for v := range h.viewers {
		if v.behind {
			return true
		}
	}
	return len(h.viewers) < 2
}

func (h *hub) watched() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.viewers)
}
