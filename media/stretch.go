package media

import "math"

// stretcher plays sound faster at its own pitch, by overlap-add of waveforms
// that fit (WSOLA: W. Verhelst, M. Roelands, "An overlap-add technique based on
// waveform similarity (WSOLA) for high quality time-scale modification of
// speech", ICASSP 1993). Each frame of 20 ms is the end of the last window,
// fading out, and the beginning of the next, fading in; the next is taken from
// where the rate wants it, give or take what makes it go on like the last.
type stretcher struct {
	in   []int16 // not played yet, and half a window before
	at   float64 // where in it the rate wants the next window
	last int     // where the last window began; -1: none yet
}

const (
	stretchHop  = FrameSamples               // between windows, as they are played
	stretchSeek = SampleRate / 80            // how far a window may be from its place: a period of a deep voice, 12.5 ms
	stretchNeed = 2*stretchHop + stretchSeek // must be there after at for a frame
)

// fade is the rising half of a Hann window; with the falling one it adds up to 1.
var fade = func() (w [stretchHop]float64) {
	for i := range w {
		w[i] = .5 - .5*math.Cos(math.Pi*(float64(i)+.5)/stretchHop)
	}
	return w
}()

func newStretcher() *stretcher { return &stretcher{last: -1} }

// add appends sound.
func (s *stretcher) add(sound []int16) { s.in = append(s.in, sound...) }

// left is how much is still to be played, in samples.
func (s *stretcher) left() int { return max(len(s.in)-int(s.at), 0) }

// drop leaves out the oldest n samples.
func (s *stretcher) drop(n int) {
	s.at += float64(min(max(n, 0), s.left()))
}

// frame gives the next 20 ms at a rate, rate times as fast as they were said;
// false when there is not enough left.
func (s *stretcher) frame(rate float64, out []int16) bool {
	if s.left() < stretchNeed {
		return false
	}
	next := int(s.at)
	if s.last >= 0 {
		next = s.fit(s.last+stretchHop, next)
		for i := range out {
			was, is := float64(s.in[s.last+stretchHop+i]), float64(s.in[next+i])
			out[i] = int16(was*(1-fade[i]) + is*fade[i])
		}
	} else {
		copy(out, s.in[next:next+stretchHop])
	}
	s.last = next
	s.at += rate * stretchHop
	s.forget()
	return true
}

// fit finds, around a place, the window that is most like the one that would
// have come next: the largest cross-correlation, normalised. All of it is the
// stretcher's own: the race detector would see nothing, and take long.
//
//go:norace
func (s *stretcher) fit(natural, around int) int {
	like := s.in[natural:min(natural+stretchHop, len(s.in))]
	best, at := math.Inf(-1), around
	for from := max(around-stretchSeek, 0); from <= around+stretchSeek && from+2*stretchHop <= len(s.in); from++ {
		sum, power := 0.0, 1.0
		for i, v := range like {
			w := float64(s.in[from+i])
			sum += float64(v) * w
			power += w * w
		}
		if c := sum / math.Sqrt(power); c > best {
			best, at = c, from
		}
	}
	return at
}

// forget lets go of what is not needed any more.
func (s *stretcher) forget() {
	keep := min(s.last, max(int(s.at)-stretchSeek, 0))
	if keep > SampleRate {
		s.in = append(s.in[:0], s.in[keep:]...)
		s.at -= float64(keep)
		s.last -= keep
	}
}

// tail is what follows the last window at its own pace, fading into silence
// nowhere: whoever plays it goes on with the sound itself.
func (s *stretcher) tail() []int16 {
	from := int(s.at)
	if s.last >= 0 {
		from = s.last + stretchHop
	}
	return s.in[min(from, len(s.in)):]
}
