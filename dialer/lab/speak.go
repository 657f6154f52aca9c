package lab

import (
	"time"

	"apel/media"

	"github.com/zaf/g711"
)

// keepAlive is how often a silent stream sends a packet.
const keepAlive = time.Second

// speak plays samples in real time; false when stop closed first. Silence
// inside them is sent as line noise for as long as the stream is continuous,
// and is suppressed afterwards.
func (s *stream) speak(stop <-chan struct{}, pcm []int16) bool {
	next := time.Now()
	var frame [media.FrameSamples]int16
	for len(pcm) > 0 {
		n := copy(frame[:], pcm)
		clear(frame[n:])
		pcm = pcm[n:]
		if !silent(frame[:]) {
			s.sent.Add(1)
			s.send(frame)
		} else if next.Before(s.continuous) {
			s.send(frame)
		} else {
			s.gap()
		}
		next = next.Add(media.FrameTime)
		if !s.pause(stop, next, nil) {
			return false
		}
	}
	return true
}

// idle waits until a time with nothing to say; false when stop closed first.
// With wake it also ends at a token there.
func (s *stream) idle(stop <-chan struct{}, until time.Time, wake <-chan struct{}) bool {
	for {
		now := time.Now()
		if !now.Before(until) {
			return true
		}
		next := now.Add(media.FrameTime)
		if now.Before(s.continuous) {
			s.send([media.FrameSamples]int16{})
		} else {
			next = s.refresh(now)
		}
		if next.After(until) {
			next = until
		}
		if !s.pause(stop, next, wake) {
			return false
		}
		if time.Now().Before(next) {
			return true // woken
		}
	}
}

// pause waits for a time, a token, or stop (false).
func (s *stream) pause(stop <-chan struct{}, until time.Time, wake <-chan struct{}) bool {
	d := time.Until(until)
	if s.timer == nil {
		s.timer = time.NewTimer(d)
	} else {
		s.timer.Reset(d)
	}
	select {
	case <-stop:
		s.timer.Stop()
		return false
	case <-wake:
		s.timer.Stop()
	case <-s.timer.C:
	}
	return true
}

// hears waits for sound, for a time or (0) for ever; ok is false when stop
// closed first.
func (s *stream) hears(stop <-chan struct{}, patience time.Duration) (heard, ok bool) {
	if patience == 0 {
		patience = 24 * time.Hour
	}
	select {
	case <-s.sound: // what was heard while speaking
	default:
	}
	until := time.Now().Add(patience)
	if !s.idle(stop, until, s.sound) {
		return false, false
	}
	return time.Now().Before(until), true
}

// hush waits until it has been quiet for a time; false when stop closed first.
func (s *stream) hush(stop <-chan struct{}, gap time.Duration) bool {
	for {
		until := since(s.lastAt.Load()).Add(gap)
		if !time.Now().Before(until) {
			return true
		}
		if !s.idle(stop, until, nil) {
			return false
		}
	}
}

// refresh sends a packet when the last is a keep-alive interval old, and says
// when the next is due.
func (s *stream) refresh(now time.Time) time.Time {
	s.mu.Lock()
	s.fresh = true
	due := s.stamp.Add(keepAlive)
	s.mu.Unlock()
	if now.Before(due) {
		return due
	}
	s.send([media.FrameSamples]int16{})
	return now.Add(keepAlive)
}

// fallSilent is a fault: nothing is sent any more.
func (s *stream) fallSilent() {
	s.mu.Lock()
	s.mute = true
	s.mu.Unlock()
}

// gap says that the next packet begins a talkspurt.
func (s *stream) gap() {
	s.mu.Lock()
	s.fresh = true
	s.mu.Unlock()
}

// send encodes a frame, with the line's noise, and sends it.
func (s *stream) send(frame [media.FrameSamples]int16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute || s.hold || s.keying || !s.remote.IsValid() {
		return
	}
	s.noise.add(frame[:])
	encodeFrame(s.packet[12:], s.law, &frame)
	s.header.PayloadType = uint8(s.law)
	if s.strange != 0 {
		s.header.PayloadType = s.strange
	}
	s.advance(time.Now())
	s.write(s.packet[:])
}

//go:norace
func encodeFrame(payload []byte, law media.Codec, frame *[media.FrameSamples]int16) {
	code := g711.EncodeUlawFrame
	if law == media.PCMA {
		code = g711.EncodeAlawFrame
	}
	for i, v := range frame {
		payload[i] = code(v)
	}
}

// advance gives the next packet its number and its place in time: RFC 3550
// counts one frame within a talkspurt, the clock from one to the next.
func (s *stream) advance(now time.Time) {
	s.header.SequenceNumber++
	step := uint32(media.FrameSamples)
	s.header.Marker = s.fresh
	if s.fresh && !s.stamp.IsZero() {
		frames := uint32(now.Sub(s.stamp) / media.FrameTime)
		step = max(frames, 1) * media.FrameSamples
	}
	s.fresh = false
	s.header.Timestamp += step
	s.stamp = now
}

func (s *stream) write(packet []byte) {
	if _, err := s.header.MarshalTo(packet); err != nil {
		return
	}
	_ = writeTo(s.out, packet, s.remote) // a lost packet is a lost packet
}
