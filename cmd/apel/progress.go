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
	begun      time.Time
	next       time.Time
	drawn      bool // something stands on the screen's line
}

func (a *app) progress(what string, r io.Reader, size int64) *progress {
	p := &progress{Reader: r, app: a, what: what, size: size, every: 10 * time.Second}
	if a.std.errIsScreen {
		p.every = 200 * time.Millisecond
	}
	p.begun = time.Now()
	p.next = p.begun.Add(p.every)
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
	text += p.pace(time.Since(p.begun))
	if !p.app.std.errIsScreen {
		p.app.say("%s", text)
		return
	}
	p.drawn = true
	fmt.Fprintf(p.app.std.err, "\r\x1b[K%s", text)
}

// pace is the rate, and the time left if the size is known; at the end it says
// what is still done.
func (p *progress) pace(since time.Duration) string {
	if since < time.Second || p.read == 0 {
		return ""
	}
	if p.size > 0 && p.read >= p.size {
		return ", all read, now sorting"
	}
	text := fmt.Sprintf(", %.1f MB/s", float64(p.read)/1e6/since.Seconds())
	if p.size > 0 {
		left := time.Duration(float64(since) * float64(p.size-p.read) / float64(p.read))
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
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
