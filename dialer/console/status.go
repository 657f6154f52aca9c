package console

import (
	"net/http"

	"apel/dialer"
)

func (a *api) status(*http.Request) (any, error) {
	st, err := a.svc.Status()
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
