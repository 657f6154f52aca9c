package dialer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"apel/contactdb"

	"go.uber.org/zap"
)

// Upkeep is what the service does by itself to keep the data well; zero values
// leave it undone.
type Upkeep struct {
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

// Upkeep is how the service keeps the data well, for who has to answer for it.
func (s *Service) Upkeep() Upkeep { return s.cfg.Upkeep }

// retained says whether anything is to be forgotten.
func (u Upkeep) retained() bool {
	return u.Recordings > 0 || u.Notes > 0 || u.Numbers > 0 || u.Contacts > 0 || u.Verdicts > 0
}

const (
	spaceEvery  = 5 * time.Second // how often the disk is looked at
	retainEvery = time.Hour
	anchorRetry = 10 * time.Minute // after an anchor that could not be kept
	// Itself names the service in the audit trail.
	Itself = "apel"
)

// upkeep runs until the service stops.
func (s *Service) upkeep() {
	u := s.cfg.Upkeep
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
		s.retain(time.Now())
	}
	if len(s.recipients) > 0 {
		t := time.NewTicker(sealEvery)
		defer t.Stop()
		seal = t.C
		s.sealLeft(time.Now())
	}
	if u.AnchorEvery > 0 {
		anchor = time.After(s.nextAnchor(time.Now()))
	}
	for {
		select {
		case <-s.stop:
			return
		case <-space:
			s.watchSpace()
		case now := <-retain:
			s.retain(now)
		case now := <-seal:
			s.sealLeft(now)
		case now := <-anchor:
			anchor = time.After(s.anchor(now))
		}
	}
}

// diskFree is how many bytes the disk of the data directory has left for us.
func (s *Service) diskFree() (int64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.cfg.Data, &disk); err != nil {
		return 0, err
	}
	return int64(disk.Bavail) * int64(disk.Bsize), nil //nolint:unconvert // their types differ by system
}

// checkSpace refuses with ErrRefused what would dial on a disk that is nearly full.
func (s *Service) checkSpace() error {
	if s.cfg.Upkeep.MinFree == 0 {
		return nil
	}
	free, err := s.diskFree()
	if err != nil || free >= s.cfg.Upkeep.MinFree {
		return err
	}
	return fmt.Errorf("%w: the disk of %s has %d MB left, fewer than min-free (%d MB); make room first", ErrRefused, s.cfg.Data, free/1e6, s.cfg.Upkeep.MinFree/1e6)
}

// watchSpace halts every campaign when the disk is nearly full.
func (s *Service) watchSpace() {
	err := s.checkSpace()
	if err == nil {
		return
	}
	s.mu.Lock()
	dialing := false
	for _, l := range s.loops {
		dialing = dialing || l.halted.Load() == nil
	}
	s.mu.Unlock()
	if dialing {
		s.log.Error("the disk is nearly full; campaigns are paused", zap.Error(err))
		s.halt(strings.TrimPrefix(err.Error(), ErrRefused.Error()+": ")+", then: apel campaign resume", err)
	}
}

// nextAnchor is how long to wait for the next one, a restart not counting.
func (s *Service) nextAnchor(now time.Time) time.Duration {
	last, err := s.store.Anchors(1)
	if err != nil || len(last) == 0 {
		return time.Second
	}
	return max(time.Second, s.cfg.Upkeep.AnchorEvery-now.Sub(last[0].At))
}

// anchor takes the ends of the chains and has them kept.
func (s *Service) anchor(now time.Time) (again time.Duration) {
	where := "log"
	heads, err := s.store.Heads(now)
	if err == nil && s.cfg.Upkeep.Anchor != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		where, err = s.cfg.Upkeep.Anchor(ctx, heads)
	}
	if err == nil {
		_, err = s.store.Anchor(context.Background(), Itself, where, now)
	}
	if err != nil {
		s.log.Error("the ends of the chains could not be kept elsewhere", zap.Error(err))
		return anchorRetry
	}
	s.log.Info("anchor", zap.String("store", heads.Store), zap.Uint64("records", heads.Records), zap.String("head", heads.Head),
		zap.Uint64("audit_entries", heads.Entries), zap.String("audit_head", heads.AuditHead), zap.String("where", where))
	return s.cfg.Upkeep.AnchorEvery
}

