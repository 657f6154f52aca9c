package evaluate

import (
	"fmt"
	"math"
	"time"

	"apel/media/amd"
)

// Defaults of the cadence method as publicly described for Asterisk's AMD
// application and its sample configuration.
const (
	initialSilence       = 2500 * time.Millisecond // without a word: a machine
	greetingLimit        = 1500 * time.Millisecond // a longer greeting: a machine
	afterGreetingSilence = 800 * time.Millisecond  // quiet after a word: a person
	analysisLimit        = 5000 * time.Millisecond // then it gives up
	minimumWord          = 100 * time.Millisecond
	betweenWords         = 50 * time.Millisecond
	maximumWords         = 3
	silenceThreshold     = 256 // mean absolute sample value
	maximumWordLength    = 5000 * time.Millisecond
)

// Cadence judges a clip by the cadence method: it counts words and silences by
// a fixed threshold of loudness, 20 ms at a time. What it calls "not sure"
// counts as a person here, as dialers usually route it.
func Cadence(c Clip) Outcome {
	o := Outcome{Label: c.Label}
	o.First = cadence(c.PCM)
	o.Decided = o.First.Kind != amd.Unknown
	if !o.Decided {
		o.First.Kind = amd.Human
	}
	o.Last = o.First
	return o
}

func cadence(pcm []int16) amd.Verdict {
	const frame = 160
	const step = 20 * time.Millisecond
	var voice, silence, greeting, now time.Duration
	words, inWord, inGreeting := 0, false, false
	decide := func(k amd.Kind, why string) amd.Verdict {
		return amd.Verdict{Kind: k, At: now, BeepAt: -1, Confidence: 0.5, Why: why}
	}
	for ; len(pcm) >= frame; pcm = pcm[frame:] {
		now += step
		if loudness(pcm[:frame]) < silenceThreshold {
			silence += step
			if silence >= betweenWords {
				inWord, voice = false, 0
			}
			switch {
			case !inGreeting && silence >= initialSilence:
				return decide(amd.Machine, "no word for too long")
			case inGreeting && silence >= afterGreetingSilence:
				return decide(amd.Human, "a pause after the greeting")
			}
		} else {
			silence = 0
			voice += step
			if voice >= minimumWord && !inWord {
				inWord = true
				words++
				inGreeting = true
			}
			switch {
			case voice >= maximumWordLength:
				return decide(amd.Machine, "a word too long")
			case words >= maximumWords:
				return decide(amd.Machine, fmt.Sprintf("%d words", words))
			}
		}
		if inGreeting {
			if greeting += step; greeting >= greetingLimit && silence == 0 {
				return decide(amd.Machine, "a greeting too long")
			}
		}
		if now >= analysisLimit {
			return decide(amd.Unknown, "too long undecided")
		}
	}
	return decide(amd.Unknown, "the recording ended")
}

func loudness(frame []int16) float64 {
	sum := 0.0
	for _, v := range frame {
		sum += math.Abs(float64(v))
	}
	return sum / float64(len(frame))
}
