// Package media carries sound: RTP sessions, G.711, telephone-event, SDP, the
// bridge between a customer and an operator, recordings and prompts.
//
// Sound is 8 kHz mono, int16 samples, in frames of 20 ms (160 samples). A
// Session is one RTP stream with one far end over one socket, with one
// goroutine that reads it. Where its packets go is switched between nothing,
// an Ear (frames by the clock, for a detector), and a bridge (forwarded as
// they come: no jitter buffer, mixer or ticker). Media never judges what it
// hears and knows no SIP.
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