// retain forgets what is older than it is to be kept, each in the audit trail.
func (s *Service) retain(now time.Time) {
	u := s.cfg.Upkeep
	for _, kind := range []struct {
		what   string
		after  time.Duration
		forget func(before time.Time) error
	}{
		{"recordings", u.Recordings, s.forgetRecordings},
		{"notes", u.Notes, func(b time.Time) error {
			return s.forgetIn("notes", "records", s.store.ForgetInRecords, contactdb.NotesOnly, b)
		}},
		{"numbers", u.Numbers, func(b time.Time) error {
			return s.forgetIn("numbers", "records", s.store.ForgetInRecords, contactdb.Personal, b)
		}},
		{"notes", u.Notes, func(b time.Time) error {
			return s.forgetIn("notes", "audit", s.store.ForgetInAudit, contactdb.AuditTexts, b)
		}},
		{"numbers", u.Numbers, func(b time.Time) error {
			return s.forgetIn("numbers", "audit", s.store.ForgetInAudit, contactdb.Personal, b)
		}},
		{"contacts", u.Contacts, s.forgetContacts},
		{"rejects", u.Contacts, s.forgetRejects},
		{"verdicts", u.Verdicts, s.forgetVerdicts},
	} {
		if kind.after <= 0 {
			continue
		}
		if err := kind.forget(now.Add(-kind.after)); err != nil {
			s.log.Error("what is old could not be forgotten", zap.String("kind", kind.what), zap.Error(err))
		}
	}
}

// forgot writes down what a retention took.
func (s *Service) forgot(what, object string, before time.Time, detail map[string]string) error {
	detail["before"] = before.UTC().Format(time.RFC3339)
	_, err := s.store.Audit(context.Background(), contactdb.AuditEntry{At: time.Now(), Who: Itself, Verb: "retention." + what, Object: object, Detail: detail})
	return err
}

// forgetIn has one of the chains forget members of what is old.
func (s *Service) forgetIn(what, chain string, forget func(context.Context, string, map[string]bool, time.Time) (contactdb.Forgotten, error), members map[string]bool, before time.Time) error {
	for more := true; more && !s.stopping(); {
		f, err := forget(context.Background(), what, members, before)
		if err != nil {
			return err
		}
		if f.Rows > 0 {
			if err := s.forgot(what, chain, before, map[string]string{"rows": strconv.Itoa(f.Rows), "from": strconv.FormatUint(f.First, 10), "to": strconv.FormatUint(f.Last, 10)}); err != nil {
				return err
			}
		}
		more = f.More
	}
	return nil
}

func (s *Service) forgetContacts(before time.Time) error {
	for from, first := []byte(nil), true; (first || from != nil) && !s.stopping(); first = false {
		lists, next, err := s.store.ForgetContacts(context.Background(), before, from)
		if err != nil {
			return err
		}
		for list, n := range lists {
			if err := s.forgot("contacts", "list/"+list, before, map[string]string{"contacts": strconv.Itoa(n)}); err != nil {
				return err
			}
		}
		from = next
	}
	return nil
}

// forgetRejects removes files of rows that imports refused: they are of people
// who never became contacts.
func (s *Service) forgetRejects(before time.Time) error {
	files, err := filepath.Glob(filepath.Join(s.cfg.Data, "rejects", "*"))
	if err != nil {
		return err
	}
	gone := 0
	for _, path := range files {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(before) {
			continue // gone already, or not ours
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		gone++
	}
	if gone == 0 {
		return nil
	}
	return s.forgot("rejects", "rejects", before, map[string]string{"files": strconv.Itoa(gone)})
}

func (s *Service) forgetVerdicts(before time.Time) error {
	n, err := s.store.ForgetEvidence(context.Background(), before)
	if err == nil && n > 0 {
		err = s.forgot("verdicts", "records", before, map[string]string{"verdicts": strconv.Itoa(n)})
	}
	return err
}

// forgetRecordings removes the folders of whole days that are over: the path of
// a recording begins with the day (UTC) of its call.
func (s *Service) forgetRecordings(before time.Time) error {
	last := before.UTC().Truncate(24 * time.Hour)
	days, err := filepath.Glob(filepath.Join(s.cfg.Data, recordings, "[0-9][0-9][0-9][0-9]", "[0-9][0-9]", "[0-9][0-9]"))
	if err != nil {
		return err
	}
	for _, dir := range days {
		rel, err := filepath.Rel(s.cfg.Data, dir)
		if err != nil {
			return err
		}
		day, err := time.Parse("2006/01/02", strings.TrimPrefix(filepath.ToSlash(rel), recordings+"/"))
		if err != nil || !day.Before(last) {
			continue
		}
		files, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := s.forgot("recordings", rel, before, map[string]string{"files": strconv.Itoa(len(files))}); err != nil {
			return err
		}
	}
	return nil
}
