// Package webhook tells other programs by HTTP what happens: a call has ended,
// was corrected, a campaign is done, abandonment is over its limit.
//
// There is no queue that could lose or keep personal data. Call records are a
// durable chain already: each hook keeps the place of the last record that it
// has taken up, beside those that it is still trying to deliver, and writes both
// after each round. So an event is delivered at least once, over kills too; it
// has the same id each time, by which the receiver knows it again. The body is
// made from the record when it is sent: a person who was erased meanwhile is not
// in it. Campaigns are looked at likewise: what a hook was told last is kept,
// and what differs is told.
//
// Requests are signed as Standard Webhooks are (standardwebhooks.com): HMAC-SHA256
// over id, time and body. They go to public addresses only, or to networks that
// the settings name; the address is checked when the connection is made, so that
// no name can lead elsewhere later. Redirects are not followed.
//
// A delivery that fails is tried again with longer and longer pauses, for about
// two days; then it lies with the dead, to be looked at and retried by hand.
package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"apel/contactdb"

	"go.uber.org/zap"
)

// What can be told.
const (
	CallEnded     = "call.ended"
	CallCorrected = "call.corrected"
	CampaignDone  = "campaign.done"
	AbandonedOver = "abandonment.over"
	Ping          = "ping" // a test
)

// Events are all that a hook can ask for.
var Events = []string{CallEnded, CallCorrected, CampaignDone, AbandonedOver}

// Hook is where to tell what.
type Hook struct {
	Name      string    `json:"name"`
	URL       string    `json:"url"`
	Events    []string  `json:"events"`
	Campaign  string    `json:"campaign,omitempty"` // only of this one; "": of all
	Numbers   bool      `json:"numbers"`            // whole phone numbers in what is told
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
}

func (h Hook) wants(event, campaign string) bool {
	return slices.Contains(h.Events, event) && (h.Campaign == "" || h.Campaign == campaign)
}

// Delivery is an event that is not delivered yet. It has no personal data: a
// call's record is read when it is sent.
type Delivery struct {
	ID      string          `json:"id"` // of the event
	Event   string          `json:"event"`
	At      time.Time       `json:"at"`
	Place   uint64          `json:"place,omitempty"` // of a call's record
	Data    json.RawMessage `json:"data,omitempty"`  // of anything else
	Tries   int             `json:"tries"`
	Next    time.Time       `json:"next"`              // when it is tried; of a dead one: when it died
	Problem string          `json:"problem,omitempty"` // of the last try
}

// State is how a hook stands.
type State struct {
	Place     uint64            `json:"place"` // of the last record that was taken up
	Waiting   []Delivery        `json:"waiting"`
	Dead      []Delivery        `json:"dead"`
	Forgotten int               `json:"forgotten"` // dead ones for which there was no room
	Told      map[string]string `json:"told"`      // of campaigns, what was told last
	Delivered int               `json:"delivered"`
	LastAt    time.Time         `json:"last_at,omitzero"`  // of the last delivery
	Problem   string            `json:"problem,omitempty"` // of the last try, if that failed
}

// Campaign is what of a campaign can be told.
type Campaign struct {
	Name        string    `json:"campaign"`
	State       string    `json:"state"`
	Reason      string    `json:"reason,omitempty"`
	ChangedAt   time.Time `json:"changed_at"`
	Abandonment float64   `json:"abandonment"` // over the regulator's window
	Limit       float64   `json:"abandonment_limit"`
}

// Config is what hooks need.
type Config struct {
	Store     *contactdb.Store
	Campaigns func() ([]Campaign, error)
	Mask      func([]byte) []byte // phone numbers, for hooks that may not have them
	Networks  []netip.Prefix      // that may be told besides public addresses
	Log       *zap.Logger         // nil: no log
	Agent     string              // User-Agent
}

