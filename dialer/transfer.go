package dialer

import (
	"maps"
	"slices"

	"apel/contactdb"
)

// An operator who has a customer may ask somebody: a colleague, whose leg is up
// already, or a number outside, which is called. The customer is on hold
// meanwhile. Then the customer is handed over, or taken back. Without a
// consultation (blind) it is handed over as soon as the other is there: until
// then the operator has the customer, so that nobody is lost when nobody comes.
//
// Whoever goes, the customer is somebody's: of the operator, if the one who was
// asked goes; of that one, if the operator is lost. What is done is done by the
// call's own goroutine, one thing after the other.

// Transfer says whom an operator asks or hands a customer to: one of the first
// four.
type Transfer struct {
	Operator string `json:"operator,omitempty"` // a colleague, on a break too, of this campaign or of another whom this one admits
	Team     string `json:"team,omitempty"`     // who has waited longest of a team
	Anyone   bool   `json:"anyone,omitempty"`   // ... of the campaign
	Number   string `json:"number,omitempty"`   // one of the campaign's transfer: numbers, or its name
	Blind    bool   `json:"blind,omitempty"`    // hand over as soon as the other is there
}

// Transfer has an operator ask somebody, or hands the customer over at once.
// ErrState if nobody is free, ErrInput for a number that the campaign does not allow.
func (s *Service) Transfer(operator, attempt string, t Transfer) (err error) {
	answer := make(chan error, 1)
	c, err := s.customer(operator, attempt)
	if err == nil && t.Operator != "" && t.Operator != operator {
		err = s.desk.borrow(t.Operator, c.l)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.desk.unasked(t.Operator)
		}
	}()
	err = s.order(operator, attempt, func(on *call) error {
		c = on
		return on.transfer(t, answer)
	})
	if err != nil {
		return err
	}
	select {
	case err = <-answer:
	case <-c.over:
		err = say(contactdb.ErrState, "call-over", "the call is over")
	}
	s.desk.told(operator, "consult")
	return err
}

// HandOver gives the customer to the one who is asked.
func (s *Service) HandOver(operator, attempt string) error {
	return s.order(operator, attempt, func(c *call) error {
		switch {
		case c.consult == nil:
			return say(contactdb.ErrState, "no-consult", "nobody is being asked")
		case !c.consult.answered():
			return say(contactdb.ErrState, "not-answered", "%s has not answered yet", c.consult.name)
		}
		return c.handOver()
	})
}

// EndConsult ends a consultation: the operator has the customer again, the
// colleague is free.
func (s *Service) EndConsult(operator, attempt string) error {
	c, err := s.onDesk(operator, attempt)
	if err != nil {
		return err
	}
	return c.ask(func() error {
		if c.consult == nil {
			return say(contactdb.ErrState, "no-consult", "nobody is being asked")
		}
		c.leave(operator)
		return nil
	})
}

// order has the call on an operator's desktop carry out f, unless the operator
// is only asked about it, or has handed it over meanwhile.
func (s *Service) order(operator, attempt string, f func(*call) error) error {
	c, err := s.customer(operator, attempt)
	if err != nil {
		return err
	}
	return c.ask(func() error {
		if now, err := s.customer(operator, attempt); err != nil || now != c {
			return noSuchCall(operator)
		}
		return f(c)
	})
}

func noSuchCall(operator string) error {
	return say(contactdb.ErrState, "no-call", "%s has no such call any more", operator)
}

// Targets are whom an operator may ask, or hand a customer to.
type Targets struct {
	Campaign   string        `json:"campaign"` // of the customer; anyone and teams are those who work on it
	Anyone     int           `json:"anyone"`   // colleagues who are free
	Teams      []TargetTeam  `json:"teams"`
	Colleagues []TargetMate  `json:"colleagues"`
	Numbers    []TargetOther `json:"numbers"`
}

// TargetTeam is a team on the operator's campaign.
type TargetTeam struct {
	Name string `json:"name"`
	Free int    `json:"free"`
}

// TargetMate is a colleague on the operator's campaign, or on another.
type TargetMate struct {
	Name     string `json:"name"`
	Campaign string `json:"campaign,omitempty"` // the other
	FullName string `json:"full_name,omitempty"`
	Team     string `json:"team,omitempty"`
	State    string `json:"state"`
}

// TargetOther is somebody outside.
type TargetOther struct {
	Name   string `json:"name"`
	Number string `json:"number"`
}

// TransferTargets says whom an operator may ask at this instant.
func (s *Service) TransferTargets(operator string) (Targets, error) {
	c, err := s.customer(operator, "")
	if err != nil {
		return Targets{}, err
	}
	t := Targets{Campaign: c.l.name, Teams: []TargetTeam{}, Colleagues: []TargetMate{}, Numbers: []TargetOther{}}
	for _, n := range c.l.rules.Load().def.Transfer.Numbers {
		t.Numbers = append(t.Numbers, TargetOther(n))
	}
	accounts, err := s.store.Operators()
	if err != nil {
		return t, err
	}
	free, admitted, others := map[string]int{}, s.desk.admitted(c.l), []TargetMate{}
	for i, st := range s.desk.all(accounts) {
		mate := TargetMate{Name: st.Name, FullName: accounts[i].FullName, Team: st.Team, State: st.State}
		switch {
		case st.Name == operator || st.State == "offline":
			continue
		case st.Campaign != c.l.name:
			if mate.Campaign = st.Campaign; admitted[st.Name] {
				others = append(others, mate)
			}
			continue
		}
		t.Colleagues = append(t.Colleagues, mate)
		if _, known := free[st.Team]; !known {
			free[st.Team] = 0
		}
		if st.State == "ready" {
			free[st.Team]++
			t.Anyone++
		}
	}
	t.Colleagues = append(t.Colleagues, others...)
	for _, team := range slices.Sorted(maps.Keys(free)) {
		if team != "" {
			t.Teams = append(t.Teams, TargetTeam{team, free[team]})
		}
	}
	return t, nil
}

// listens says whether an operator is listening to a colleague, as a supervisor.
func (d *desk) listens(operator string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seats[operator]
	return s != nil && s.listens
}

// members are the operators of a team who are at their places.
func (d *desk) members(team string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []string{}
	for name, s := range d.seats {
		if s.team == team {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
