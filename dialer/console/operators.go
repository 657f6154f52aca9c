package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/access"
)

// Operator is an account and, while the service runs, its state.
type Operator struct {
	contactdb.Operator
	State    string `json:"state"`
	Reason   string `json:"reason,omitempty"`
	ForMS    int64  `json:"for_ms"`
	Campaign string `json:"campaign,omitempty"`
	Calls    int    `json:"calls"`
	Phone    string `json:"phone,omitempty"`
}

func (a *api) operators(r *http.Request) (any, error) {
	accounts, err := a.svc.Store().Operators()
	if err != nil {
		return nil, err
	}
	st, err := a.svc.Status()
	if err != nil {
		return nil, err
	}
	rows := make([]Operator, len(accounts))
	for i, o := range accounts {
		rows[i] = Operator{Operator: o, State: "offline"}
		at := slices.IndexFunc(st.Operators, func(s dialer.OperatorStatus) bool { return s.Name == o.Name })
		if at >= 0 {
			s := st.Operators[at]
			rows[i] = Operator{o, s.State, s.Reason, s.ForMS, s.Campaign, s.Calls, s.Phone}
		}
	}
	return narrowed(a, r, rows, func(o Operator) string { return o.Team })
}

// OperatorChange is the body of a request that adds or changes an operator;
// what is absent stays as it is.
type OperatorChange struct {
	Name     string  `json:"name,omitempty"` // only to add
	FullName *string `json:"full_name,omitempty"`
	Team     *string `json:"team,omitempty"`
	Password *string `json:"password,omitempty"` // of the operator's SIP phone, and to sign in
}

func (a *api) addOperator(r *http.Request) (any, error) {
	var body OperatorChange
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if err := checkOperatorName(body.Name); err != nil {
		return nil, err
	}
	_, err := a.svc.Store().Operator(body.Name)
	if err == nil {
		return nil, problem(State, "operator %q is there already; change it: apel operator edit %s", body.Name, body.Name)
	}
	if !errors.Is(err, contactdb.ErrNotFound) {
		return nil, err
	}
	if body.Password == nil {
		return nil, problem(Usage, "operator %q has no password for the phone; give --password or --password-stdin", body.Name)
	}
	traceOf(r).Object = "operator/" + body.Name
	return a.putOperator(r, contactdb.Operator{Name: body.Name, CreatedAt: time.Now()}, body)
}

func (a *api) editOperator(r *http.Request) (any, error) {
	name := r.PathValue("operator")
	var body OperatorChange
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	o, err := a.svc.Store().Operator(name)
	if err != nil {
		return nil, a.missingOperator(err, name)
	}
	return a.putOperator(r, o, body)
}

func (a *api) putOperator(r *http.Request, o contactdb.Operator, change OperatorChange) (any, error) {
	before, hash := o, ""
	if change.FullName != nil {
		o.FullName = *change.FullName
	}
	if change.Team != nil {
		if err := a.checkTeam(*change.Team); err != nil {
			return nil, err
		}
		o.Team = *change.Team
	}
	if change.Password != nil {
		if err := access.CheckNew(*change.Password, ""); err != nil {
			return nil, problem(Usage, "%v", err)
		}
		var err error
		if hash, err = a.hash(r, *change.Password); err != nil { // before anything is changed
			return nil, err
		}
		dialer.SetPassword(&o, *change.Password)
		traceOf(r).note("password", "set")
	}
	traceOf(r).change(before, o)
	if err := a.svc.Store().PutOperator(o); err != nil {
		return nil, err
	}
	return o, a.operatorSignsIn(o, hash)
}

func (a *api) removeOperator(r *http.Request) (any, error) {
	name := r.PathValue("operator")
	account, err := a.svc.Store().Account(name)
	if err == nil && account.Role == string(access.Operator) {
		err = a.svc.Store().RemoveAccount(name)
	}
	if err != nil && !errors.Is(err, contactdb.ErrNotFound) {
		return nil, err
	}
	if err := a.svc.Store().RemoveOperator(name); err != nil {
		return nil, a.missingOperator(err, name)
	}
	a.svc.Dismiss(name)
	return Removed{name}, nil
}

// NotReady is the body of a request that takes an operator off calls.
type NotReady struct {
	Reason string `json:"reason,omitempty"`
}

func (a *api) operatorReady(r *http.Request) (any, error) {
	return a.steerReady(r, true, "")
}

func (a *api) operatorNotReady(r *http.Request) (any, error) {
	var body NotReady
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	traceOf(r).note("reason", body.Reason)
	return a.steerReady(r, false, body.Reason)
}

// steerReady is for those who lead the operator.
func (a *api) steerReady(r *http.Request, ready bool, reason string) (any, error) {
	name := r.PathValue("operator")
	if err := a.leads(callerOf(r), name); err != nil {
		return nil, err
	}
	return a.setReady(name, ready, reason)
}

func (a *api) setReady(name string, ready bool, reason string) (any, error) {
	st, err := a.svc.SetOperatorReady(name, ready, reason)
	return st, a.missingOperator(err, name)
}

// Message is the body of a request that tells an operator something.
type Message struct {
	Text string `json:"text"`
}

// maxMessage is the longest message to an operator, in bytes.
const maxMessage = 500

func (a *api) messageOperator(r *http.Request) (any, error) {
	name := r.PathValue("operator")
	var body Message
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if body.Text = clip(strings.TrimSpace(body.Text), maxMessage); body.Text == "" {
		return nil, problem(Usage, "the message is empty; write text")
	}
	if err := a.leads(callerOf(r), name); err != nil {
		return nil, err
	}
	if _, err := a.svc.Store().Operator(name); err != nil {
		return nil, a.missingOperator(err, name)
	}
	a.svc.Tell(name, whoOf(r)+": "+body.Text)
	return body, nil
}

func (a *api) missingOperator(err error, name string) error {
	if err == nil {
		return nil
	}
	operators, _ := a.svc.Store().Operators() // only for a guess
	known := make([]string, len(operators))
	for i, o := range operators {
		known[i] = o.Name
	}
	return missing(err, "operator", name, known)
}
