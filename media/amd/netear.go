package amd

import "math"

// netEar turns what the ear and the talk know of two frames into what the
// network hears: nothing of it depends on the line's level or colour, for each
// band and the pitch are against what they were so far.
type netEar struct {
	bands [bandCount]tally
	level tally
	pitch tally
	sum   NetInput
	half  bool
	held  int // frames that were left out
}

// The inputs that measure a voice rather than when it speaks: pitch, level and
// level over the noise, and the bands.
const (
	NetVoice    = 2
	NetVoiceEnd = 5
	NetBands    = 6
	NetBandsEnd = NetBands + bandCount
)

// longestLead is the longest quiet before the first word that the network
// hears, in frames: nobody it learned from began later, and after a longer one
// it is to judge as if the answer had come later.
const longestLead = 110

// add takes a frame; true when in holds two.
func (e *netEar) add(n int, s sound, t *talk, in *NetInput) bool {
	if !e.half && (n%2 != 0 || !t.heard && n-e.held >= longestLead) { // always whole pairs
		e.held++
		return false
	}
	x := &e.sum
	if !e.half {
		*x = NetInput{}
	}
	if s.active {
		x[0]++
		e.level.add(s.db)
		mean := 0.0
		for b, v := range s.bands {
			e.bands[b].add(v)
			mean += v - e.bands[b].mean()
		}
		for b, v := range s.bands {
			x[NetBands+b] += bounded((v - e.bands[b].mean() - mean/bandCount) / 10)
		}
	}
	if s.voiced {
		x[1]++
		st := 12 * math.Log2(s.pitch/100)
		e.pitch.add(st)
		x[2] += bounded((st - e.pitch.mean()) / 4)
	}
	if e.level.n > 0 {
		x[3] += bounded((s.db - e.level.mean()) / 12)
	}
	x[4] += bounded((s.db - s.floor) / 20)
	if s.db <= silentDB {
		x[5]++
	}
	if t.running(n) {
		x[12]++
	}
	if t.heard {
		x[13] += float32(min(4, float64(n-t.begun)*0.02) / 2)
		x[14] += float32(min(2, float64(n-t.until)*0.02))
		x[17]++
	}
	x[15] += float32(min(4, float64(n-e.held)*0.02) / 2)
	x[16] += float32(s.purity)
	e.half = !e.half
	if e.half {
		return false
	}
	for i := range x {
		in[i] = x[i] / 2
	}
	return true
}

func bounded(v float64) float32 { return float32(max(-3, min(3, v))) }
