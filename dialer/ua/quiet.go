package ua

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quiet passes on what sipgo says, without what the network has sent: a
// stranger's bytes and people's numbers have no place in a log. What it says
// again within a minute is counted, so that nobody fills a disk with garbage.
type quiet struct {
	slog.Handler
	mu   *sync.Mutex // guards said
	said map[string]*saying
}

type saying struct {
	at    time.Time // when it was last passed on
	since int       // how often it was said since then
}

const (
	sayEvery    = time.Minute
	mostSayings = 200 // different ones; more is nothing that we know
)

func newQuiet(h slog.Handler) quiet {
	return quiet{h, new(sync.Mutex), map[string]*saying{}}
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	q.mu.Lock()
	s := q.said[r.Message]
	if s == nil {
		if len(q.said) >= mostSayings {
			q.mu.Unlock()
			return nil
		}
		s = &saying{}
		q.said[r.Message] = s
	}
	if s.since++; r.Time.Sub(s.at) < sayEvery {
		q.mu.Unlock()
		return nil
	}
	times := s.since
	s.at, s.since = r.Time, 0
	q.mu.Unlock()
	told := slog.NewRecord(r.Time, min(r.Level, slog.LevelWarn), r.Message, 0)
	told.AddAttrs(slog.Int("times", times))
	return q.Handler.Handle(ctx, told)
}

// WithAttrs drops them: they may hold messages of the far end.
func (q quiet) WithAttrs([]slog.Attr) slog.Handler { return q }

func (q quiet) WithGroup(string) slog.Handler { return q }
