package console

import (
	"net/http"
	"time"
)

// Decision is the body of a request that calls or skips the contact that an
// operator is shown.
type Decision struct {
	Decision string `json:"decision"`          // accept or skip
	Reason   string `json:"reason,omitempty"`  // of a skip
	Attempt  string `json:"attempt,omitempty"` // that was seen; "": whatever is shown
}

func (a *api) preview(r *http.Request) (any, error) {
	name := r.PathValue("operator")
	if err := a.leads(callerOf(r), name); err != nil {
		return nil, err
	}
	p, err := a.svc.Preview(name)
	return p, a.missingOperator(err, name)
}

func (a *api) decidePreview(r *http.Request) (any, error) {
	name := r.PathValue("operator")
	var body Decision
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if err := a.leads(callerOf(r), name); err != nil {
		return nil, err
	}
	traceOf(r).note("decision", body.Decision)
	switch body.Decision {
	case "accept":
		p, err := a.svc.AcceptPreview(name, body.Attempt)
		return p, a.missingOperator(err, name)
	case "skip":
		p, err := a.svc.SkipPreview(name, body.Attempt, body.Reason)
		return p, a.missingOperator(err, name)
	}
	return nil, problem(Usage, "decision %q is neither accept nor skip", body.Decision)
}

// ReadyIn is the body of a request that says when a wrap-up will be over.
type ReadyIn struct {
	ReadyInMS int64 `json:"ready_in_ms"`
}

func (a *api) operatorReadyIn(r *http.Request) (any, error) {
	name := r.PathValue("operator")
	var body ReadyIn
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if err := a.leads(callerOf(r), name); err != nil {
		return nil, err
	}
	err := a.svc.ReadyIn(name, time.Duration(body.ReadyInMS)*time.Millisecond)
	return body, a.missingOperator(err, name)
}
