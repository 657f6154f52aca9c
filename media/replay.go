package media

import (
	"context"
	"math"
	"time"
)

// catchUp is how long an operator hears a customer later than live, at most.
const catchUp = 1900 * time.Millisecond

const (
	fastest    = 2.2                // rate; beyond, nobody understands
	slowest    = 1.15               // rate; below, the end would never come
	pauseKept  = 4                  // frames of a pause that are played; the rest is left out
	pauseLevel = 180.0              // RMS below that is a pause: -45 dBFS
	mostSaid   = 9 * SampleRate / 4 // what the fastest rate catches up with in time
)

// Replay plays what was said before a session's bridge, faster and at its own
// pitch, and what is being said meanwhile, until that is caught up with; then
// the bridge goes on live. Said gives what has come since it was last asked; its
// first answer is the past. Pauses are shortened; of a past that is too long
// the end is played. While it plays the bridge's packets are not sent, as with
// Play. It returns how far behind the first sound was and how long it took to
// catch up.
func (s *Session) Replay(ctx context.Context, said func() []int16) (behind, took time.Duration, err error) {
	v := new(voice)
	if err := s.takeTurn(ctx, v); err != nil {
		return 0, 0, err
	}
	defer s.leaveTurn()
	// An ear's frames come every 20 ms too: ours come between them, so that it does
	// not depend on the order of goroutines what has been said by now.
	if err := s.tick(ctx, time.After(FrameTime/3)); err != nil {
		return 0, 0, err
	}
	r := replay{fast: newStretcher(), quiet: pauseKept}
	r.hear(said())
	r.fast.drop(r.fast.left() - mostSaid)
	behind = timeOf(int64(r.fast.left()))
	ticker := time.NewTicker(FrameTime)
	defer ticker.Stop()
	buf := make([]byte, rtpHeader, rtpHeader+FrameSamples)
	frame := make([]int16, FrameSamples)
	for began := time.Now(); ; {
		took = time.Since(began)
		if took >= catchUp || !r.fast.frame(r.rate(catchUp-took), frame) {
			return behind, took, s.finishReplay(ctx, v, r.fast.tail(), buf, ticker)
		}
		_ = s.out.speak(v, frame, buf, time.Now()) // what the network refuses is lost, as on the way
		if err := s.tick(ctx, ticker.C); err != nil {
			return behind, took, err
		}
		r.hear(said())
	}
}

// finishReplay plays the last whole frames at their own pace: less than what an
// ear's delay takes anyway.
func (s *Session) finishReplay(ctx context.Context, v *voice, rest []int16, buf []byte, ticker *time.Ticker) error {
	for n := 0; len(rest) >= FrameSamples && n < 2; n++ {
		_ = s.out.speak(v, rest[:FrameSamples], buf, time.Now()) // as above
		rest = rest[FrameSamples:]
		if err := s.tick(ctx, ticker.C); err != nil {
			return err
		}
	}
	return nil
}

// replay is the past being played.
type replay struct {
	fast  *stretcher
	quiet int     // frames of a pause in a row
	part  []int16 // not a whole frame yet
}

// rate is what catches up within a time.
func (r *replay) rate(within time.Duration) float64 {
	left := float64(r.fast.left()) / SampleRate
	return min(max(1+left/max(within.Seconds(), .02), slowest), fastest)
}

// hear takes sound in, without what is too long of its pauses.
func (r *replay) hear(sound []int16) {
	r.part = append(r.part, sound...)
	for len(r.part) >= FrameSamples {
		frame := r.part[:FrameSamples]
		power := 0.0
		for _, v := range frame {
			power += float64(v) * float64(v)
		}
		if math.Sqrt(power/FrameSamples) < pauseLevel {
			r.quiet++
		} else {
			r.quiet = 0
		}
		if r.quiet <= pauseKept {
			r.fast.add(frame)
		}
		r.part = r.part[FrameSamples:]
	}
	r.part = append([]int16(nil), r.part...)
}
