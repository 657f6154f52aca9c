package media

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

var errStub = errors.New("media: being built")

// Codec is a G.711 law by its static RTP payload type (RFC 3551 §6).
type Codec uint8

const (
	PCMU Codec = 0
	PCMA Codec = 8
)

// Ports opens RTP sockets from a range; a port that was closed is the last to
// be used again, and never within its rest time.
type Ports struct{}

// PortsConfig says where RTP sockets are opened.
type PortsConfig struct {
	Network     Network       // nil: the machine's
	Host        string        // local address to bind, e.g. "127.0.0.1"
	First, Last int           // inclusive range of even ports; both 0: the system picks each port
	Rest        time.Duration // default 5 s
}

// NewPorts checks the range.
func NewPorts(cfg PortsConfig) (*Ports, error) { return nil, errStub }

// Open opens a socket on the next port; an error when all are in use.
func (p *Ports) Open(ctx context.Context) (net.PacketConn, error) { return nil, errStub }

// Description is what one side says of its sound in SDP (RFC 4566, RFC 3264).
type Description struct {
	Addr      netip.AddrPort // where it wants RTP; port 0: the stream is refused
	Codecs    []Codec        // in order of preference
	DTMF      uint8          // payload type of telephone-event (RFC 4733), 0: none
	Direction string         // sendrecv (default), sendonly, recvonly, inactive
	SessionID uint64
	Version   uint64 // grows with each new description of the same session (RFC 3264 §8)
}

// Marshal writes the description as SDP.
func (d Description) Marshal() []byte { return nil }

// ParseSDP reads SDP from a far end, strictly: sizes are limited and only what
// apel can use is kept. An error says what is missing.
func ParseSDP(b []byte) (Description, error) { return Description{}, errStub }

// Answer chooses from an offer what local can do (RFC 3264 §6).
func Answer(offer, local Description) (Description, error) { return Description{}, errStub }

// Session is one RTP stream with one far end. It is open until Close; its
// reading goroutine ends with it.
type Session struct{}

// NewSession starts reading a socket. Without Negotiate nothing is sent.
func NewSession(conn net.PacketConn) *Session { return nil }

// Local is the address of the session's socket.
func (s *Session) Local() netip.AddrPort { return netip.AddrPort{} }

// Negotiate sets where to send and what to speak, from the far end's
// description; again after a re-INVITE. The source of packets is learned once
// in a short window after it (symmetric RTP) and then locked.
func (s *Session) Negotiate(remote Description) error { return errStub }

// Codec is the law agreed on.
func (s *Session) Codec() Codec { return PCMU }

// Listen starts an Ear on what arrives. One at a time; the next replaces it.
func (s *Session) Listen() *Ear { return nil }

// Ear gives what a session hears as frames by the clock: a packet that is late
// or lost is silence.
type Ear struct{}

// Next waits for the next 20 ms and returns them; the slice is reused. It ends
// with ctx or with the session (net.ErrClosed).
func (e *Ear) Next(ctx context.Context) ([]int16, error) { return nil, errStub }

// Close ends listening.
func (e *Ear) Close() {}

// Play sends samples in real time, one frame every 20 ms, and returns when the
// last was sent, or with ctx.
func (s *Session) Play(ctx context.Context, samples []int16) error { return errStub }

// Digits gives telephone-events from the far end, one per key press, retransmissions removed.
func (s *Session) Digits() <-chan byte { return nil }

// SendDigit sends a telephone-event of the given duration (RFC 4733 §2.5).
func (s *Session) SendDigit(ctx context.Context, digit byte, d time.Duration) error { return errStub }

// KeepAlive sends silence every interval while nothing else is sent, so that
// NAT bindings and far ends' timers stay alive; 0 stops it.
func (s *Session) KeepAlive(interval time.Duration) {}

// LastHeard is when the last valid packet arrived; zero if none did.
func (s *Session) LastHeard() time.Time { return time.Time{} }

// Stats counts packets since the start.
type Stats struct {
	Received, Sent, Lost, Foreign, Malformed uint64
}

// Stats returns the counters.
func (s *Session) Stats() Stats { return Stats{} }

// Close stops the session and its socket.
func (s *Session) Close() error { return errStub }

// Bridge joins a customer's and an operator's session: packets are forwarded
// as they come, SSRC, sequence, timestamp and payload type rewritten, law
// converted by table. rec may be nil.
type Bridge struct{}

// Join bridges two sessions until Close or until one of them closes.
func Join(customer, operator *Session, rec *Recorder) *Bridge { return nil }

// Close parts the two; the sessions live on.
func (b *Bridge) Close() {}

// Recorder writes a call as a stereo WAV, the customer left, the operator
// right, as it goes: after a crash the file has what was heard so far.
type Recorder struct{}

// NewRecorder creates the file and its folder. Until Close its name ends in ".part".
func NewRecorder(path string) (*Recorder, error) { return nil, errStub }

// Recording is what a closed recorder has written.
type Recording struct {
	Path     string
	SHA256   string
	Duration time.Duration
}

// Close completes the header, syncs, and renames the file to its final name.
func (r *Recorder) Close() (Recording, error) { return Recording{}, errStub }

// ReadWAV reads a prompt or recording: PCM of 8, 16, 24 or 32 bits, float, A-law or mu-law,
// any usual rate, resampled to 8 kHz; one slice per channel.
func ReadWAV(path string) ([][]int16, error) { return nil, errStub }

// WriteWAV writes 8 kHz 16-bit PCM, one slice per channel, all of one length.
func WriteWAV(path string, channels ...[]int16) error { return errStub }

// Tone makes a sine with soft edges at a level in dBFS.
func Tone(hz float64, d time.Duration, dBFS float64) []int16 { return nil }
