package evaluate

import "apel/media/amd"

// What a mistake costs, in seconds of an operator's time: a person lost is worth
// a whole conversation that doesn't happen, a machine passed the time to notice
// and release it; each second of silence makes some people hang up.
const (
	lostPerson    = 120.0
	passedMachine = 8.0
	lostPerSecond = 0.10 // share of people who hang up in each second of waiting
)

// Cost is what a method's decisions cost by the answer, by kind of mistake.
type Cost struct {
	Method         string
	Lost, Passed   float64
	Waiting, Total float64
}

func costOf(method string, outcomes []Outcome) Cost {
	c := Cost{Method: method}
	n := 0.0
	for _, o := range outcomes {
		switch o.Label.Kind {
		case amd.Human:
			n++
			if k := o.First.Kind; k == amd.Machine || k == amd.Beep {
				c.Lost += lostPerson
			} else if o.Label.SpokeUntil >= 0 {
				c.Waiting += lostPerson * min(1, lostPerSecond*max(0, (o.First.At-o.Label.SpokeUntil).Seconds()))
			}
		case amd.Machine:
			n++
			if o.First.Kind == amd.Human {
				c.Passed += passedMachine
			}
		}
	}
	if n > 0 {
		c.Lost, c.Passed, c.Waiting = c.Lost/n, c.Passed/n, c.Waiting/n
	}
	c.Total = c.Lost + c.Passed + c.Waiting
	return c
}
