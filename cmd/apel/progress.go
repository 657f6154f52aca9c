package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// progress reads through and says how far it is: in place on a screen, a line
// every ten seconds elsewhere; nothing of what is over at once.
type progress struct {
	io.Reader
	app        *app
	what       string
	size, read int64 // bytes; size 0: not known
	every      time.Duration
	next       time.Time
	drawn      bool // something stands on the screen's line
}

func (a *app) progress(what string, r io.Reader, size int64) *progress {
	p := &progress{Reader: r, app: a, what: what, size: size, every: 10 * time.Second}
	if a.std.errIsScreen {
		p.every = 200 * time.Millisecond
	}
	p.next = time.Now().Add(p.every)
	return p
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.read += int64(n)
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(p.every)
		p.draw()
	}
	return n, err
}

func (p *progress) draw() {
	text := fmt.Sprintf("%s: %.1f MB", p.what, float64(p.read)/1e6)
	if p.size > 0 {
		text += fmt.Sprintf(" of %.1f MB (%d %%)", float64(p.size)/1e6, 100*p.read/p.size)
	}
	if !p.app.std.errIsScreen {
		p.app.say("%s", text)
		return
	}
	p.drawn = true
	fmt.Fprintf(p.app.std.err, "\r\x1b[K%s", text)
}

// done clears the screen's line.
func (p *progress) done() {
	if p.drawn {
		fmt.Fprint(p.app.std.err, "\r\x1b[K")
		p.drawn = false
	}
}

// fileStem is a file's name without folder and endings.
func fileStem(path string) string {
	stem, _, _ := strings.Cut(filepath.Base(path), ".")
	return stem
}
