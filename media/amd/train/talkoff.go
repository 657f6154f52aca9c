package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"apel/media/amd"
)

// talkOff lets the detector hear everything that is neither a beep nor a tone of
// the network, as it stands and over lines with their noise, echo and losses, and
// reports each that it took for one: recorded prompts, synthesised speech, keys
// pressed, and music on hold (asterisk-moh-opsound-gsm, if it is installed).
func talkOff(o options, voices []voice, out io.Writer) error {
	heard := map[string]*talkOffRow{}
	for _, v := range voices {
		for _, r := range sortedKeys(v.said) {
			for i, u := range v.said[r] {
				rng := rand.New(rand.NewPCG(o.seed, hash(fmt.Sprint(v.name, r, i))))
				x := append(append(make([]float64, rate/3), u.pcm...), make([]float64, 2*rate)...)
				count(heard, v.engine, overTheLine(rng, x, false, scene{0, float64(len(x)) / rate}, rate/3))
			}
		}
	}
	for i := range o.keyPieces {
		rng := rand.New(rand.NewPCG(o.seed, uint64(i)+5000))
		x := keysPressed(rng, voices)
		count(heard, "keys", overTheLine(rng, x, false, scene{0, float64(len(x)) / rate}, rate/3))
	}
	music, _ := filepath.Glob("/usr/share/asterisk/moh/*.gsm")
	for _, f := range music {
		pcm, err := decode(f, o.cache)
		if err != nil {
			return err
		}
		for at := 0; at+8*rate <= len(pcm); at += 7 * rate { // as many answers of eight seconds
			piece := make([]int16, 8*rate)
			for i := range piece {
				piece[i] = int16(pcm[at+i])
			}
			count(heard, "music", piece)
		}
	}
	for _, k := range sortedKeys(heard) {
		r := heard[k]
		fmt.Fprintf(out, "%-9s %6.0f s in %5d pieces: %d beeps, %d network tones %v; first verdicts %v\n", k, r.seconds, r.pieces, r.beeps, r.tones, r.what, r.first)
	}
	return nil
}

// Frequencies of keys, Hz (ITU-T Q.23).
var (
	keyRows    = []float64{697, 770, 852, 941}
	keyColumns = []float64{1209, 1336, 1477, 1633}
)

// keysPressed is eight seconds in which somebody presses keys, in every third
// after a word or two: 40 ms to 0.6 s each, with pauses from 40 ms on, and up
// to 8 dB of twist, as receivers are to bear (ITU-T Q.24).
func keysPressed(rng *rand.Rand, voices []voice) []float64 {
	x := make([]float64, 8*rate)
	at := 0.2 + rng.Float64()
	if rng.IntN(3) == 0 {
		said := draw(rng, voices).greeting(rng, hello)
		add(x, said, int(at*rate), 1)
		at += float64(len(said))/rate + 0.1 + rng.Float64()
	}
	low, length := gain(-12+8*rng.Float64()), 0.04+0.56*rng.Float64()*rng.Float64()
	high, pause := low*gain(-8+16*rng.Float64()), 0.04+rng.Float64()*rng.Float64()
	for range 1 + rng.IntN(12) {
		row, column := keyRows[rng.IntN(4)], keyColumns[rng.IntN(4)]
		sine(x, at, length, row, row, low)
		at = sine(x, at, length, column, column, high) + pause*(0.8+0.4*rng.Float64())
	}
	return x
}

type talkOffRow struct {
	seconds      float64
	pieces       int
	beeps, tones int
	what         []string
	first        map[amd.Kind]int
}

func count(heard map[string]*talkOffRow, what string, pcm []int16) {
	r := heard[what]
	if r == nil {
		r = &talkOffRow{first: map[amd.Kind]int{}}
		heard[what] = r
	}
	r.seconds += float64(len(pcm)) / rate
	r.pieces++
	d := amd.New(amd.Settings{})
	decided := false
	for ; len(pcm) >= 160; pcm = pcm[160:] {
		v, changed := d.Feed(pcm[:160])
		if changed && !decided {
			decided = true
			r.first[v.Kind]++
		}
		switch {
		case !changed:
		case v.Kind == amd.Beep:
			r.beeps++
			r.what = append(r.what, strings.TrimPrefix(v.Why, "a beep of "))
		case !slices.Contains([]amd.Kind{amd.Human, amd.Machine, amd.Silence, amd.Music, amd.Unknown}, v.Kind):
			r.tones++
			r.what = append(r.what, string(v.Kind)+" "+v.Detail)
		}
	}
}
