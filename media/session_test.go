package media

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// roundTrip is what sound is after a law.
func roundTrip(c Codec, samples []int16) []int16 { return c.Decode(nil, c.Encode(nil, samples)) }

func TestWhatOnePlaysTheOtherHears(t *testing.T) {
	for _, codec := range []Codec{PCMA, PCMU} {
		t.Run(codec.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newMemNet()
				a, b := n.open(t), n.open(t)
				ear := b.Listen()
				negotiate(t, a, Description{Addr: b.Local(), Codecs: []Codec{codec}})
				negotiate(t, b, Description{Addr: a.Local(), Codecs: []Codec{codec}})
				sound := Tone(440, 400*time.Millisecond, -6)
				go a.Play(t.Context(), sound)
				var heard []int16
				for range 25 {
					frame, err := ear.Next(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					heard = append(heard, frame...)
				}
				want := roundTrip(codec, sound)
				heard = heard[earDelay:][:len(want)]
				if !slices.Equal(want, heard) {
					t.Error(cmp.Diff(want, heard))
				}
			})
		})
	}
}

func negotiate(t *testing.T, s *Session, d Description) {
	t.Helper()
	if err := s.Negotiate(d); err != nil {
		t.Fatal(err)
	}
}
