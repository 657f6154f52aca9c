package pacing

import "testing"

func TestARiskIsThatOfTheCallItself(t *testing.T) {
	const late = 8 // place of the grid at which another is answered for sure
	o := outlook{free: 1, small: true, fresh: sureFrom[0], coming: []event{{1, &sureFrom[late]}}}
	o.answers.add(1, &sureFrom[late])
	if r := o.weigh(&nothing, 0); r.loss != 0 {
		t.Errorf("a call answered at once, with one operator free, is lost with %.3f for what another does later", r.loss)
	}
	o.fresh = sureFrom[late]
	if r := o.weigh(&nothing, 0); r.loss != 1 {
		t.Errorf("a call answered with the other, for one operator, is lost with %.3f", r.loss)
	}
	o.fresh = row{}
	if r := o.weigh(&nothing, 0); r.loss != 1 {
		t.Errorf("a call answered beyond the grid, after the other, is lost with %.3f", r.loss)
	}
}
