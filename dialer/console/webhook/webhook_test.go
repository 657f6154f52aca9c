package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"apel/contactdb"

	"github.com/google/go-cmp/cmp"
)

func init() { look = 20 * time.Millisecond }

// receiver is somebody else's program that is told.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex // guards what follows
	got    []*http.Request
	bodies []Body
	raw    []string
	answer func(n int, event Body) int // status; nil: 200
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		text, _ := io.ReadAll(req.Body) // what came of it is checked below
		var b Body
		if err := json.Unmarshal(text, &b); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got, r.bodies, r.raw = append(r.got, req), append(r.bodies, b), append(r.raw, string(text))
		status := http.StatusOK
		if r.answer != nil {
			status = r.answer(len(r.got), b)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// ids counts how often each event came.
func (r *receiver) ids() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := map[string]int{}
	for _, b := range r.bodies {
		n[b.ID]++
	}
	return n
}

var numberInText = regexp.MustCompile(`\+\d{7,15}`)

// centre is a store whose calls end when a test says so, and the hooks on it.
type centre struct {
	t     *testing.T
	store *contactdb.Store
	book  *Book

	mu        sync.Mutex // guards campaigns
	campaigns []Campaign
	asked     func() // for the campaigns; nil: nothing happens

	stop func()
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	store, err := contactdb.Open(contactdb.Config{Path: filepath.Join(t.TempDir(), "apel.db")})
	if err != nil {
		t.Fatal(err)
	}
	c := &centre{t: t, store: store}
	rows := func(yield func(contactdb.Contact, error) bool) {
		for i := range 300 {
			if !yield(contactdb.Contact{Phone: fmt.Sprintf("+40722%06d", i), Zones: []string{"Europe/Bucharest"}}, nil) {
				return
			}
		}
	}
	if _, err := store.Import(t.Context(), "spring", time.Now(), rows); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ApplyCampaign("spring", []byte("name: spring"), time.Now()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.kill()
		if err := errors.Join(store.Check(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// run starts a life of the service.
func (c *centre) run() {
	c.t.Helper()
	c.book = Open(Config{Store: c.store, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Agent: "apel/test",
		Mask: func(b []byte) []byte { return numberInText.ReplaceAll(b, []byte("+hidden")) },
		Campaigns: func() ([]Campaign, error) {
			c.mu.Lock()
			asked, campaigns := c.asked, slices.Clone(c.campaigns)
			c.mu.Unlock()
			if asked != nil {
				asked()
			}
			return campaigns, nil
		}})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.book.Run(ctx) }()
	c.stop = func() {
		stop()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
	}
	for running := false; !running; time.Sleep(time.Millisecond) {
		c.book.mu.Lock()
		running = c.book.ctx != nil
		c.book.mu.Unlock()
	}
}

func (c *centre) kill() {
	if c.stop != nil {
		c.stop()
		c.stop = nil
	}
}

// calls has n calls end, and gives the ids of their events.
func (c *centre) calls(n int) (ids []string) {
	c.t.Helper()
	leased, err := c.store.Lease(c.t.Context(), contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: "spring", Now: time.Now()}, Version: 1, Lists: []contactdb.Source{{List: "spring"}}, Max: n, Owner: "test", TTL: time.Hour,
		Open: func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict {
			return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "acme"}
		},
	})
	if err != nil || len(leased.Attempts) != n {
		c.t.Fatalf("%d attempts, %v", len(leased.Attempts), err)
	}
	for _, at := range leased.Attempts {
		r := contactdb.Record{ID: at.ID, Campaign: at.Campaign, CampaignVersion: 1, List: "spring", ContactID: at.Contact.ID, Phone: at.Contact.Phone, Attempt: at.Number, Trunk: "acme",
			SIPCallID: at.SIPCallID, PlacedAt: time.Now(), EndedAt: time.Now(), Outcome: contactdb.Human, Note: "said so", Disposition: "sale"}
		if _, err := c.store.Settle(c.t.Context(), contactdb.Settlement{Record: r, Final: "done"}); err != nil {
			c.t.Fatal(err)
		}
		ids = append(ids, CallEnded+":"+at.ID)
	}
	return ids
}

