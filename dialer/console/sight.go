package console

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/access"
)

// sight is whose work somebody sees: everybody's, or, of a team leader, that of
// the teams they lead. What belongs to no operator yet (a campaign, a call that
// rings) is seen by all who see the floor. Two sights are equal if they show the same.
type sight struct {
	narrow bool
	teams  string // names, a line each, if it is narrow
}

// sightOf is what a caller sees as the teams are now.
func (a *api) sightOf(c *Caller) (sight, error) {
	if c == nil || c.Role != access.TeamLeader {
		return sight{}, nil
	}
	teams, err := a.svc.Store().Teams()
	var led []string
	for _, t := range teams {
		if t.Leader == c.Name || c.Team == t.Name {
			led = append(led, t.Name)
		}
	}
	return sight{narrow: true, teams: strings.Join(led, "\n")}, err
}

// sightOfSums is what sums over calls count for a request: all of them, since a sum
// of all names nobody's work, nor who was called; but only those that the caller
// sees where they are asked for of one operator or one number.
func (a *api) sightOfSums(r *http.Request, f contactdb.RecordFilter) (sight, error) {
	if f.Operator == "" && f.Phone == "" {
		return sight{}, nil
	}
	return a.sightOf(callerOf(r))
}

// team says whether the operators of a team are seen.
func (s sight) team(name string) bool {
	return !s.narrow || name != "" && slices.Contains(strings.Split(s.teams, "\n"), name)
}

// narrowed is what a request sees of rows that each belong to a team.
func narrowed[T any](a *api, r *http.Request, rows []T, team func(T) string) ([]T, error) {
	s, err := a.sightOf(callerOf(r))
	if err != nil || !s.narrow {
		return rows, err
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row T) bool { return !s.team(team(row)) }), nil
}

// ofOperators is what a request sees of rows that each belong to an operator,
// or, where none is named, to nobody yet.
func ofOperators[T any](a *api, r *http.Request, rows []T, operator func(T) string) []T {
	sees := a.seenBy(callerOf(r))
	return slices.DeleteFunc(slices.Clone(rows), func(row T) bool { return !sees(operator(row)) })
}

// seenBy says of operators whether a caller sees their work, each looked up once;
// what belongs to nobody yet is seen.
func (a *api) seenBy(c *Caller) func(operator string) bool {
	led := map[string]bool{"": true}
	return func(operator string) bool {
		if _, asked := led[operator]; !asked {
			led[operator] = a.leads(c, operator) == nil
		}
		return led[operator]
	}
}

// leads says whether a caller may steer an operator: a team leader only those
// of the own team.
func (a *api) leads(c *Caller, operator string) error {
	if c == nil || c.Role != access.TeamLeader {
		return nil
	}
	if operator == "" {
		return problem(NotAllowed, "this is for anybody who is free, not for an operator of your team; a supervisor may")
	}
	o, err := a.svc.Store().Operator(operator)
	if err != nil {
		return a.missingOperator(err, operator)
	}
	s, err := a.sightOf(c)
	if err == nil && !s.team(o.Team) {
		err = problem(NotAllowed, "operator %q is not in a team that you lead", operator)
	}
	return err
}

// planFor is a plan as a request sees it: whose callbacks contacts wait for is
// counted by name for those who lead them.
func (a *api) planFor(r *http.Request, p dialer.Plan) dialer.Plan {
	p.Counts = a.countsFor(r, p.Counts)
	p.Lists = slices.Clone(p.Lists)
	for i := range p.Lists {
		p.Lists[i].Counts = a.countsFor(r, p.Lists[i].Counts)
	}
	return planInWordsOf(r, p)
}

func (a *api) countsFor(r *http.Request, c dialer.Counts) dialer.Counts {
	owed := map[string]int{}
	for operator, n := range c.LaterBy[campaign.CallbackPromised] {
		if operator != "" && a.leads(callerOf(r), operator) != nil {
			operator = "..." // as what is too much to be told apart
		}
		owed[operator] += n
	}
	if len(owed) > 0 {
		c.LaterBy = maps.Clone(c.LaterBy)
		c.LaterBy[campaign.CallbackPromised] = owed
	}
	return c
}