// Book is all hooks. Its methods may be called from any goroutine, whether Run
// runs or not.
type Book struct {
	cfg  Config
	post *poster

	mu      sync.Mutex // guards the fields below, and the list of hooks in the store
	ctx     context.Context
	senders map[string]*sender
	work    sync.WaitGroup
}

// Open reads nothing yet.
func Open(cfg Config) *Book {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	return &Book{cfg: cfg, post: newPoster(cfg.Networks, cfg.Agent), senders: map[string]*sender{}}
}

// Run delivers until ctx ends.
func (b *Book) Run(ctx context.Context) error {
	b.mu.Lock()
	all, err := b.load()
	b.ctx = ctx
	for _, h := range all {
		b.begin(h)
	}
	b.mu.Unlock()
	<-ctx.Done()
	b.mu.Lock()
	b.ctx = nil
	b.mu.Unlock()
	b.work.Wait()
	return err
}

// begin starts a hook's sender. With mu held.
func (b *Book) begin(h kept) {
	if b.ctx == nil || b.ctx.Err() != nil {
		return
	}
	ctx, stop := context.WithCancel(b.ctx)
	s := &sender{b: b, hook: h, stop: stop, asks: make(chan ask), ended: make(chan struct{})}
	b.senders[h.Name] = s
	b.work.Go(func() { s.run(ctx) })
}

// kept is a hook as it is stored, with its secret.
type kept struct {
	Hook
	Secret string `json:"secret"`
}

const (
	hooksKey = "webhooks"
	stateKey = "webhook/"
	maxHooks = 50
)

func (b *Book) load() (all []kept, err error) {
	v, err := b.cfg.Store.Recall(hooksKey)
	if err == nil && v != nil {
		err = json.Unmarshal(v, &all)
	}
	return all, err
}

func (b *Book) save(all []kept) error { return b.remember(hooksKey, all) }

func (b *Book) remember(key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.cfg.Store.Remember(key, text)
}

func (b *Book) state(name string) (st State, err error) {
	v, err := b.cfg.Store.Recall(stateKey + name)
	if err == nil && v != nil {
		err = json.Unmarshal(v, &st)
	}
	return st, err
}

// Listed is a hook and how it stands.
type Listed struct {
	Hook
	Delivered int       `json:"delivered"`
	LastAt    time.Time `json:"last_at,omitzero"`
	Waiting   int       `json:"waiting"`
	Behind    uint64    `json:"behind"` // call records that it has not taken up yet
	Dead      int       `json:"dead"`
	Problem   string    `json:"problem,omitempty"`
}

