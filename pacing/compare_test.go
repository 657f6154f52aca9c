package pacing

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestTheSeriesIsAsGoodAsTheTermsWhereItTakesTheirPlace(t *testing.T) {
	worst, tails := [2]float64{}, [2]float64{1, 1}
	rapid.Check(t, func(t *rapid.T) {
		var o outlook
		some := func(name string) (events []event, s sums) {
			share := rapid.Float64Range(.02, .98)
			lo, hi := share.Draw(t, name+" from"), share.Draw(t, name+" to")
			n := rapid.IntRange(0, 200).Draw(t, name)
			for i := range n {
				p := lo + (hi-lo)*float64(i)/float64(n)
				events = append(events, event{p, &sureFrom[0]})
				s.add(p, &sureFrom[0])
			}
			return events, s
		}
		o.coming, o.answers = some("answers")
		o.freeing, o.releases = some("releases")
		a, r := lawOf(o.answers.mean[0], o.answers.sq[0]), lawOf(o.releases.mean[0], o.releases.sq[0])
		d := a.less(r)
		if d.variance < many {
			t.Skip("worked out by terms, where the series takes nobody's place")
		}
		free, allowed := rapid.IntRange(-5, 40).Draw(t, "free"), rapid.IntRange(0, 10).Draw(t, "allowed")
		o.exact.fill(0, o.coming, o.freeing)
		full, over, lost := o.exact.at(0, nil, 1, free, allowed)
		f, l := d.from(float64(free))
		v := d.beyond(float64(free + allowed + 1))
		if over > 5e-5 && over < .05 {
			tails[0], tails[1] = min(tails[0], v/over), max(tails[1], v/over)
		}
		e := max(math.Abs(f-full), math.Abs(v-over))
		worst[0], worst[1] = max(worst[0], e), max(worst[1], math.Abs(l-lost))
		if e > 1e-2 || math.Abs(l-lost) > 3e-2 {
			t.Fatalf("%+v against %+v: full %.5f, by terms %.5f; over %.5f, %.5f; lost %.5f, %.5f", a, r, f, full, v, over, l, lost)
		}
	})
	if tails[0] < .3 || tails[1] > 6 {
		t.Errorf("chances of less than one in twenty are %.2f to %.2f times what they are", tails[0], tails[1])
	}
	t.Logf("far tails: %.2f to %.2f times; off by %.5f at most; people lost by %.5f", tails[0], tails[1], worst[0], worst[1])
}
