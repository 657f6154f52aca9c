package console

import (
	"net/http"
	"time"

	"apel/contactdb"
	"apel/dialer"
)

// callbacks are the promises of all campaigns, or those that the query asks for.
func (a *api) callbacks(r *http.Request) (any, error) {
	q := r.URL.Query()
	before, err := queryTime(r, "before")
	if err != nil {
		return nil, err
	}
	if name := q.Get("campaign"); name != "" {
		if _, err := a.svc.Store().Campaign(name); err != nil {
			return nil, a.missingCampaign(err, name)
		}
	}
	all, err := a.svc.Store().Callbacks(q.Get("campaign"), q.Get("operator"), before)
	all = ofOperators(a, r, all, func(c contactdb.Callback) string { return c.Operator }) // those for anybody are for the leader's operators too
	return orEmpty(all, err)
}

// CallbackAsked is the body of a request that promises a call.
type CallbackAsked struct {
	dialer.NewCallback
	Country string `json:"country,omitempty"` // of the number
}

func (a *api) promise(r *http.Request) (any, error) {
	var body CallbackAsked
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	phone, err := parsePhone(body.Phone, body.Country)
	if err != nil {
		return nil, err
	}
	if body.At.IsZero() {
		return nil, problem(Usage, "say when: at is a time with its zone, for example 2026-11-26T15:00:00+02:00")
	}
	body.Phone = phone
	if err := a.leads(callerOf(r), body.Operator); err != nil {
		return nil, err
	}
	if old, err := a.callbackOf(body.Campaign, phone); err == nil { // it takes the place of this one
		if err := a.leads(callerOf(r), old.Operator); err != nil {
			return nil, err
		}
	}
	made, err := a.svc.PromiseCallback(body.NewCallback, callerOf(r).Name)
	if err != nil {
		return nil, a.missingCampaign(err, body.Campaign)
	}
	t := traceOf(r)
	t.Phone = phone
	t.change(nil, made.Promise)
	t.note("campaign", body.Campaign)
	return made, nil
}

// CallbackMove is the body of a request that changes a promise; what is absent stays.
type CallbackMove struct {
	At       time.Time `json:"at,omitzero"`
	Operator *string   `json:"operator,omitempty"` // "": anybody
	Note     string    `json:"note,omitempty"`
}

// moveCallback gives a promise another time, or another operator.
func (a *api) moveCallback(r *http.Request) (any, error) {
	var body CallbackMove
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	old, phone, err := a.promised(r)
	if err != nil {
		return nil, err
	}
	n := dialer.NewCallback{Campaign: old.Campaign, Phone: phone, List: old.Contact.List, At: old.At, Operator: old.Operator, Note: old.Note}
	if !body.At.IsZero() {
		n.At = body.At
	}
	if body.Operator != nil {
		n.Operator = *body.Operator
		if err := a.leads(callerOf(r), n.Operator); err != nil {
			return nil, err
		}
	}
	if body.Note != "" {
		n.Note = body.Note
	}
	made, err := a.svc.PromiseCallback(n, callerOf(r).Name)
	if err == nil {
		traceOf(r).change(old.Promise, made.Promise)
	}
	return made, err
}

func (a *api) cancelCallback(r *http.Request) (any, error) {
	old, phone, err := a.promised(r)
	if err != nil {
		return nil, err
	}
	was, err := a.svc.CancelCallback(old.Campaign, phone, old.Contact.List)
	if err == nil {
		traceOf(r).change(was, nil)
	}
	return Removed{phone}, err
}

// promised is the promise that a request's path names, and its number, if the caller may change it.
func (a *api) promised(r *http.Request) (contactdb.Callback, string, error) {
	phone, err := pathPhone(r)
	if err != nil {
		return contactdb.Callback{}, "", err
	}
	old, err := a.callbackOf(r.PathValue("campaign"), phone)
	if err != nil {
		return contactdb.Callback{}, "", err
	}
	return old, phone, a.leads(callerOf(r), old.Operator)
}

// callbackOf is the promise that was made to a number in a campaign.
func (a *api) callbackOf(campaign, phone string) (contactdb.Callback, error) {
	if _, err := a.svc.Store().Campaign(campaign); err != nil {
		return contactdb.Callback{}, a.missingCampaign(err, campaign)
	}
	all, err := a.svc.Store().Callbacks(campaign, "", time.Time{})
	for _, c := range all {
		if c.Contact.HasNumber(phone) {
			return c, nil
		}
	}
	if err == nil {
		err = problem(NotFound, "no callback of campaign %q was promised to %s; see: apel callback ls", campaign, phone)
	}
	return contactdb.Callback{}, err
}

// deskCallbacks are the promises that the operator is to keep.
func (a *api) deskCallbacks(r *http.Request) (any, error) {
	return orEmpty(a.svc.Store().Callbacks("", callerOf(r).Name, time.Time{}))
}

// DeskMove is the body of a request that moves a promise of one's own.
type DeskMove struct {
	Campaign string    `json:"campaign"`
	Contact  uint64    `json:"contact_id"`
	At       time.Time `json:"at"`
}

// deskMoveCallback moves one of the operator's own.
func (a *api) deskMoveCallback(r *http.Request) (any, error) {
	var body DeskMove
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	who := callerOf(r).Name
	all, err := a.svc.Store().Callbacks(body.Campaign, who, time.Time{})
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Contact.ID == body.Contact {
			n := dialer.NewCallback{Campaign: c.Campaign, Phone: c.Contact.Phone, List: c.Contact.List, At: body.At, Operator: who, Note: c.Note}
			made, err := a.svc.PromiseCallback(n, who)
			if err == nil {
				traceOf(r).Phone = c.Contact.Phone
				traceOf(r).change(c.Promise, made.Promise)
			}
			return made, err
		}
	}
	return nil, problem(NotFound, "you have no callback to contact %d in campaign %q", body.Contact, body.Campaign)
}
