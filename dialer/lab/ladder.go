package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Ladder keeps the first line of every SIP message on a network: give its Tap
// to NetConfig, and print it when a test of calls fails.
type Ladder struct {
	mu    sync.Mutex
	rungs []rung
}

type rung struct {
	at       time.Time
	from, to netip.AddrPort
	line     string
}

// Tap is for NetConfig.Tap. A datagram that does not begin with a capital
// letter is not SIP.
func (l *Ladder) Tap(at time.Time, from, to netip.AddrPort, data []byte) {
	if len(data) < 16 || data[0] < 'A' || data[0] > 'Z' {
		return
	}
	line, _, _ := strings.Cut(string(data), "\r\n")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rungs = append(l.rungs, rung{at, from, to, line})
}

// Sent lists the first lines that one address sent.
func (l *Ladder) Sent(from netip.AddrPort) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rungs {
		if r.from == from {
			lines = append(lines, r.line)
		}
	}
	return lines
}

// String shows a message a line, with seconds since the first.
func (l *Ladder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, r := range l.rungs {
		fmt.Fprintf(&b, "%9.3f %v > %v  %s\n", r.at.Sub(l.rungs[0].at).Seconds(), r.from, r.to, r.line)
	}
	return b.String()
}
