package ua

import (
	"strconv"
	"strings"
	"time"

	"apel/contactdb"

	"github.com/emiago/sipgo/sip"
)

// Party is who ended a call.
type Party string

const (
	Customer Party = "customer" // the far end
	Dialer   Party = "dialer"   // we
	Network  Party = "network"  // a refusal, a failure, a silence on the way
)

// Ending is how a call ended.
type Ending struct {
	At       time.Time
	By       Party
	Answered bool   // a 2xx came in
	Late     bool   // ... after we had given up: it was acknowledged and ended at once
	Status   int    // final SIP status; 0: none came
	Q850     int    // cause from a Reason header (RFC 3326), 0: none
	Text     string // reason phrase, or what failed
}

// Outcome translates an ending before the answer into the outcome of the
// attempt. A Q.850 cause says more than a status and goes first, where it is
// one that says something of the callee (ITU-T Q.850 §2.2.7, RFC 3398 §7.2.4.1).
func (e Ending) Outcome() string {
	if o, ok := causeOutcome[e.Q850]; ok {
		return o
	}
	if o, ok := statusOutcome[e.Status]; ok {
		return o
	}
	switch {
	case e.Status >= 300 && e.Status < 400:
		return contactdb.Rejected // a redirect is never followed: it could lead anywhere, at our cost
	case e.Status >= 600:
		return contactdb.Rejected
	default:
		return contactdb.Failed
	}
}

var causeOutcome = map[int]string{
	1:  contactdb.InvalidNumber, // unallocated
	17: contactdb.Busy,
	18: contactdb.NoAnswer, // no user responding
	19: contactdb.NoAnswer, // alerting, no answer
	20: contactdb.NoAnswer, // subscriber absent
	21: contactdb.Rejected,
	22: contactdb.InvalidNumber, // number changed
	28: contactdb.InvalidNumber, // invalid format
	34: contactdb.Congested,     // no circuit
	38: contactdb.Congested,     // network out of order
	41: contactdb.Congested,     // temporary failure
	42: contactdb.Congested,     // switching equipment congestion
	44: contactdb.Congested,     // requested circuit not available
	47: contactdb.Congested,     // resource unavailable
}

var statusOutcome = map[int]string{
	301: contactdb.InvalidNumber, // moved permanently
	403: contactdb.Rejected,
	404: contactdb.InvalidNumber,
	408: contactdb.NoAnswer,
	410: contactdb.InvalidNumber,
	480: contactdb.NoAnswer,
	484: contactdb.InvalidNumber,
	486: contactdb.Busy,
	487: contactdb.NoAnswer, // the answer to our CANCEL
	500: contactdb.Failed,
	502: contactdb.Congested,
	503: contactdb.Congested,
	504: contactdb.Congested,
	600: contactdb.Busy,
	603: contactdb.Rejected,
	604: contactdb.InvalidNumber,
	607: contactdb.Rejected, // unwanted, RFC 8197
	608: contactdb.Rejected, // rejected on the callee's behalf, RFC 8688
}

// q850 reads the cause of a Reason header: `Q.850;cause=17;text="user busy"`.
// A message may have several Reason headers or values (RFC 3326 §2).
func q850(m interface{ GetHeaders(string) []sip.Header }) int {
	for _, h := range m.GetHeaders("Reason") {
		for value := range strings.SplitSeq(h.Value(), ",") {
			protocol, params, _ := strings.Cut(value, ";")
			if !strings.EqualFold(strings.TrimSpace(protocol), "Q.850") {
				continue
			}
			for p := range strings.SplitSeq(params, ";") {
				if k, v, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(k, "cause") {
					if n, err := strconv.Atoi(strings.Trim(strings.TrimSpace(v), `"`)); err == nil && n > 0 && n < 128 {
						return n
					}
				}
			}
		}
	}
	return 0
}

// failed is an ending by the network without a response.
func failed(err error) Ending { return Ending{By: Network, Text: err.Error()} }

// refused is an ending by a final response.
func refused(res *sip.Response) Ending {
	return Ending{By: Network, Status: res.StatusCode, Q850: q850(res), Text: res.Reason}
}
