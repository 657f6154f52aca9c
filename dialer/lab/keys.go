package lab

import (
	"time"

	"apel/media"
)

// press sends a telephone-event (RFC 4733 §2.5): packets every 20 ms with one
// timestamp and a growing duration, the last three times.
func (s *stream) press(stop <-chan struct{}, digit byte, d time.Duration) bool {
	event, ok := eventOf(digit)
	if !ok {
		return true
	}
	s.mu.Lock()
	s.keying, s.fresh = true, true
	s.advance(time.Now())
	s.header.SequenceNumber--
	pt := s.dtmf
	s.mu.Unlock()
	frames := max(2, int(d/media.FrameTime))
	timer := time.NewTicker(media.FrameTime)
	defer timer.Stop()
	for i := 1; i <= frames+2; i++ {
		s.event(pt, event, min(i, frames), i >= frames, i == 1)
		select {
		case <-stop:
			return false
		case <-timer.C:
		}
	}
	s.mu.Lock()
	s.keying, s.fresh = false, true
	s.mu.Unlock()
	return true
}

func (s *stream) event(pt, event uint8, frames int, end, marker bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute || pt == 0 || !s.remote.IsValid() {
		return
	}
	var packet [16]byte
	h := s.header
	h.PayloadType, h.Marker = pt, marker
	h.SequenceNumber++
	s.header.SequenceNumber++
	_, _ = h.MarshalTo(packet[:]) // 12 bytes always fit
	duration := frames * media.FrameSamples
	packet[12], packet[13] = event, 10
	if end {
		packet[13] |= 0x80
	}
	packet[14], packet[15] = byte(duration>>8), byte(duration)
	_ = writeTo(s.out, packet[:], s.remote) // a lost packet is a lost packet
}

func eventOf(digit byte) (uint8, bool) {
	switch {
	case digit >= '0' && digit <= '9':
		return digit - '0', true
	case digit == '*':
		return 10, true
	case digit == '#':
		return 11, true
	}
	return 0, false
}
