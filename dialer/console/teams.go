package console

import (
	"net/http"
	"slices"

	"apel/contactdb"
)

func (a *api) teams(r *http.Request) (any, error) {
	teams, err := a.svc.Store().Teams()
	if err != nil {
		return nil, err
	}
	return orEmpty(narrowed(a, r, teams, func(t contactdb.Team) string { return t.Name }))
}

func (a *api) addTeam(r *http.Request) (any, error) {
	var body contactdb.Team
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if err := checkName("team", body.Name); err != nil {
		return nil, err
	}
	teams, err := a.svc.Store().Teams()
	if err != nil {
		return nil, err
	}
	if slices.Contains(teamNames(teams), body.Name) {
		return nil, problem(State, "team %q is there already; change it: apel team edit %s --leader NAME", body.Name, body.Name)
	}
	return a.putTeam(r, body)
}

func (a *api) editTeam(r *http.Request) (any, error) {
	var body struct {
		Leader string `json:"leader"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	name := r.PathValue("team")
	if err := a.checkTeam(name); err != nil {
		return nil, err
	}
	return a.putTeam(r, contactdb.Team{Name: name, Leader: body.Leader})
}

func (a *api) putTeam(r *http.Request, t contactdb.Team) (any, error) {
	traceOf(r).Object = "team/" + t.Name
	traceOf(r).change(nil, t)
	if t.Leader != "" {
		if _, err := a.svc.Store().Operator(t.Leader); err != nil {
			return nil, a.missingOperator(err, t.Leader)
		}
	}
	return t, a.svc.Store().PutTeam(t)
}

func (a *api) removeTeam(r *http.Request) (any, error) {
	name := r.PathValue("team")
	if err := a.checkTeam(name); err != nil {
		return nil, err
	}
	return Removed{name}, a.svc.Store().RemoveTeam(name)
}

// checkTeam is nil for a team that is there and for none at all.
func (a *api) checkTeam(name string) error {
	teams, err := a.svc.Store().Teams()
	if err != nil {
		return err
	}
	names := teamNames(teams)
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	return missing(contactdb.ErrNotFound, "team", name, names)
}

func teamNames(teams []contactdb.Team) []string {
	names := make([]string, len(teams))
	for i, t := range teams {
		names[i] = t.Name
	}
	return names
}
