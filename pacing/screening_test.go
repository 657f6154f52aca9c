package pacing

import "testing"

// What is learned of the detector is a mean, and a mean of so many ones is hardly ever one.
func TestAVerdictThatIsDueAtATimeOfTheGridIsNotTakenForALaterOne(t *testing.T) {
	p := schooled(predictiveSettings())
	e := &p.e
	e.delay.Mean = 1.00000000000003
	s := floorOf(1, 0, 0)
	p.Decide(s)
	e.look.clear()
	e.screening(&s, &Call{AnsweredAt: s.Now, PlacedAt: s.Now, Chance: 1})
	if got := e.look.answers.mean; !(got[0] > .9*got[1]) {
		t.Errorf("a verdict due in a second is foreseen as %v", got)
	}
}
