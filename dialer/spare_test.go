package dialer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

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
	if _, err := os.Stat(filepath.Join(s.cfg.Data, spareName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the reserve is there: %v", err)
	}
}
