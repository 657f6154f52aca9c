package console

import (
	"errors"
	"net/http"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/media/browser"
)

// Monitor is the body of a request to follow an operator's calls.
type Monitor struct {
	Mode  string `json:"mode"`            // listen, whisper, barge
	Offer string `json:"offer,omitempty"` // SDP of one's browser; "": on one's own phone; in a change: a further one, with new ICE credentials
	Phone string `json:"phone,omitempty"` // on the socket only: whose phone it is
}

// MonitorStarted is what is followed, and the answer to the browser's offer.
type MonitorStarted struct {
	dialer.Monitoring
	Answer string `json:"answer,omitempty"` // SDP, to an offer
}

func (a *api) monitors(r *http.Request) (any, error) {
	return ofOperators(a, r, a.svc.Monitors(), func(m dialer.Monitoring) string { return m.Operator }), nil
}

// monitor has who asks follow an operator for as long as they may: a session
// that ends, a changed role, an operator who leaves the team end it within a second.
func (a *api) monitor(r *http.Request) (any, error) {
	name, body := r.PathValue("operator"), Monitor{Mode: "listen"}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	c := callerOf(r)
	who := c.Name
	switch {
	case c.Owner && body.Phone == "":
		return nil, problem(Usage, "say on whose phone: an operator who is connected and not ready listens; for example: apel operator monitor %s --phone dan", name)
	case c.Owner:
		who = body.Phone
	case body.Phone != "":
		return nil, problem(Usage, "phone is for the command line; you listen in the browser or on your own phone")
	}
	if err := a.leads(c, name); err != nil {
		return nil, err
	}
	traceOf(r).note("mode", body.Mode)
	v, answer, err := a.svc.Monitor(r.Context(), dialer.MonitorRequest{Supervisor: who, Operator: name, Mode: body.Mode, Offer: body.Offer,
		Still: func() bool { return a.still(r, time.Now()) && a.leads(c, name) == nil }})
	switch {
	case errors.Is(err, dialer.ErrNoBrowsers):
		return nil, problem(State, "this service takes no browsers' sound; an administrator sets browser: listen and starts it again")
	case errors.Is(err, browser.ErrOffer):
		return nil, problem(Input, "%v", err)
	case errors.Is(err, contactdb.ErrNotFound):
		return nil, a.missingOperator(err, name)
	}
	return MonitorStarted{v, answer}, err
}

// monitorOf is who follows an operator, as far as the caller may change it.
func (a *api) monitorOf(r *http.Request) (supervisor string, err error) {
	c, name := callerOf(r), r.PathValue("operator")
	for _, m := range a.svc.Monitors() {
		if m.Operator == name && (c.Owner || m.Supervisor == c.Name) {
			return m.Supervisor, nil
		}
	}
	return "", problem(State, "you do not monitor %s; somebody else may, or the call has ended", name)
}

func (a *api) monitorMode(r *http.Request) (any, error) {
	var body Monitor
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	who, err := a.monitorOf(r)
	if err != nil {
		return nil, err
	}
	if body.Offer != "" { // the network was lost, or is another
		v, answer, err := a.svc.RestartMonitor(r.Context(), who, body.Offer)
		traceOf(r).note("mode", v.Mode)
		return MonitorStarted{v, answer}, err
	}
	traceOf(r).note("mode", body.Mode)
	v, err := a.svc.SetMonitorMode(who, body.Mode)
	return MonitorStarted{Monitoring: v}, err
}

func (a *api) stopMonitor(r *http.Request) (any, error) {
	who, err := a.monitorOf(r)
	if err != nil {
		return nil, err
	}
	return Removed{r.PathValue("operator")}, a.svc.StopMonitor(who)
}

func (a *api) liveCalls(r *http.Request) (any, error) {
	return ofOperators(a, r, a.svc.LiveCalls(), func(c dialer.LiveCall) string { return c.Operator }), nil
}

// hangUpCall ends a call in the air.
func (a *api) hangUpCall(r *http.Request) (any, error) {
	was, err := a.svc.HangUpCall(r.PathValue("attempt"))
	t := traceOf(r)
	t.Phone, t.Object = was.Phone, "call/"+r.PathValue("attempt")
	t.note("state", was.State)
	return was, err
}
