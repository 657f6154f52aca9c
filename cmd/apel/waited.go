package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"apel/dialer/console"
)

// What takes long says so: in place on a screen, after two seconds; elsewhere a
// line every ten.
const (
	waitedOnScreen = 2 * time.Second
	waitedElse     = 10 * time.Second
)

// watch says of a request how long it has been waited for, and of one that can
// tell how far it is, until what it returns is called. An import shows what is
// read of its file instead.
func (a *app) watch(ctx context.Context, c *client, q *call) (stop func()) {
	if _, reads := q.body.(*progress); reads {
		return func() {}
	}
	name := ""
	if q.tells {
		name = rand.Text()
		query := map[string][]string{"progress": {name}}
		for k, v := range q.query {
			query[k] = v
		}
		q.query = query
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { a.waited(ctx, c, name) })
	return func() {
		cancel()
		wg.Wait()
	}
}

func (a *app) waited(ctx context.Context, c *client, name string) {
	begun, first, every := time.Now(), waitedElse, waitedElse
	if a.std.errIsScreen {
		first, every = waitedOnScreen, time.Second
	}
	drawn := false
	for next := first; ; next = every {
		select {
		case <-ctx.Done():
			if drawn {
				fmt.Fprint(a.std.err, "\r\x1b[K")
			}
			return
		case <-time.After(next):
		}
		text := waitedLine(a.howFar(ctx, c, name), time.Since(begun))
		if ctx.Err() != nil {
			continue
		}
		if !a.std.errIsScreen {
			a.say("%s", text)
			continue
		}
		drawn = true
		fmt.Fprintf(a.std.err, "\r\x1b[K%s", text)
	}
}

// howFar asks how far a request is; what is not known is nothing.
func (a *app) howFar(ctx context.Context, c *client, name string) (p console.Progress) {
	if name == "" {
		return p
	}
	if _, err := c.json(ctx, call{path: at("progress", name)}, &p); err != nil {
		return console.Progress{}
	}
	return p
}

func waitedLine(p console.Progress, since time.Duration) string {
	if p.Of == 0 || p.Done == 0 {
		return fmt.Sprintf("waiting for the answer: %s", since.Round(time.Second))
	}
	left := time.Duration(float64(since) * float64(max(0, p.Of-p.Done)) / float64(p.Done))
	return fmt.Sprintf("judging contacts: %s of %s (%d %%), %s/s, %s left", thousands(int64(p.Done)), thousands(int64(p.Of)), 100*p.Done/p.Of,
		thousands(int64(float64(p.Done)/since.Seconds())), left.Round(time.Second))
}
