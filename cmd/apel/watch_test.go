package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
