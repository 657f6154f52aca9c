package amd

// Features are what the classifier sees of an answer at one moment. Seconds,
// decibels, semitones and counts; levels are against the speech's own, so that a
// quiet line is not a trait.
type Features [featureCount]float32

const (
	featureCount = 42
	FeatureNet   = 41 // what the network makes of the answer, log odds; 0 without one
)

// FeatureNames are the names of Features in their order, as the model file and
// explanations write them. The pitch of a voice, its colour and its level are
// not among them: they tell voices apart, not people from machines.
var FeatureNames = [featureCount]string{
	"since answer, s", "before speech, s", "span, s", "spoken, s", "pause now, s",
	"longest pause, s", "mean pause, s", "bursts", "first burst, s", "first gap, s",
	"longest burst, s", "burst now, s", "syllables", "syllables a second", "voiced share",
	"pitch spread, st", "pitch turn, st", "pitch slope, st/s", "level spread, dB", "loudest over mean, dB",
	"level slope, dB/s", "flux, dB", "longest vowel, s", "long pauses",
	"speech over noise before, dB", "speech over noise within, dB", "speech over noise after, dB",
	"noise before less after, dB", "noise before spread, dB", "bumps", "digital silence, share",
	"since first word, s", "last vowel, s", "end level, dB", "end pitch, st", "end pitch slope, st/s",
	"syllable spread, s", "mean burst, s", "spoken share", "noise drop in pause, dB", "digital silence in pause, share",
	"network, log odds",
}

// features measures the talk as it stands after frame n-1.
func (t *talk) features(n int) (f Features) {
	y := &t.style
	seconds := func(frames int) float32 { return float32(frames) * float32(frameTime.Seconds()) }
	burst := t.until - t.burst
	first, gap := t.first, t.gap
	if first == 0 {
		first, gap = burst, n-t.until
	}
	level := y.level.mean()
	over := func(noise tally) float32 {
		if noise.n == 0 {
			return -1 // not heard
		}
		return float32(min(60, level-noise.mean()))
	}
	f[0], f[1], f[2], f[3] = seconds(n), seconds(t.begun), seconds(t.span()), seconds(t.active)
	f[4], f[5], f[6] = seconds(n-t.until), seconds(t.longest), float32(t.pauses.mean()*frameTime.Seconds())
	f[7], f[8], f[9] = float32(t.words), seconds(first), seconds(gap)
	f[10], f[11] = seconds(max(t.widest, burst)), seconds(burst)
	f[12] = float32(y.nuclei)
	f[13] = float32(y.nuclei) / max(0.1, seconds(t.active))
	f[14] = float32(y.voiced) / float32(max(1, t.active))
	f[15], f[16], f[17] = float32(y.pitch.spread()), float32(y.turn()), float32(y.falls.slope())
	f[18], f[19], f[20] = float32(y.level.spread()), float32(y.loudest-level), float32(y.fades.slope())
	f[21], f[22], f[23] = float32(y.flux.mean()), seconds(y.longest), float32(t.long)
	f[24], f[25], f[26] = over(y.before), over(y.within), over(y.after)
	if y.before.n > 0 && y.after.n > 0 {
		f[27] = float32(y.before.mean() - y.after.mean())
	}
	f[28], f[29] = float32(y.before.spread()), float32(y.bumps)
	f[30] = float32(y.digital) / float32(max(1, n))
	e := &y.ending
	f[31], f[32] = seconds(n-t.begun), seconds(e.vowel)
	f[33], f[34], f[35] = float32(e.level()-level), float32(y.lastPitch()), float32(e.falls.slope())
	f[36], f[37] = float32(e.beats.spread()), seconds(t.active)/float32(max(1, t.words))
	f[38] = float32(t.active) / float32(max(1, t.span()))
	f[39], f[40] = float32(e.drop()), float32(e.absent)/float32(max(1, e.paused))
	return f
}
