package dialer

import (
	"encoding/json"
	"fmt"
	"time"
)

// What a call record says of consultations and transfers.

// Handing is a consultation or a transfer in the call record, as JSON under
// transfer:1, transfer:2, ... of its script_answers. A call outside is an own
// INVITE of the same attempt, and accounted for here.
type Handing struct {
	At           time.Time `json:"at"`
	From         string    `json:"from"` // operator
	To           string    `json:"to"`   // operator, or number
	Kind         string    `json:"kind"` // operator, number
	Blind        bool      `json:"blind,omitempty"`
	Trunk        string    `json:"trunk,omitempty"`
	CallerID     string    `json:"caller_id,omitempty"`
	SIPCallID    string    `json:"sip_call_id,omitempty"`
	AnsweredAt   time.Time `json:"answered_at,omitzero"`
	ConferenceAt time.Time `json:"conference_at,omitzero"` // the customer heard both
	HandedAt     time.Time `json:"handed_over_at,omitzero"`
	EndedAt      time.Time `json:"ended_at,omitzero"`
	EndedBy      string    `json:"ended_by,omitempty"` // of the outside call, as in a record
	SIPStatus    int       `json:"sip_status,omitempty"`
	End          string    `json:"end,omitempty"` // how the consultation ended, see the constants
}

// How a consultation ends.
const (
	handedOver   = "handed-over"
	takenBack    = "taken-back"    // by the operator
	otherLeft    = "left"          // the one who was asked has hung up
	otherLost    = "lost"          // ... or the leg was lost
	notReached   = "not-reached"   // busy, no answer, not sent
	customerGone = "customer-gone" // the customer has hung up
	operatorLost = "operator-lost" // the operator who asked
)

// handings are all consultations of the call, for its record.
func (c *call) handings() map[string]string {
	if len(c.passed) == 0 {
		return nil
	}
	all := map[string]string{}
	for i, k := range c.passed {
		b, _ := json.Marshal(k.Handing) // strings and times: cannot fail
		all[fmt.Sprintf("transfer:%d", i+1)] = string(b)
	}
	return all
}

// farEnds waits for the ends of calls outside, so that the record has them.
func (c *call) farEnds() {
	for _, k := range c.passed {
		if k.far == nil {
			continue
		}
		k.far.hangup()
		<-k.far.over
		call := k.far.call
		for more := true; more; {
			select {
			case n := <-k.far.news:
				if n.call != nil {
					call = n.call
				}
			default:
				more = false
			}
		}
		if call == nil { // never sent
			k.SIPCallID = ""
			continue
		}
		e := call.Ending()
		k.EndedAt, k.EndedBy, k.SIPStatus = e.At, string(e.By), e.Status
	}
}
