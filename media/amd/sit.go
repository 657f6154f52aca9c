package amd

import "fmt"

// Special information tones: three tones one after the other without a pause.
// ITU-T E.180 gives 950, 1400 and 1800 Hz, each 330 ms ± 70. North America codes
// the announcement in the first two: frequency low or high (913.8/985.2,
// 1370.6/1428.5) and duration short or long (274/380 ms); the third is 1776.7 Hz.
var sitKinds = map[[4]bool]string{ // first high, first long, second high, second long
	{false, false, false, false}: "intercept",
	{true, true, false, false}:   "vacant code",
	{false, false, true, true}:   "reorder, local",
	{true, false, false, true}:   "reorder, distant",
	{true, true, true, true}:     "no circuit, local",
	{false, true, false, true}:   "no circuit, distant",
	{false, true, true, false}:   "ineffective",
}

// sit finds the three tones; the third need only have begun (60 ms of it).
func (t *tones) sit() finding {
	c := t.now
	k := 0
	if !t.open || c.frames() < 3 {
		var ok bool
		if c, ok = t.lastDone(0); !ok {
			return finding{}
		}
		k = 1
	}
	b, ok1 := t.lastDone(k)
	a, ok2 := t.lastDone(k + 1)
	if !ok1 || !ok2 || b.from-a.to > 5 || c.from-b.to > 5 {
		return finding{}
	}
	if !near(a.hz, 950, 60) || !near(b.hz, 1400, 60) || !near(c.hz, 1785, 50) {
		return finding{}
	}
	if !within(a.frames(), 9, 24) || !within(b.frames(), 9, 24) {
		return finding{}
	}
	kind := "general"
	if !near(a.hz, 950, 12) && !near(b.hz, 1400, 9) {
		bits := [4]bool{a.hz > 950, b.from-a.from >= 17, b.hz > 1400, c.from-b.from >= 17}
		if named, ok := sitKinds[bits]; ok {
			kind = named
		}
	}
	return finding{SIT, kind, 0.99, fmt.Sprintf("special information tones: %.0f, %.0f, %.0f Hz: %s", a.hz, b.hz, c.hz, kind)}
}

// fax finds the tone of an answering machine of that sort: CED, 2,100 Hz for
// 2.6 to 4 s (ITU-T T.30, also ANSam of V.8, whose phase reversals and 15 Hz
// modulation leave it narrow), and CNG, 1,100 Hz ± 38 for 0.5 s.
func (t *tones) fax(spoken bool) finding {
	if t.open && near(t.now.hz, 2100, 25) && near(t.now.first, t.now.last, 40) && t.now.frames() >= 20 {
		return finding{Fax, "CED", 0.99, fmt.Sprintf("fax answer tone: %.0f Hz for %d ms", t.now.hz, at(t.now.frames()).Milliseconds())}
	}
	s, ok := t.lastDone(0)
	if ok && !spoken && near(s.hz, 1100, 40) && within(s.frames(), 21, 29) && s.steady() {
		return finding{Fax, "CNG", 0.9, fmt.Sprintf("fax calling tone: %.0f Hz for %d ms", s.hz, at(s.frames()).Milliseconds())}
	}
	return finding{}
}
