package contactdb

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestARowOfProgressIsReadAsItWasWritten, and one that is cut off is damage.
func TestARowOfProgressIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		instant := rapid.Custom(func(rt *rapid.T) time.Time {
			if rapid.Bool().Draw(rt, "none") {
				return time.Time{}
			}
			return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(rt, "s"), rapid.Int64Range(0, 999_999_999).Draw(rt, "ns")).UTC()
		})
		outcome := rapid.SampledFrom(append([]string{"one of a later version"}, outcomeCodes...))
		text := rapid.SampledFrom([]string{"", "sale", "a000000000001"})
		want := state{
			Progress: Progress{Attempts: rapid.IntRange(0, 1000).Draw(rt, "attempts"), LastOutcome: outcome.Draw(rt, "last"), LastAt: instant.Draw(rt, "at"), NextTry: instant.Draw(rt, "next"),
				Final: text.Draw(rt, "final"), Rescheduled: rapid.Bool().Draw(rt, "callback")},
			Due: rapid.Int64().Draw(rt, "due"), Ruled: rapid.Bool().Draw(rt, "ruled"), Live: text.Draw(rt, "live"), PromiseDue: rapid.Int64().Draw(rt, "promise due"),
		}
		for range rapid.IntRange(0, outcomesKept).Draw(rt, "outcomes") {
			want.Outcomes = append(want.Outcomes, outcome.Draw(rt, "outcome"))
		}
		if rapid.Bool().Draw(rt, "promise") {
			want.Promise = &Promise{At: monday, Operator: "ana", Note: "după prânz"}
		}
		if rapid.Bool().Draw(rt, "numbers") {
			want.Numbers = []NumberProgress{{Phone: "+40722", Attempts: 2, Outcome: Busy}}
		}
		row, err := want.bytes()
		if err != nil {
			rt.Fatal(err)
		}
		got, err := readState(row)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(state{})); diff != "" {
			rt.Fatal(diff)
		}
		for n := range len(row) {
			if _, err := readState(row[:n]); err == nil {
				rt.Fatalf("the first %d of %d bytes are read", n, len(row))
			}
		}
	})
}

// TestEveryOutcomeHasACodeInRows: and none has another than it had.
func TestEveryOutcomeHasACodeInRows(t *testing.T) {
	for i, o := range append([]string{""}, Outcomes...) {
		if i >= len(outcomeCodes) || outcomeCodes[i] != o {
			t.Errorf("outcome %q has no code %d: a new one is added at the end of both", o, i)
		}
	}
}
