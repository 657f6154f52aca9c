// Package dialer is the engine: calls, operators, events, and the service that
// runs them.
//
// A floor.Floor is the running state of one campaign as a pure state machine;
// one loop per running campaign owns it. Each call is one goroutine that reads top to bottom (originate,
// screen, bridge, settle) and reports events to the loop. A fact is durable in
// contactdb before its event is published or its INVITE is sent.
package dialer

import (
	"errors"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/pacing"
)

// Errors that commands and the API map to exit codes and statuses; not found,
// exists and wrong state are contactdb's.
var (
	// ErrNotRunning: the operation needs a running service.
	ErrNotRunning = errors.New("no service is running")
	// ErrRefused: a compliance rule forbids it.
	ErrRefused = errors.New("refused by a compliance rule")
	// ErrInput: what was given cannot be used; nothing was changed.
	ErrInput = errors.New("bad input")
)

// OperatorStatus is an operator as a supervisor sees one.
type OperatorStatus struct {
	Name     string `json:"name"`
	Team     string `json:"team"`
	State    string `json:"state"` // offline, not-ready, ready, reserved, talking, wrap-up
	Reason   string `json:"reason,omitempty"`
	ForMS    int64  `json:"for_ms"` // in this state
	Campaign string `json:"campaign,omitempty"`
	Calls    int    `json:"calls"`           // bridged since sign-in
	Phone    string `json:"phone,omitempty"` // registered, leg-up, none

	Since time.Time `json:"since,omitzero"` // of the state: the same moment as ForMS, for who keeps time
}

// TrunkStatus is a trunk as a supervisor sees one.
type TrunkStatus struct {
	Name           string  `json:"name"`
	State          string  `json:"state"` // up, down, registering
	Reason         string  `json:"reason,omitempty"`
	InUse          int     `json:"channels_in_use"`
	Channels       int     `json:"channels"`
	CallsPerSecond float64 `json:"calls_per_second"`
}

// CampaignStatus is a campaign and, while it runs, its floor.
type CampaignStatus struct {
	contactdb.Campaign
	Mode    string         `json:"mode"`
	Why     string         `json:"why,omitempty"` // the last pacing decision
	Grounds pacing.Grounds `json:"-"`             // of Why, for pages in other languages
	floor.Counts
	Occupancy        float64         `json:"occupancy"`      // of signed-in time, talking or in wrap-up, since the floor started
	WaitMS           int64           `json:"wait_ms"`        // operators' waiting time today, all together
	Waits            floor.Waits     `json:"wait_causes_ms"` // its causes; they add up to it
	Today            contactdb.Tally `json:"today"`
	Window           contactdb.Tally `json:"window"`           // the regulator's window
	AbandonmentRate  float64         `json:"abandonment_rate"` // of Window
	AbandonmentLimit float64         `json:"abandonment_limit"`
	Decisions        []DecisionLine  `json:"decisions,omitempty"` // newest last, at most an hour
}

// DecisionLine is one pacing decision and why.
type DecisionLine struct {
	At  time.Time `json:"at"`
	Why string    `json:"why"`

	Grounds pacing.Grounds `json:"-"` // of Why, for pages in other languages
}

// Status is the whole service at an instant.
type Status struct {
	Version   string           `json:"version"`
	Since     time.Time        `json:"since,omitzero"`
	Running   bool             `json:"running"` // false: the store was only opened
	Campaigns []CampaignStatus `json:"campaigns"`
	Operators []OperatorStatus `json:"operators"`
	Trunks    []TrunkStatus    `json:"trunks"`
}

// Plan says what a campaign would do with its lists now.
type Plan struct {
	Campaign string `json:"campaign"`
	Version  int    `json:"version"` // 0: not applied
	Counts
	Lists      []ListPlan `json:"lists"`
	Retries    []Retry    `json:"retries"`             // those that were tried and may be tried again
	Zones      []ZonePlan `json:"zones"`               // those that may be dialed, now or later, the most first
	BestHour   string     `json:"best_hour,omitempty"` // what the calls made say of the hours of the day; empty: nothing yet
	Held       *Held      `json:"held,omitempty"`      // why not even those that are dialable now are dialed
	Violations []string   `json:"violations"`          // any of these refuses a start (exit 6)
	Warnings   []string   `json:"warnings"`
}

