package media

import (
	"context"
	"net"
	"time"
)

// Play sends samples in real time, one frame every 20 ms, and returns when the
// last has had its time, or with ctx, or with the session (net.ErrClosed). The
// stream is its own meanwhile: a bridge's packets are not sent, and a second
// Play or SendDigit waits for its turn. While the far end holds the call the
// time passes unsent.
func (s *Session) Play(ctx context.Context, samples []int16) error {
	v := new(voice)
	if err := s.takeTurn(ctx, v); err != nil {
		return err
	}
	defer s.leaveTurn()
	ticker := time.NewTicker(FrameTime)
	defer ticker.Stop()
	buf := make([]byte, rtpHeader, rtpHeader+FrameSamples)
	frame := make([]int16, FrameSamples)
	for len(samples) > 0 {
		n := copy(frame, samples)
		clear(frame[n:])
		samples = samples[n:]
		_ = s.out.speak(v, frame, buf, time.Now()) // what the network refuses is lost, as on the way
		if err := s.tick(ctx, ticker.C); err != nil {
			return err
		}
	}
	return nil
}

// takeTurn waits until nobody else plays, and holds the stream for v.
func (s *Session) takeTurn(ctx context.Context, v *voice) error {
	s.mu.Lock()
	negotiated := s.negotiated
	s.mu.Unlock()
	if !negotiated {
		return ErrNotNegotiated
	}
	select {
	case s.turn <- struct{}{}:
		s.out.hold(v)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return net.ErrClosed
	}
}

func (s *Session) leaveTurn() {
	s.out.hold(nil)
	<-s.turn
}

// tick waits for the clock.
func (s *Session) tick(ctx context.Context, c <-chan time.Time) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return net.ErrClosed
	}
}
