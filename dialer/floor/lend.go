package floor

import "apel/pacing"

// lend notes that an operator is wanted elsewhere, or not any more.
func (f *Floor) lend(operator string, wanted bool) {
	if o := f.operators[operator]; o != nil {
		o.wanted = wanted
	}
}

// letGo gives those away who are wanted elsewhere and free, as far as others
// are left for the calls in the air.
func (f *Floor) letGo() {
	for i := len(f.staff) - 1; i >= 0; i-- {
		if o := f.staff[i]; o.wanted && o.call == "" && !o.away() && (o.state != pacing.Ready || !f.needed()) {
			f.give(o)
		}
	}
}

// give takes an operator off the floor, who is another's now.
func (f *Floor) give(o *operator) {
	f.account(o)
	f.worked += o.worked
	f.left(o)
	delete(f.operators, o.name)
	f.staff = without(f.staff, o)
	f.do(Action{Kind: DoOperator, Operator: o.name, Why: LentAway})
}

// borrow gives an operator away for one conversation, or says that it cannot: as
// a colleague of the same floor, who has nobody may be asked, though a call in
// the air may need them. Pacing hears of it at once.
func (f *Floor) borrow(in Input) {
	if o := f.operators[in.Operator]; o != nil && !o.deaf && o.call == "" && !o.away() {
		f.give(o)
		return
	}
	f.do(Action{Kind: DoLend, Operator: in.Operator, Ask: in.Ask, Why: "operator-busy"})
}

// LentAway is the state of an operator whom a floor has let go of.
const LentAway = "lent"

// needed says whether all who are ready are needed for the calls in the air.
func (f *Floor) needed() bool {
	ready, calls := 0, f.leasing
	for _, o := range f.staff {
		if o.state == pacing.Ready {
			ready++
		}
	}
	for _, c := range f.line {
		if c.phase <= PhaseQueued && !c.personal {
			calls++
		}
	}
	return calls >= ready
}
