package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"apel/dialer/console"
)

const (
	socketName = "apel.sock"
	// maxSocketPath is the longest path of a Unix socket: sun_path has 108
	// bytes on Linux (unix(7)), one of them the zero at the end.
	maxSocketPath = 107
	answerWithin  = 2 * time.Second
)

// socketPath is the shorter of the absolute and the relative path, for the
// sake of maxSocketPath.
func socketPath(dir, name string) string {
	path := filepath.Join(dir, name)
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, abs); err == nil && len(rel) < len(abs) {
			return rel
		}
	}
	return abs
}

func dialSocket(ctx context.Context, dir string) (net.Conn, error) {
	path := socketPath(dir, socketName)
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("socket path %s is too long: %w", path, os.ErrNotExist)
	}
	d := net.Dialer{Timeout: answerWithin}
	return d.DialContext(ctx, "unix", path)
}

// listenSocket makes the socket of a data directory. Only its owner can open
// it, at no moment anyone else: it is made in a folder of its own and moved.
// The caller holds the store, so what stands there from before is stale unless
// someone answers.
func listenSocket(ctx context.Context, dir string) (net.Listener, error) {
	if conn, err := dialSocket(ctx, dir); err == nil {
		_ = conn.Close() // it only asked
		return nil, problem(console.State, "a service runs on %s already; see: apel status", dir)
	}
	nursery := filepath.Join(dir, ".sock")
	path := socketPath(nursery, "s")
	if longest := max(len(path), len(socketPath(dir, socketName))); longest > maxSocketPath {
		return nil, problem(console.Usage, "the path of %s is too long for a Unix socket (%d bytes, at most %d); use a shorter --data, or start apel from a folder nearer to it", dir, longest, maxSocketPath)
	}
	if err := os.RemoveAll(nursery); err != nil {
		return nil, err
	}
	if err := os.Mkdir(nursery, 0o700); err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen in %s: %w", dir, err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // it moves
	err = errors.Join(os.Chmod(path, 0o600), os.Rename(path, filepath.Join(dir, socketName)), os.Remove(nursery))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
