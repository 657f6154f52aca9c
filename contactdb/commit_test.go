package contactdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestManyCallersInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, each = 40, 5
		s := newStore(t)
		mustApply(t, s, "c", "v1")
		mustImport(t, s, "a", people(0, callers*each)...)
		start := time.Now()
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range each {
					req := request("c", 1, "a")
					req.Now = time.Now()
					res, err := s.Lease(bg, req)
					if err != nil || len(res.Attempts) != 1 {
						t.Errorf("leased %v, %v", res.Attempts, err)
						return
					}
					a := res.Attempts[0]
					if err := s.Note(a.ID, Notes{PlacedAt: time.Now()}); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Minute)
					if _, err := s.Settle(bg, ended(a, Human, time.Now(), time.Time{})); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took != each*time.Minute {
			t.Errorf("%v of virtual time went by, want %v", took, each*time.Minute)
		}
		if y, err := s.Tally("c", time.Time{}, time.Time{}); err != nil || y.Attempts != callers*each {
			t.Errorf("%d attempts, %v", y.Attempts, err)
		}
	})
}

func TestARefusedOperationConcernsNobodyElseOfItsGroup(t *testing.T) {
	s := newStore(t)
	refusal := errors.New("refused")
	var group []*write
	for n := range 9 {
		w := &write{done: make(chan error, 1)}
		w.apply = func(t *tx) error {
			t.put(bMemory, []byte(fmt.Sprint(n)), []byte("x"))
			if n%3 == 1 {
				return refusal
			}
			return nil
		}
		group = append(group, w)
	}
	// The committer is idle: nothing else writes while the test takes its place.
	if broken := s.commit(group); broken != nil {
		t.Fatal(broken)
	}
	for n, w := range group {
		refused := n%3 == 1
		if err := <-w.done; errors.Is(err, refusal) != refused {
			t.Errorf("operation %d: %v", n, err)
		}
		if err := s.view("look", func(t *tx) error {
			if applied := t.get(bMemory, []byte(fmt.Sprint(n))) != nil; applied == refused {
				return fmt.Errorf("operation %d: applied %v", n, applied)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

func TestAWaitingCallerLeavesWhenItsContextEnds(t *testing.T) {
	s := newStore(t)
	inside, release := make(chan bool), make(chan bool)
	go s.update("hold", func(*tx) error { inside <- true; <-release; return nil })
	<-inside
	ctx, cancel := context.WithCancel(bg)
	failed := make(chan error)
	go func() {
		failed <- s.write(ctx, "wait", func(t *tx) error { t.put(bMemory, []byte("x"), nil); return nil })
	}()
	cancel()
	close(release)
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if err := s.view("look", func(t *tx) error {
		if t.get(bMemory, []byte("x")) != nil {
			return errors.New("a cancelled write was applied")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// A write that fails for another reason than a full disk leaves a file of which
// nobody knows what it holds: the store stops writing, and what it had
// acknowledged is there after a restart.
func TestAfterAFailedWriteNothingIsWritten(t *testing.T) {
	for what, spoilt := range map[string]func(path string) string{
		"journal": func(path string) string { return journalPath(path, 0) },
		"store":   func(path string) string { return path },
	} {
		t.Run(what, func(t *testing.T) {
			path := settledStore(t, 3)
			s, err := Open(Config{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Remember("before", []byte("x")); err != nil {
				t.Fatal(err)
			}
			spoilDescriptor(t, spoilt(path))
			if what == "store" {
				if err := s.settled(); !errors.Is(err, ErrDamaged) {
					t.Errorf("folded: %v, want %v", err, ErrDamaged)
				}
			}
			for range 2 {
				if err := s.Remember("after", []byte("x")); !errors.Is(err, ErrDamaged) {
					t.Errorf("error %v, want %v", err, ErrDamaged)
				}
			}
			if value, err := s.Recall("before"); err != nil || string(value) != "x" {
				t.Errorf("recalled %q, %v", value, err)
			}
			_ = s.Close()
			s = openStore(t, path)
			before, _ := s.Recall("before")
			after, err := s.Recall("after")
			if err != nil || string(before) != "x" || after != nil {
				t.Errorf("after a restart: %q, %q, %v", before, after, err)
			}
		})
	}
}

// spoilDescriptor makes the store's open file refuse to be written to, as a
// disk does that has failed.
func spoilDescriptor(t *testing.T, path string) {
	t.Helper()
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	for _, name := range names {
		fd, _ := strconv.Atoi(name.Name())
		if target, _ := os.Readlink("/proc/self/fd/" + name.Name()); target == path && fd != int(readOnly.Fd()) {
			if err := syscall.Dup3(int(readOnly.Fd()), fd, syscall.O_CLOEXEC); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the store's descriptor was not found")
}

func TestCloseWaitsForWhatIsQueued(t *testing.T) {
	path := settledStore(t, 3)
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	mustImport(t, s, "m", person(9))
	a := mustLease(t, s, request("c", 1, "m")).Attempts[0]
	for i := range 700 { // more than one group takes
		if err := s.Note(a.ID, Notes{Operator: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	live, err := s.Live()
	if err != nil || len(live) != 1 || live[0].Notes.Operator != "699" {
		t.Errorf("live %+v, %v", live, err)
	}
}
