package keep

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"

	"go.uber.org/zap"
)

// retain forgets what is older than it is to be kept, each in the audit trail.
func (k *Keeper) retain(now time.Time) {
	u := k.rules
	for _, kind := range []struct {
		what   string
		after  time.Duration
		forget func(before time.Time) error
	}{
		{"recordings", u.Recordings, k.forgetRecordings},
		{"notes", u.Notes, func(b time.Time) error {
			return k.forgetIn("notes", "records", k.store.ForgetInRecords, contactdb.NotesOnly, b)
		}},
		{"numbers", u.Numbers, func(b time.Time) error {
			return k.forgetIn("numbers", "records", k.store.ForgetInRecords, contactdb.Personal, b)
		}},
		{"notes", u.Notes, func(b time.Time) error {
			return k.forgetIn("notes", "audit", k.store.ForgetInAudit, contactdb.AuditTexts, b)
		}},
		{"numbers", u.Numbers, func(b time.Time) error {
			return k.forgetIn("numbers", "audit", k.store.ForgetInAudit, contactdb.Personal, b)
		}},
		{"contacts", u.Contacts, k.forgetContacts},
		{"rejects", u.Contacts, k.forgetRejects},
		{"verdicts", u.Verdicts, k.forgetVerdicts},
	} {
		if kind.after <= 0 {
			continue
		}
		if err := kind.forget(now.Add(-kind.after)); err != nil {
			k.log.Error("what is old could not be forgotten", zap.String("kind", kind.what), zap.Error(err))
		}
	}
}

// forgot writes down what a retention took.
func (k *Keeper) forgot(what, object string, before time.Time, detail map[string]string) error {
	detail["before"] = before.UTC().Format(time.RFC3339)
	_, err := k.store.Audit(context.Background(), contactdb.AuditEntry{At: time.Now(), Who: Itself, Verb: "retention." + what, Object: object, Detail: detail})
	return err
}

// forgetIn has one of the chains forget members of what is old.
func (k *Keeper) forgetIn(what, chain string, forget func(context.Context, string, map[string]bool, time.Time) (contactdb.Forgotten, error), members map[string]bool, before time.Time) error {
	for more := true; more && !k.stopping(); {
		f, err := forget(context.Background(), what, members, before)
		if err != nil {
			return err
		}
		if f.Rows > 0 {
			if err := k.forgot(what, chain, before, map[string]string{"rows": strconv.Itoa(f.Rows), "from": strconv.FormatUint(f.First, 10), "to": strconv.FormatUint(f.Last, 10)}); err != nil {
				return err
			}
		}
		more = f.More
	}
	return nil
}

func (k *Keeper) forgetContacts(before time.Time) error {
	for from, first := []byte(nil), true; (first || from != nil) && !k.stopping(); first = false {
		lists, next, err := k.store.ForgetContacts(context.Background(), before, from)
		if err != nil {
			return err
		}
		for list, n := range lists {
			if err := k.forgot("contacts", "list/"+list, before, map[string]string{"contacts": strconv.Itoa(n)}); err != nil {
				return err
			}
		}
		from = next
	}
	return nil
}

// forgetRejects removes files of rows that imports refused: they are of people
// who never became contacts.
func (k *Keeper) forgetRejects(before time.Time) error {
	files, err := filepath.Glob(filepath.Join(k.dir, Rejects, "*"))
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
	return k.forgot("rejects", "rejects", before, map[string]string{"files": strconv.Itoa(gone)})
}

func (k *Keeper) forgetVerdicts(before time.Time) error {
	n, err := k.store.ForgetEvidence(context.Background(), before)
	if err == nil && n > 0 {
		err = k.forgot("verdicts", "records", before, map[string]string{"verdicts": strconv.Itoa(n)})
	}
	return err
}

// forgetRecordings removes the folders of whole days that are over: the path of
// a recording begins with the day (UTC) of its call.
func (k *Keeper) forgetRecordings(before time.Time) error {
	last := before.UTC().Truncate(24 * time.Hour)
	days, err := filepath.Glob(filepath.Join(k.dir, recordings, "[0-9][0-9][0-9][0-9]", "[0-9][0-9]", "[0-9][0-9]"))
	if err != nil {
		return err
	}
	for _, dir := range days {
		rel, err := filepath.Rel(k.dir, dir)
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
		if err := k.forgot("recordings", rel, before, map[string]string{"files": strconv.Itoa(len(files))}); err != nil {
			return err
		}
	}
	return nil
}
