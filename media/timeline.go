package media

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/pion/rtp"
)

const (
	left  = 0 // the customer
	right = 1 // the operator

	timelineRing  = 16384              // samples a side, about 2 s; a power of two
	timelineHold  = SampleRate * 2 / 5 // a packet may come so late and still find its place
	timelineAhead = SampleRate * 2 / 5 // a stream further ahead of the clock begins anew
)

// timeline places what two sides say on one clock. Arrival says when a stream
// begins, its timestamps say where each packet stands in it: jitter doesn't
// tear the sound, and loss and pauses are silence of the right length.
type timeline struct {
	mu      sync.Mutex // guards all below
	start   time.Time  // of the first bridge
	bridges int        // joined now
	stop    int64      // where it ended when the last was parted
	base    int64      // position up to which all is taken
	dropped uint64
	tracks  [2]track
}

// track is one side.
type track struct {
	ring  [timelineRing]int16
	end   int64 // after the last sample placed
	bound bool
	ssrc  uint32
	refTS uint32
	ref   int64
}

func (t *timeline) join(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.start.IsZero() {
		t.start = now
	}
	t.bridges++
}

func (t *timeline) part(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bridges--
	t.stop = t.clock(now)
}

// clock is the position of now. The caller holds mu.
func (t *timeline) clock(now time.Time) int64 {
	if t.start.IsZero() {
		return 0
	}
	return max(samplesIn(now.Sub(t.start)), 0)
}

// settled is the position before which nothing is expected to change.
func (t *timeline) settled(now time.Time) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bridges == 0 {
		return min(t.clock(now)-timelineHold, t.stop)
	}
	return t.clock(now) - timelineHold
}

// length is the position of the end, when nothing more will come.
func (t *timeline) length(now time.Time) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := t.stop
	if t.bridges > 0 {
		end = t.clock(now)
	}
	return max(end, t.tracks[left].end, t.tracks[right].end)
}

func (t *timeline) lost() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped
}

// hear places a packet of sound; a few microseconds, never I/O.
func (r *Recorder) hear(side int, p *rtp.Packet, now time.Time) {
	if r == nil {
		return
	}
	t := &r.timeline
	t.mu.Lock()
	defer t.mu.Unlock()
	k := &t.tracks[side]
	at := k.place(p, t.clock(now))
	length := int64(len(p.Payload))
	if at < t.base || at+length > t.base+timelineRing {
		t.dropped += uint64(length)
		return
	}
	decode := &Codec(p.PayloadType).law().decode
	for i, b := range p.Payload {
		k.ring[(at+int64(i))%timelineRing] = decode[b]
	}
	k.end = max(k.end, at+length)
}

// place finds where a packet stands. A new stream, and one whose timestamps
// have left the clock, begins anew where the clock is, or seamlessly after what
// is there already.
func (k *track) place(p *rtp.Packet, clock int64) int64 {
	at := k.ref + int64(int32(p.Timestamp-k.refTS))
	if k.bound && p.SSRC == k.ssrc && at <= clock+timelineAhead && at >= clock-timelineHold {
		return at
	}
	at = clock
	if k.end > clock && k.end <= clock+3*FrameSamples {
		at = k.end
	}
	k.bound, k.ssrc, k.refTS, k.ref = true, p.SSRC, p.Timestamp, at
	return at
}

// take moves frames up to a position, at most flushFrames of them, to buf as
// interleaved 16-bit samples; what it took is silence again.
func (t *timeline) take(until int64, buf []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	buf = buf[:0]
	for end := min(until, t.base+flushFrames); t.base < end; t.base++ {
		for side := range t.tracks {
			s := &t.tracks[side].ring[t.base%timelineRing]
			buf = binary.LittleEndian.AppendUint16(buf, uint16(*s))
			*s = 0
		}
	}
	return buf
}
