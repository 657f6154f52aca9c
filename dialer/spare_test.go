package dialer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"apel/dialer/keep"
)

// Rules of keeping that cannot be are refused at once, and a nearly full disk when
// calls would be placed.
func TestTheServiceHeedsWhatItsKeeperSays(t *testing.T) {
	if _, err := Open(Config{Data: t.TempDir(), Keep: keep.Rules{Recipients: []string{"age1nonsense"}}}); !errors.Is(err, ErrInput) {
		t.Error(err)
	}
	s, err := Open(Config{Data: t.TempDir(), Keep: keep.Rules{MinFree: 1 << 60}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.ResumeCampaign("c"); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
}

// What a crash left is recorded before room is kept in reserve: on a disk that is
// nearly full there may be room for one of the two.
func TestNoRoomIsKeptInReserveBeforeTheRecovery(t *testing.T) {
	s, err := Open(Config{Data: t.TempDir(), SIP: SIPConfig{Listen: "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.endCalls() // so that the recovery fails
	if err := s.Run(context.Background(), 0); !errors.Is(err, context.Canceled) {
		t.Fatalf("ran: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.cfg.Data, "spare")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the reserve is there: %v", err)
	}
}
