package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"apel/dialer/console"
)

type answer struct {
	State string `json:"state"`
}

func drawn(t *testing.T, a *app) string {
	t.Helper()
	var b bytes.Buffer
	a.std.out = &b
	v := answer{"running"}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	err = drawAgain(a, raw, v, func(w io.Writer, v answer) { fmt.Fprintln(w, "it is", v.State) })
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAWatchRedrawsAScreenAndWritesJSONLinesElsewhere(t *testing.T) {
	screen := drawn(t, &app{std: stdio{outIsScreen: true}})
	if !strings.HasPrefix(screen, "\x1b[H\x1b[2Jit is running\n") {
		t.Errorf("the screen gets %q", screen)
	}
	const line = "{\"state\":\"running\"}\n"
	if diff := cmp.Diff(line, drawn(t, &app{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(line, drawn(t, &app{std: stdio{outIsScreen: true}, flags: flags{output: "json"}})); diff != "" {
		t.Error(diff)
	}
}

func TestProgressOnAScreenStaysOnOneLineAndGoesAway(t *testing.T) {
	var said bytes.Buffer
	a := &app{std: stdio{err: &said, errIsScreen: true}}
	p := a.progress("importing", bytes.NewReader(make([]byte, 500_000)), 0)
	p.draw()
	if _, err := io.Copy(io.Discard, p); err != nil {
		t.Fatal(err)
	}
	p.draw()
	p.done()
	p.done()
	want := "\r\x1b[Kimporting: 0.0 MB" + "\r\x1b[Kimporting: 0.5 MB" + "\r\x1b[K"
	if diff := cmp.Diff(want, said.String()); diff != "" {
		t.Error(diff)
	}
}

func TestACommandThatWaitsLongSaysHowFarItIs(t *testing.T) {
	for name, c := range map[string]struct {
		screen bool
		far    console.Progress
		waits  time.Duration
		want   string
	}{
		"on a screen": {true, console.Progress{Done: 100_000, Of: 400_000}, 3500 * time.Millisecond,
			"\r\x1b[Kjudging contacts: 100,000 of 400,000 (25 %), 50,000/s, 6s left\r\x1b[Kjudging contacts: 100,000 of 400,000 (25 %), 33,333/s, 9s left\r\x1b[K"},
		"of what does not tell":       {true, console.Progress{}, 3500 * time.Millisecond, "\r\x1b[Kwaiting for the answer: 2s\r\x1b[Kwaiting for the answer: 3s\r\x1b[K"},
		"elsewhere, and not for long": {false, console.Progress{Done: 100_000, Of: 400_000}, 9500 * time.Millisecond, ""},
		"elsewhere": {false, console.Progress{Done: 100_000, Of: 400_000}, 20500 * time.Millisecond,
			"judging contacts: 100,000 of 400,000 (25 %), 10,000/s, 30s left\njudging contacts: 100,000 of 400,000 (25 %), 5,000/s, 1m0s left\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said bytes.Buffer
				a := &app{std: stdio{err: &said, errIsScreen: c.screen}}
				asked := &client{http: &http.Client{Transport: &inProcess{handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if err := json.NewEncoder(w).Encode(c.far); err != nil {
						t.Error(err)
					}
				})}}, base: ownBase}
				q := call{path: "/api/campaigns/spring/plan", tells: true}
				stop := a.watch(t.Context(), asked, &q)
				if q.query.Get("progress") == "" {
					t.Error("the request has no name to ask by")
				}
				time.Sleep(c.waits)
				stop()
				if diff := cmp.Diff(c.want, said.String()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestAnInterruptedCommandExits130(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, said bytes.Buffer
	std := stdio{in: strings.NewReader(""), out: &out, err: &said}
	env := func(name string) (string, bool) { return t.TempDir(), name == "APEL_DATA" }
	if code := run(ctx, []string{"list", "ls"}, std, env); code != exitInterrupted {
		t.Errorf("exit code %d, %s%s", code, out.String(), said.String())
	}
	if diff := cmp.Diff("apel: interrupted\n", said.String()); diff != "" {
		t.Error(diff)
	}
}
