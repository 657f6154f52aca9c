package contactdb

import (
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

var latinTable = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x20, Hi: latinEnd + 0x100, Stride: 1}}, LatinOffset: 0}

func TestFoldingTheShortWayIsFoldingTheLongWay(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom(nil, latinTable)), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(rt *rapid.T) {
		s := text.Draw(rt, "text")
		if got, want := fold(s), string(foldAny(nil, s)); got != want {
			rt.Fatalf("%q: %q, want %q", s, got, want)
		}
	})
	for s, want := range map[string]string{"Ștefan  ȚURCANU-Ionescu": "stefan turcanu ionescu", "": "", " -": "", "Ünal & Søren": "unal søren", "1.234,50": "1 234 50", "Ŀ0": "l 0"} {
		if got := fold(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
