package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apel/dialer/console"
)

func TestASocketThatAnswersIsNotReplacedAndAStaleOneIs(t *testing.T) {
	dir := t.TempDir()
	first, err := listenSocket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = listenSocket(t.Context(), dir)
	if got := console.ProblemOf(err).Code; got != console.State {
		t.Errorf("a second service got %v, %v", got, err)
	}
	if err := first.Close(); err != nil { // leaves the socket behind, as a crash does
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, socketName)); err != nil {
		t.Fatalf("the test needs a stale socket: %v", err)
	}
	again, err := listenSocket(t.Context(), dir)
	if err != nil {
		t.Fatalf("a stale socket was not replaced: %v", err)
	}
	defer again.Close()
	conn, err := dialSocket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d entries beside the socket, %v", len(entries), err)
	}
}

func TestASocketIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	l, err := listenSocket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Lstat(filepath.Join(dir, socketName))
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode().Type() != os.ModeSocket {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAPathTooLongForASocketIsASentenceAndNoService(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := listenSocket(t.Context(), dir)
	if p := console.ProblemOf(err); p.Code != console.Usage || !strings.Contains(p.Sentence, "at most 107") {
		t.Errorf("%+v", p)
	}
	if _, err := dialSocket(t.Context(), dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	t.Chdir(dir) // from inside it is short
	l, err := listenSocket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
