package main

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAFileOfACollectionTellsWhoSpeaks(t *testing.T) {
	type who struct{ Name, Language string }
	got := map[string][]who{}
	paths := []string{
		"animals/birds/crow_desc_ro.ogg", "animals/birds/crow_desc_fr.ogg", "animals/birds/crow_desc_it.ogg", "animals/birds/crow.ogg",
		"corridor/cs/ch-m-blik0.ogg", "corridor/nl/ch-v-halo1.ogg", "gods/cs/b1-1.ogg",
		"da/tux.ogg", "fr/tux.ogg", "it/tux.ogg", "wa/tux.ogg",
		"Pirate/Fire.ogg", "Russian_pl/Fire.ogg", "Robot/Fire.ogg",
	}
	for _, path := range paths {
		for _, c := range collections {
			if name, language := c.speaker(path); name != "" {
				got[path] = append(got[path], who{name, language})
			}
		}
	}
	want := map[string][]who{
		"animals/birds/crow_desc_ro.ogg": {{"tuxpaint-stamps-default ro", "ro"}},
		"corridor/cs/ch-m-blik0.ogg":     {{"fillets-ng-data-cs cs m", "cs"}},
		"corridor/nl/ch-v-halo1.ogg":     {{"fillets-ng-data-nl nl v", "nl"}},
		"da/tux.ogg":                     {{"ktuberling-data da", "da"}},
		"Pirate/Fire.ogg":                {{"hedgewars-data Pirate", "en"}},
		"Russian_pl/Fire.ogg":            {{"hedgewars-data Russian_pl", "pl"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// recording is a noise 40 dB below speech, a click, and speech of some lengths
// with pauses between.
func recording(pause float64, lengths ...float64) []float64 {
	x := make([]float64, rate)
	for i := range 160 {
		x[rate/4+i] = 20000
	}
	for _, l := range lengths {
		x = append(x, babble(l).pcm...)
		x = append(x, make([]float64, int(pause*rate))...)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range x {
		x[i] += 0.01 * rng.NormFloat64()
	}
	return x
}

func TestARecordingIsASentenceAndTheWordsBetweenItsPauses(t *testing.T) {
	for _, c := range []struct {
		name    string
		pause   float64
		lengths []float64
		want    []role
	}{
		{"a word", 0.5, []float64{0.6}, []role{word}},
		{"a sentence", 0.1, []float64{1, 1.2}, []role{long}},
		{"with a pause", 0.3, []float64{0.5, 1.4}, []role{long, word}},
		{"nothing", 0.5, nil, nil},
	} {
		var got []role
		for _, u := range spokenIn(recording(c.pause, c.lengths...)) {
			got = append(got, u.role)
			if u.role == word && (len(u.pcm) < rate*4/10 || len(u.pcm) > rate*7/10) {
				t.Errorf("%s: a word of %d samples", c.name, len(u.pcm))
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestAVoiceThatSpeaksOnlyWordsIsLeftOut(t *testing.T) {
	var said []utterance
	for range leastOf {
		said = append(said, utterance{speaker: "both", role: word}, utterance{speaker: "both", role: long}, utterance{speaker: "words", role: word})
	}
	for _, u := range ofBothRoles(said) {
		if u.speaker != "both" {
			t.Errorf("%s is kept", u.speaker)
		}
	}
	if n := len(ofBothRoles(said)); n != 2*leastOf {
		t.Errorf("%d are kept", n)
	}
}
