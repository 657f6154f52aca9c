// Package media carries sound: RTP sessions, G.711, telephone-event, SDP, the
// bridge between a customer and an operator, recordings and prompts.
//
// Sound is 8 kHz mono, int16 samples, in frames of 20 ms (160 samples). A
// Session is one RTP stream with one far end over one socket, with one
// goroutine that reads it. A packet comes off the socket, is parsed, is
// checked to be from the far end that signalling named, and goes to nothing,
// to an Ear (frames by the clock, for a detector), to a Bridge (forwarded as
// it comes: no jitter buffer, mixer or ticker), or to both. What a session
// sends is one stream for its whole life: SSRC, sequence and timestamp go on
// growing from a prompt into a bridge, silence, and the next bridge.
//
// Media never judges what it hears and knows no SIP. A bad packet is counted
// and dropped, it never ends a session. No lock is held across I/O, and every
// wait is on a channel or a timer, so all of it runs in a synctest bubble.
package media

import (
	"context"
	"net"
	"time"
)

// Network is where sockets come from: a *net.ListenConfig, or a network in
// memory, which puts the whole dialer inside a synctest bubble.
type Network interface {
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
}

const (
	// SampleRate of all sound, in Hz.
	SampleRate = 8000
	// FrameSamples is the length of a frame.
	FrameSamples = 160
	// FrameTime is the duration of a frame.
	FrameTime = 20 * time.Millisecond
)

// samplesIn is how many samples a duration lasts.
func samplesIn(d time.Duration) int64 { return int64(d) * SampleRate / int64(time.Second) }

// timeOf is how long samples last.
func timeOf(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / SampleRate
}