// Counts are contacts by what the rules say of them: Contacts = Now + Later +
// Never, and the reasons of Later and Never add up to these.
type Counts struct {
	Contacts int            `json:"contacts"`
	Now      int            `json:"dialable_now"`
	Later    int            `json:"later"`
	Never    int            `json:"never"`
	LaterWhy map[string]int `json:"later_reasons"`
	NeverWhy map[string]int `json:"never_reasons"`
	// What of a reason it is: the condition of a filter, the do-not-call list, the
	// country, the outcome, the zones. Of one that has many, the rest is "...".
	LaterBy map[string]map[string]int `json:"later_by,omitempty"`
	NeverBy map[string]map[string]int `json:"never_by,omitempty"`
	LaterAt map[string]int            `json:"later_by_hour,omitempty"` // Later by the hour in which it may be dialed, RFC 3339 in UTC
	NextAt  time.Time                 `json:"next_at,omitzero"`        // when the next of Later may be dialed
}

// ListPlan is a Plan's part for one list.
type ListPlan struct {
	List string `json:"list"`
	Counts
}

// Retry is how many contacts wait for an attempt after the first, by what came
// of the one before, and when the rules let them be dialed.
type Retry struct {
	Attempt  int    `json:"attempt"` // which one they wait for
	After    string `json:"after"`   // outcome of the last one
	Contacts int    `json:"contacts"`
	Now      int    `json:"due_now"`
	Hour     int    `json:"within_hour"`
	Day      int    `json:"within_day"` // but not within the hour
	Later    int    `json:"later"`
}

// ZonePlan is when contacts of the same time zones may be dialed.
type ZonePlan struct {
	Zones []string       `json:"zones"`
	Now   int            `json:"dialable_now"`
	At    map[string]int `json:"later_by_hour"` // as Counts.LaterAt
}

// Held is what keeps a campaign from calling anybody, whatever its lists hold.
type Held struct {
	Reason string    `json:"reason"` // campaign-paused, ..., schedule, register-expired, no-caller-id
	Detail string    `json:"detail"`
	Until  time.Time `json:"until,omitzero"`
}

// ContactWhy says of one contact in one campaign whether it would be dialed.
type ContactWhy struct {
	Campaign string    `json:"campaign"`
	List     string    `json:"list"`
	Contact  uint64    `json:"contact_id"`
	Phone    string    `json:"phone"`
	Verdict  string    `json:"verdict"` // now, later, never
	Reason   string    `json:"reason,omitempty"`
	Detail   string    `json:"detail,omitempty"`
	When     time.Time `json:"when,omitzero"`
	Attempts int       `json:"attempts"`

	Numbers []NumberWhy `json:"numbers,omitempty"` // of a contact with several, each
}

// NumberWhy says of one of a contact's numbers whether it might be dialed.
type NumberWhy struct {
	Phone   string    `json:"phone"`
	Verdict string    `json:"verdict"` // now, later, never
	Reason  string    `json:"reason,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	When    time.Time `json:"when,omitzero"`
}

// Event is a fact of the running service, published after it is durable.
// Phone numbers are masked.
type Event struct {
	Seq      uint64    `json:"seq"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"` // call.placed, call.ringing, call.answered, call.verdict, call.bridged, call.ended, operator.state, campaign.state, trunk.state, pacing.decision
	Campaign string    `json:"campaign,omitempty"`
	Attempt  string    `json:"attempt,omitempty"`
	Operator string    `json:"operator,omitempty"`
	Trunk    string    `json:"trunk,omitempty"`
	Phone    string    `json:"phone,omitempty"` // masked
	State    string    `json:"state,omitempty"`
	Detail   string    `json:"detail,omitempty"`
}
