package contactdb

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A full disk is made in two ways, each in a child process: by a limit on the
// size of files, which every Linux has, and by a small file system in memory,
// which needs the right to make name spaces.
const fullEnv = "APEL_STORE_FULL"

func TestOnAFullDiskNothingIsAppliedAndNothingIsLost(t *testing.T) {
	for _, how := range []string{"limit", "tmpfs"} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), childEnv+"="+filepath.Join(dir, "store.db"), fullEnv+"="+how)
			if how == "tmpfs" {
				child.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
					UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
					GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
				}
			}
			out, err := child.CombinedOutput()
			if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() == cannotMount) && how == "tmpfs" {
				t.Skipf("no name spaces here, so no small file system: %v", err)
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

const cannotMount = 42

func fullChild(path string) int {
	dir := filepath.Dir(path)
	var grow func() error
	if os.Getenv(fullEnv) == "tmpfs" {
		if err := syscall.Mount("none", dir, "tmpfs", 0, "size=3m"); err != nil {
			return cannotMount
		}
		grow = func() error { return syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT, "size=300m") }
	} else {
		signal.Ignore(syscall.SIGXFSZ)
		old := syscall.Rlimit{}
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			panic(err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 24 << 20, Max: old.Max}); err != nil {
			panic(err)
		}
		grow = func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old) }
	}
	if err := fillDisk(path, grow); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// fillDisk works until the disk is full, looks at what is there, makes the disk
// larger and goes on.
func fillDisk(path string, grow func() error) error {
	s, err := Open(Config{Path: path})
	if err != nil {
		return err
	}
	defer s.Close()
	s.importStep = 100
	if _, err := s.Import(bg, "base", monday, rowsOf(people(0, 50)...)); err != nil {
		return err
	}
	if _, err := s.ApplyCampaign("c", []byte("v1"), monday); err != nil {
		return err
	}
	res, err := s.Lease(bg, request("c", 10, "base"))
	if err != nil {
		return err
	}
	if _, err := s.Settle(bg, ended(res.Attempts[0], Busy, monday, monday)); err != nil {
		return err
	}
	_, err = s.Import(bg, "big", monday, rowsOf(people(0, 150_000)...))
	if !errors.Is(err, ErrNoSpace) {
		return fmt.Errorf("import on a full disk: %v", err)
	}
	if err := remember(s); !errors.Is(err, ErrNoSpace) {
		return fmt.Errorf("filling up: %v", err)
	}
	if err := sameAsBefore(s); err != nil {
		return err
	}
	if err := grow(); err != nil {
		return err
	}
	if _, err := s.Settle(bg, ended(res.Attempts[1], Busy, monday, monday)); err != nil {
		return fmt.Errorf("settle on the larger disk: %w", err)
	}
	if _, err := s.Import(bg, "big", monday, rowsOf(people(0, 2_000)...)); err != nil {
		return fmt.Errorf("import on the larger disk: %w", err)
	}
	return s.Check()
}

// remember writes values until there is no space left.
func remember(s *Store) error {
	for n := range 100_000 {
		if err := s.Remember(fmt.Sprint(n), []byte(strings.Repeat("x", 20_000))); err != nil {
			return err
		}
	}
	return nil
}

func sameAsBefore(s *Store) error {
	lists, err := s.Lists()
	if err != nil || len(lists) != 1 || lists[0].Contacts != 50 {
		return fmt.Errorf("lists on the full disk: %v, %v", lists, err)
	}
	live, err := s.Live()
	if err != nil || len(live) != 9 {
		return fmt.Errorf("%d live attempts on the full disk, %v", len(live), err)
	}
	tally, err := s.Tally("c", time.Time{}, time.Time{})
	if err != nil || tally.Attempts != 1 {
		return fmt.Errorf("tally on the full disk: %+v, %v", tally, err)
	}
	return s.Check()
}
