package amd

import "math"

// music tells music on hold from speech by what neither a voice nor a line
// does for seconds: it holds notes, several of them, at one frequency each, and
// hardly pauses. Speech glides, and a third of it is pauses and weak sounds (the
// measure of low energy frames is that of E. Scheirer and M. Slaney, 1997).
type music struct {
	db    [musicWindow]float64
	held  [musicWindow]uint8 // frames that a note had lasted for when it counted
	n     int
	note  float64 // frequency at which the sound that is being heard began
	run   int
	last  float64 // frequency of the last note
	notes int     // notes of other frequencies than the one before
}

const (
	musicWindow  = 125 // frames: 2.5 s
	musicLeast   = 90  // frames that must have been heard
	noteLeast    = 8   // frames that make a note: 160 ms
	noteSteady   = 10  // Hz
	musicNotes   = 3
	musicQuieter = 10 // dB under the mean: a frame of low energy
)

// add takes a frame.
func (m *music) add(s sound) {
	i := m.n % musicWindow
	m.n++
	m.db[i], m.held[i] = s.db, 0
	if s.db <= quietestDB || s.peak == 0 || s.single < 0.25 || !near(s.peak, m.note, noteSteady) {
		m.note, m.run = s.peak, 1
		return
	}
	m.run++
	switch {
	case m.run == noteLeast:
		m.held[i] = noteLeast
		if !near(m.note, m.last, 2*noteSteady) {
			m.notes++
		}
		m.last = m.note
	case m.run > noteLeast:
		m.held[i] = 1
	}
}

// measure gives the share of the window in which notes are held, and the share
// of frames of low energy.
func (m *music) measure() (held, low float64) {
	n := min(m.n, musicWindow)
	power := 0.0
	for i := range n {
		power += math.Pow(10, m.db[i]/10)
		held += float64(m.held[i]) / float64(n)
	}
	mean := max(quietestDB, 10*math.Log10(power/float64(n)))
	for _, db := range m.db[:n] {
		if db < mean-musicQuieter {
			low += 1 / float64(n)
		}
	}
	return held, low
}

// plays tells whether what is being heard is music: sure enough to say so of
// somebody who might be a person.
func (m *music) plays() bool {
	if m.n < musicLeast || m.notes < musicNotes {
		return false
	}
	held, low := m.measure()
	return held > 0.35 && low < 0.25 || held > 0.16 && low < 0.13
}

// likelier tells whether what is no person is rather music than a greeting.
func (m *music) likelier() bool {
	if m.n < musicLeast/2 || m.notes < 2 {
		return false
	}
	held, low := m.measure()
	return held > 0.12 && low < 0.2
}