// List gives all hooks by name.
func (b *Book) List(now time.Time) ([]Listed, error) {
	b.mu.Lock()
	all, err := b.load()
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	heads, err := b.cfg.Store.Heads(now)
	list := []Listed{}
	for _, h := range all {
		st, e := b.state(h.Name)
		err = errors.Join(err, e)
		list = append(list, Listed{h.Hook, st.Delivered, st.LastAt, len(st.Waiting), heads.Records - min(st.Place, heads.Records), len(st.Dead) + st.Forgotten, st.Problem})
	}
	slices.SortFunc(list, func(a, b Listed) int { return compare(a.Name, b.Name) })
	return list, err
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Add begins to tell from now on and gives the secret, which is shown this
// once. ErrExists if the name is taken.
func (b *Book) Add(h Hook, now time.Time) (secret string, err error) {
	if err := b.post.check(h.URL); err != nil {
		return "", err
	}
	heads, err := b.cfg.Store.Heads(now)
	if err != nil {
		return "", err
	}
	st := State{Place: heads.Records, Told: map[string]string{}}
	campaigns, err := b.cfg.Campaigns()
	if err != nil {
		return "", err
	}
	for _, c := range campaigns {
		for _, hap := range happenings(c) {
			st.Told[hap.key] = hap.told
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	all, err := b.load()
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(all, func(k kept) bool { return k.Name == h.Name }) {
		return "", fmt.Errorf("webhook %q: %w", h.Name, contactdb.ErrExists)
	}
	if len(all) >= maxHooks {
		return "", fmt.Errorf("%w: there are %d webhooks, the most there may be; remove one first", contactdb.ErrState, maxHooks)
	}
	k := kept{h, newSecret()}
	if err := errors.Join(b.remember(stateKey+h.Name, st), b.save(append(all, k))); err != nil {
		return "", err
	}
	b.begin(k)
	return k.Secret, nil
}

// Remove tells no more, and forgets what was not delivered. ErrNotFound.
func (b *Book) Remove(name string) error {
	b.mu.Lock() // until all of it is gone: one of the same name must not begin before
	defer b.mu.Unlock()
	all, err := b.load()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(k kept) bool { return k.Name == name })
	if at < 0 {
		return fmt.Errorf("webhook %q: %w", name, contactdb.ErrNotFound)
	}
	if err := b.save(slices.Delete(all, at, at+1)); err != nil {
		return err
	}
	if s := b.senders[name]; s != nil {
		delete(b.senders, name)
		s.stop()
		<-s.ended // it writes no more, and takes no lock of ours
	}
	return b.cfg.Store.Remember(stateKey+name, nil)
}

// find gives a hook, and its sender if it has one; ErrNotFound.
func (b *Book) find(name string) (k kept, s *sender, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, err := b.load()
	if err != nil {
		return k, nil, err
	}
	for _, k := range all {
		if k.Name == name {
			return k, b.senders[name], nil
		}
	}
	return k, nil, fmt.Errorf("webhook %q: %w", name, contactdb.ErrNotFound)
}

// Undelivered gives what waits and what lies with the dead. ErrNotFound.
func (b *Book) Undelivered(name string) (waiting, dead []Delivery, err error) {
	if _, _, err := b.find(name); err != nil {
		return nil, nil, err
	}
	st, err := b.state(name)
	return append([]Delivery{}, st.Waiting...), append([]Delivery{}, st.Dead...), err
}

// Retry has the dead tried again, and gives how many there are. ErrNotFound.
func (b *Book) Retry(name string) (n int, err error) {
	_, s, err := b.find(name)
	if err != nil {
		return 0, err
	}
	return n, b.change(name, s, func(st *State) {
		n = len(st.Dead)
		for _, d := range st.Dead {
			d.Tries, d.Next = 0, time.Time{}
			st.Waiting = append(st.Waiting, d)
		}
		st.Dead = nil
	})
}

// change has the owner of a hook's state change it: its sender, or nobody.
func (b *Book) change(name string, s *sender, f func(*State)) error {
	if s != nil {
		done := make(chan error, 1)
		select {
		case s.asks <- ask{f, done}:
			return <-done
		case <-s.ended:
		}
	}
	st, err := b.state(name)
	if err != nil {
		return err
	}
	f(&st)
	return b.remember(stateKey+name, st)
}

// Tried is what came of a test.
type Tried struct {
	OK      bool   `json:"ok"`
	Status  int    `json:"status,omitempty"` // of the answer; absent: there was none
	TookMS  int64  `json:"took_ms"`
	Problem string `json:"problem,omitempty"`
}

// Test sends a ping and waits for its answer. ErrNotFound.
func (b *Book) Test(ctx context.Context, name string, now time.Time) (Tried, error) {
	k, _, err := b.find(name)
	if err != nil {
		return Tried{}, err
	}
	d := Delivery{ID: fmt.Sprintf("%s:%s:%d", Ping, name, now.UnixNano()), Event: Ping, At: now, Data: json.RawMessage(`{}`), Tries: 1}
	status, err := b.send(ctx, k, d)
	v := Tried{OK: err == nil, Status: status, TookMS: time.Since(now).Milliseconds()}
	if err != nil {
		v.Problem = err.Error()
	}
	return v, nil
}
