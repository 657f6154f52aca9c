package console

import (
	_ "embed"
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

//go:embed page.html
var pageHTML []byte

// page is the read-only status page: it draws /api/status
// every two seconds.
func (a *api) page(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	_, err := w.Write(pageHTML)
	return err
}
