package ua

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatStrangersSendNeitherFillsTheLogNorIsInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := slog.New(newQuiet(slog.NewTextHandler(&log, nil))).With("peer", "+40722000111")
		for range 1000 {
			l.Error("failed to parse", "data", "INVITE sip:+40722000111@example")
			time.Sleep(100 * time.Millisecond)
		}
		got := log.String()
		if lines := strings.Count(got, "\n"); lines != 2 || strings.Contains(got, "40722") {
			t.Errorf("in 100 s the log has %d lines:\n%s", lines, got)
		}
		if !strings.Contains(got, "times=1\n") || !strings.Contains(got, "times=600\n") {
			t.Errorf("the log does not say how often:\n%s", got)
		}
	})
}
