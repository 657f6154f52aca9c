package dialer_test

import (
	"os"
	"testing"
)

// TestMain keeps the data directories of tests in memory, where the machine has
// a folder for that: in virtual time most of a test was waiting for the disk.
// That what is acknowledged survives is proved where the store is.
func TestMain(m *testing.M) {
	const memory = "/dev/shm"
	if dir, err := os.MkdirTemp(memory, "apel-test"); err == nil {
		os.Setenv("TMPDIR", dir)
		code := m.Run()
		os.RemoveAll(dir)
		os.Exit(code)
	}
	os.Exit(m.Run())
}