func (c *centre) until(what string, is func() bool) {
	c.t.Helper()
	for range 2000 {
		if is() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	list, err := c.book.List(time.Now())
	c.t.Fatalf("never: %s; hooks %+v %v", what, list, err)
}

func (c *centre) add(h Hook) string {
	c.t.Helper()
	secret, err := c.book.Add(h, time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return secret
}

// quick tries again soon.
func quick(t *testing.T, tries int) {
	old := pauses
	pauses = slices.Repeat([]time.Duration{20 * time.Millisecond}, tries)
	t.Cleanup(func() { pauses = old })
}

func TestEveryCallIsToldAtLeastOnceThroughFailuresAndKills(t *testing.T) {
	quick(t, 1000)
	c, r := newCentre(t), newReceiver(t)
	r.answer = func(n int, _ Body) int { return map[bool]int{true: 503, false: 204}[n%3 == 1] }
	c.run()
	secret := c.add(Hook{Name: "crm", URL: r.URL, Events: Events})
	want := map[string]bool{}
	for range 5 {
		seen := r.count()
		for _, id := range c.calls(20) {
			want[id] = true
		}
		c.until("something is told", func() bool { return r.count() > seen+7 })
		c.kill() // in the middle
		c.run()
	}
	c.until("all is told", func() bool {
		list, err := c.book.List(time.Now())
		return err == nil && list[0].Waiting == 0 && list[0].Behind == 0
	})
	got := r.ids()
	for id := range want {
		if got[id] == 0 {
			t.Errorf("%s was never told", id)
		}
	}
	if extra := len(got) - len(want); extra != 0 {
		t.Errorf("%d events that never were", extra)
	}
	// Each is signed, with the time of its sending.
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, req := range r.got {
		at, err := strconv.ParseInt(req.Header.Get("Webhook-Timestamp"), 10, 64)
		if err != nil || time.Since(time.Unix(at, 0)) > time.Minute || req.Header.Get("Webhook-Id") != r.bodies[i].ID || req.Method != "POST" {
			t.Fatalf("request %v", req.Header)
		}
		signature, err := Sign(secret, r.bodies[i].ID, time.Unix(at, 0), []byte(r.raw[i]))
		if err != nil || signature != req.Header.Get("Webhook-Signature") {
			t.Fatalf("signature %s, want %s %v", req.Header.Get("Webhook-Signature"), signature, err)
		}
		if strings.Contains(r.raw[i], "+40722") || !strings.Contains(r.raw[i], "+hidden") {
			t.Fatalf("a number is shown to who may not see it: %s", r.raw[i])
		}
	}
}

// The example of the specification of Standard Webhooks.
func TestASignatureIsThatOfStandardWebhooks(t *testing.T) {
	got, err := Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%s %v", got, err)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(newSecret(), secretPrefix))
	if err != nil || len(raw) != 32 {
		t.Errorf("a secret has %d bytes, %v", len(raw), err)
	}
}

func TestWhatCannotBeDeliveredLiesWithTheDeadUntilItIsRetried(t *testing.T) {
	quick(t, 2)
	c, r := newCentre(t), newReceiver(t)
	poison := ""
	r.answer = func(_ int, b Body) int { return map[bool]int{true: 500, false: 200}[b.ID == poison] }
	c.run()
	c.add(Hook{Name: "crm", URL: r.URL, Events: []string{CallEnded}, Numbers: true})
	r.mu.Lock()
	ids := c.calls(3)
	poison = ids[1]
	r.mu.Unlock()
	c.until("one is dead", func() bool { list, err := c.book.List(time.Now()); return err == nil && list[0].Dead == 1 })
	got := r.ids()
	if got[ids[0]] != 1 || got[ids[2]] != 1 || got[poison] != 3 {
		t.Errorf("tries %v, want 1, 3, 1", got)
	}
	waiting, dead, err := c.book.Undelivered("crm")
	if err != nil || len(waiting) != 0 || len(dead) != 1 || dead[0].ID != poison || !strings.Contains(dead[0].Problem, "500") || dead[0].Data != nil {
		t.Fatalf("waiting %v, dead %+v, %v", waiting, dead, err)
	}
	r.mu.Lock()
	poison = ""
	r.mu.Unlock()
	if n, err := c.book.Retry("crm"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	c.until("it is told", func() bool { return r.ids()[ids[1]] == 4 })
	if raw := strings.Join(r.raw, ""); !strings.Contains(raw, `"phone":"+40722000001"`) {
		t.Errorf("who may see numbers gets %s", raw)
	}
}

func TestWhoRetriesDoesNotWaitForAReceiverThatTakesItsTime(t *testing.T) {
	quick(t, 0)
	c, r := newCentre(t), newReceiver(t)
	arrived, answer := make(chan struct{}, 1), make(chan struct{})
	answered := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(answered)
	dead, gaveUp := "", false
	r.answer = func(n int, b Body) int {
		if b.ID != dead {
			asked := r.got[n-1].Context()
			r.mu.Unlock() // others are answered meanwhile
			select {
			case arrived <- struct{}{}:
			default:
			}
			select {
			case <-answer:
			case <-asked.Done():
			}
			r.mu.Lock()
			gaveUp = gaveUp || asked.Err() != nil
		}
		return map[bool]int{true: 500, false: 200}[b.ID == dead]
	}
	c.run()
	c.add(Hook{Name: "crm", URL: r.URL, Events: []string{CallEnded}})
	r.mu.Lock()
	dead = c.calls(1)[0]
	r.mu.Unlock()
	c.until("one is dead", func() bool { list, err := c.book.List(time.Now()); return err == nil && list[0].Dead == 1 })
	c.calls(1)
	<-arrived
	if n, err := c.book.Retry("crm"); n != 1 || err != nil {
		t.Error(n, err)
	}
	r.mu.Lock()
	if gaveUp {
		t.Error("who retries waits until the receiver is given up")
	}
	dead = "nobody"
	r.mu.Unlock()
	answered()
	c.until("both are told", func() bool { list, err := c.book.List(time.Now()); return err == nil && list[0].Delivered == 2 })
}

func TestAReceiverThatWasAwayGetsWhatItMissedAsSoonAsItIsBack(t *testing.T) {
	c, r := newCentre(t), newReceiver(t) // with the pauses of hours
	away := true
	r.answer = func(int, Body) int { return map[bool]int{true: 502, false: 200}[away] }
	c.run()
	c.add(Hook{Name: "crm", URL: r.URL, Events: []string{CallEnded}})
	ids := c.calls(80)
	c.until("many fail", func() bool { return len(r.ids()) >= maxWaiting })
	r.mu.Lock()
	away = false
	r.mu.Unlock()
	if _, err := c.book.Retry("crm"); err != nil { // nothing is dead; a look is taken
		t.Fatal(err)
	}
	c.until("all is told", func() bool { list, err := c.book.List(time.Now()); return err == nil && list[0].Delivered == len(ids) })
}

func TestACampaignsEndIsToldOnceAndNotThatOfThePast(t *testing.T) {
	c, r := newCentre(t), newReceiver(t)
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	set := func(all ...Campaign) { c.mu.Lock(); c.campaigns = all; c.mu.Unlock() }
	past := Campaign{Name: "winter", State: "done", ChangedAt: at}
	set(past, Campaign{Name: "spring", State: "running", ChangedAt: at})
	c.run()
	c.add(Hook{Name: "crm", URL: r.URL, Events: []string{CampaignDone, AbandonedOver}})
	set(past, Campaign{Name: "spring", State: "running", ChangedAt: at, Abandonment: .04, Limit: .03})
	c.until("abandonment is told", func() bool { return r.count() == 1 })
	set(past, Campaign{Name: "spring", State: "done", Reason: "no contacts left", ChangedAt: at.Add(time.Hour), Abandonment: .02, Limit: .03})
	c.until("the end is told", func() bool { return r.count() == 2 })
	c.kill()
	c.run()
	time.Sleep(20 * time.Millisecond)
	c.until("the second life has looked", func() bool { _, err := c.book.Retry("crm"); return err == nil })
	var events []string
	for _, b := range r.bodies {
		events = append(events, b.Event)
	}
	if diff := cmp.Diff([]string{AbandonedOver, CampaignDone}, events); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.raw[1], `"reason":"no contacts left"`) {
		t.Errorf("told was %s", r.raw[1])
	}
}

func TestNoHookReachesANetworkThatTheSettingsDoNotName(t *testing.T) {
	c, r := newCentre(t), newReceiver(t)
	away := httptest.NewServer(http.RedirectHandler(r.URL, http.StatusTemporaryRedirect))
	defer away.Close()
	closed := newPoster(nil, "")
	for _, url := range []string{"http://93.184.216.34/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.1.2.3/", "https://192.168.0.1/", "https://169.254.169.254/latest/meta-data", "https://[fd00::1]/",
		"https://[::ffff:127.0.0.1]/", "https://100.64.1.1/", "https://0.0.0.0/", "https://[64:ff9b::7f00:1]/", "https://[::7f00:1]/", "https://[::ffff:0:127.0.0.1]/", "https://[3fff::1]/", "https://[5f00::1]/", "https://[4000::1]/", "https://user:secret@example.com/", "ftp://example.com/", "//example.com", "gopher:x", "", "https://",
		"https://example.com:25/", "https://93.184.216.34:22/", "https://example.com:0/", "https://example.com:65536/"} {
		if err := closed.check(url); !errors.Is(err, ErrURL) {
			t.Errorf("%q: %v", url, err)
		}
	}
	if err := newPoster([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "").allowed(netip.MustParseAddrPort("10.1.2.3:25"), true); !errors.Is(err, ErrURL) {
		t.Errorf("another service in a network that the settings name: %v", err)
	}
	for _, url := range []string{"https://example.com/hook", "https://example.com:443/", "https://93.184.216.34:8443/", "https://[2606:4700::1111]/"} {
		if err := closed.check(url); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
	c.run()
	c.book.post = closed // a name that leads home is found out when it is resolved
	_, port, _ := strings.Cut(strings.TrimPrefix(r.URL, "http://"), ":")
	for _, scheme := range []string{"http", "https"} {
		b := &Book{cfg: c.book.cfg, post: closed}
		if _, err := b.send(t.Context(), kept{Hook{URL: scheme + "://localhost:" + port}, newSecret()}, Delivery{ID: "x", Event: Ping}); !errors.Is(err, ErrURL) {
			t.Errorf("%s to a name of this machine: %v", scheme, err)
		}
	}
	c.kill()
	c.run()
	c.add(Hook{Name: "crm", URL: away.URL, Events: []string{CallEnded}})
	v, err := c.book.Test(t.Context(), "crm", time.Now())
	if err != nil || v.OK || v.Status != http.StatusTemporaryRedirect || r.count() != 0 {
		t.Errorf("a redirect: %+v, %v, followed %d times", v, err, r.count())
	}
}

func TestHooksComeAndGo(t *testing.T) {
	c, r := newCentre(t), newReceiver(t)
	c.run()
	c.calls(2) // of before
	c.add(Hook{Name: "crm", URL: r.URL, Events: []string{CallEnded}, Campaign: "spring"})
	c.add(Hook{Name: "other", URL: r.URL, Events: []string{CallEnded}, Campaign: "autumn"})
	if _, err := c.book.Add(Hook{Name: "crm", URL: r.URL}, time.Now()); !errors.Is(err, contactdb.ErrExists) {
		t.Errorf("a name that is taken: %v", err)
	}
	want := map[string]int{}
	for _, id := range c.calls(2) {
		want[id] = 1
	}
	c.until("both are told", func() bool { return r.count() >= 2 })
	if diff := cmp.Diff(want, r.ids()); diff != "" {
		t.Errorf("told was %s", diff)
	}
	if v, err := c.book.Test(t.Context(), "crm", time.Now()); err != nil || !v.OK || v.Status != 200 {
		t.Errorf("a test: %+v %v", v, err)
	}
	if err := c.book.Remove("crm"); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{c.book.Remove("crm"), func() error { _, err := c.book.Retry("crm"); return err }(), func() error { _, _, err := c.book.Undelivered("crm"); return err }()} {
		if !errors.Is(err, contactdb.ErrNotFound) {
			t.Errorf("a hook that is gone: %v", err)
		}
	}
	n := r.count()
	c.calls(2)
	c.until("the other has looked", func() bool {
		list, err := c.book.List(time.Now())
		return err == nil && len(list) == 1 && list[0].Behind == 0
	})
	if r.count() != n {
		t.Error("a hook that was removed is told")
	}
	if v, err := c.store.Recall(stateKey + "crm"); v != nil || err != nil {
		t.Errorf("what it had left is kept: %s %v", v, err)
	}
	if ids := slices.Sorted(maps.Keys(r.ids())); len(ids) != 3 { // two calls and the test
		t.Errorf("ids %v", ids)
	}
}

func TestAHookOfTheSameNameDoesNotLoseItsPlaceToTheOneThatIsRemoved(t *testing.T) {
	c := newCentre(t)
	c.run()
	c.calls(2)
	hook := Hook{Name: "crm", URL: newReceiver(t).URL, Events: []string{CallEnded}}
	c.add(hook)
	busy, goOn := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	c.mu.Lock()
	c.asked = func() {
		if first.CompareAndSwap(false, true) { // the old one's sender, in a round
			close(busy)
			<-goOn
		}
	}
	c.mu.Unlock()
	<-busy
	removed, added := make(chan error, 1), make(chan error, 1)
	go func() { removed <- c.book.Remove("crm") }()
	go func() {
		for {
			if _, err := c.book.Add(hook, time.Now()); !errors.Is(err, contactdb.ErrExists) {
				added <- err
				return
			}
		}
	}()
	var err error
	select {
	case err = <-added: // before the old one has ended
	case <-time.After(300 * time.Millisecond): // it waits for that
	}
	close(goOn)
	if err := errors.Join(err, <-removed); err != nil {
		t.Fatal(err)
	}
	c.until("it is there", func() bool { _, _, err := c.book.find("crm"); return err == nil })
	if st, err := c.book.state("crm"); err != nil || st.Place < 2 {
		t.Errorf("it begins after record %d, as if the past were new (%v)", st.Place, err)
	}
}

func TestWhyAHookFailedIsSaidWithoutTheSecretOfItsAddress(t *testing.T) {
	own := newPoster([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "")
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	gone := httptest.NewServer(nil)
	gone.Close()
	defer silent.Close()
	b := &Book{post: own, cfg: Config{Mask: func(b []byte) []byte { return b }}}
	for url, says := range map[string]string{
		gone.URL + "/SECRET":               "nobody listens at 127.0.0.1:",
		silent.URL + "/SECRET":             "the connection was closed before an answer",
		"http://no-such.invalid:80/SECRET": "no-such.invalid", // not in DNS, or there is no DNS here
	} {
		_, err := b.send(t.Context(), kept{Hook{URL: url}, newSecret()}, Delivery{ID: "x", Event: Ping})
		if err == nil || !strings.HasPrefix(err.Error(), says) && !strings.Contains(err.Error(), says+" ") && !strings.HasSuffix(err.Error(), says) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
