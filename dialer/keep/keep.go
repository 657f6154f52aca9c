// Package keep looks after what the service has on its disk: it encrypts
// recordings and finds them again, forgets what is older than it may be kept,
// erases a person, has the ends of the chains kept elsewhere, and watches how much
// room is left. What it forgets is in the audit trail. It knows nothing of calls.
package keep

import (
	"context"
	"fmt"
	"sync"
	"time"

	"apel/contactdb"

	"filippo.io/age"
	"go.uber.org/zap"
)

// Rules are what is done by itself to keep the data well; zero values leave it
// undone.
type Rules struct {
	// Recipients are public keys of age ("age1..."): recordings are encrypted to
	// all of them when the call ends, and none of us can hear them.
	Recipients []string
	// MinFree stops dialing while the disk of the data directory has fewer bytes
	// left: before the store, which needs some to end what is going on.
	MinFree int64
	// How long to keep recordings, notes and answers in records and what the audit
	// trail says of a person, the numbers in both, contacts that nobody tries, and
	// what verdicts rest on.
	Recordings, Notes, Numbers, Contacts, Verdicts time.Duration
	// AnchorEvery is how often the ends of the chains are taken, and Anchor keeps
	// them where we cannot change them; it says where. Nil: only the log has them.
	AnchorEvery time.Duration
	Anchor      func(context.Context, contactdb.Heads) (where string, err error)
}

// retained says whether anything is to be forgotten.
func (r Rules) retained() bool {
	return r.Recordings > 0 || r.Notes > 0 || r.Numbers > 0 || r.Contacts > 0 || r.Verdicts > 0
}

// Config of a Keeper.
type Config struct {
	Dir   string // data directory
	Store *contactdb.Store
	Log   *zap.Logger
	Stop  <-chan struct{} // closed when the service stops
	Rules Rules
}

// Keeper keeps one data directory well.
type Keeper struct {
	dir        string
	store      *contactdb.Store
	log        *zap.Logger
	stop       <-chan struct{}
	rules      Rules
	recipients []age.Recipient // whom recordings are encrypted to
	// Held for reading while a recording is encrypted, for writing while those of a
	// person are removed: else one would come back encrypted.
	moving sync.RWMutex
}

// New returns a keeper; Run sets it to work. An error is in the rules.
func New(c Config) (*Keeper, error) {
	k := &Keeper{dir: c.Dir, store: c.Store, log: c.Log, stop: c.Stop, rules: c.Rules}
	for _, key := range c.Rules.Recipients {
		r, err := age.ParseX25519Recipient(key)
		if err != nil {
			return nil, fmt.Errorf("%q is no public key of age (age1...); make a pair with: apel recording keygen", key)
		}
		k.recipients = append(k.recipients, r)
	}
	return k, nil
}

// Rules are what the keeper goes by, for who has to answer for it.
func (k *Keeper) Rules() Rules { return k.rules }

// stopping says whether the service stops, and long work is to be left.
func (k *Keeper) stopping() bool {
	select {
	case <-k.stop:
		return true
	default:
		return false
	}
}

const (
	spaceEvery  = 5 * time.Second // how often the disk is looked at
	retainEvery = time.Hour
	anchorRetry = 10 * time.Minute // after an anchor that could not be kept
	// Itself names the service in the audit trail.
	Itself = "apel"
)

// Run works until the service stops. It calls full, again and again, while the
// disk has less room left than the rules want.
func (k *Keeper) Run(full func(why error)) {
	u := k.rules
	var space, retain, anchor, seal <-chan time.Time
	if u.MinFree > 0 {
		t := time.NewTicker(spaceEvery)
		defer t.Stop()
		space = t.C
	}
	if u.retained() {
		t := time.NewTicker(retainEvery)
		defer t.Stop()
		retain = t.C
		k.retain(time.Now())
	}
	if len(k.recipients) > 0 {
		t := time.NewTicker(sealEvery)
		defer t.Stop()
		seal = t.C
		k.sealLeft(time.Now())
	}
	if u.AnchorEvery > 0 {
		anchor = time.After(k.nextAnchor(time.Now()))
	}
	for {
		select {
		case <-k.stop:
			return
		case <-space:
			if err := k.Room(); err != nil {
				full(err)
			}
		case now := <-retain:
			k.retain(now)
		case now := <-seal:
			k.sealLeft(now)
		case now := <-anchor:
			anchor = time.After(k.anchor(now))
		}
	}
}

// nextAnchor is how long to wait for the next one, a restart not counting.
func (k *Keeper) nextAnchor(now time.Time) time.Duration {
	last, err := k.store.Anchors(1)
	if err != nil || len(last) == 0 {
		return time.Second
	}
	return max(time.Second, k.rules.AnchorEvery-now.Sub(last[0].At))
}

// anchor takes the ends of the chains and has them kept.
func (k *Keeper) anchor(now time.Time) (again time.Duration) {
	where := "log"
	heads, err := k.store.Heads(now)
	if err == nil && k.rules.Anchor != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		where, err = k.rules.Anchor(ctx, heads)
	}
	if err == nil {
		_, err = k.store.Anchor(context.Background(), Itself, where, now)
	}
	if err != nil {
		k.log.Error("the ends of the chains could not be kept elsewhere", zap.Error(err))
		return anchorRetry
	}
	k.log.Info("anchor", zap.String("store", heads.Store), zap.Uint64("records", heads.Records), zap.String("head", heads.Head),
		zap.Uint64("audit_entries", heads.Entries), zap.String("audit_head", heads.AuditHead), zap.String("where", where))
	return k.rules.AnchorEvery
}
