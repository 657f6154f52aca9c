package console

import (
	"net/http"

	"apel/dialer"
)

func (a *api) status(r *http.Request) (any, error) { return a.statusFor(r) }

// statusFor is the service as a caller sees it.
func (a *api) statusFor(r *http.Request) (dialer.Status, error) {
	st, err := a.svc.Status()
	if err != nil {
		return st, err
	}
	st.Operators, err = narrowed(a, r, st.Operators, func(o dialer.OperatorStatus) string { return o.Team })
	if st.Campaigns == nil {
		st.Campaigns = []dialer.CampaignStatus{}
	}
	if st.Operators == nil {
		st.Operators = []dialer.OperatorStatus{}
	}
	if st.Trunks == nil {
		st.Trunks = []dialer.TrunkStatus{}
	}
	return st, err
}
