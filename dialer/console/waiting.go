package console

import (
	"cmp"
	"net/http"
	"slices"

	"apel/dialer/floor"
)

// Waiting is the time for which operators waited, and why; the causes add up
// to it. It is kept by day, in UTC: a period counts every day that it touches.
type Waiting struct {
	WaitMS int64       `json:"wait_ms"`
	Causes floor.Waits `json:"wait_causes_ms"`
}

func (w *Waiting) add(more floor.Waits) {
	w.Causes = w.Causes.Plus(more)
	w.WaitMS = w.Causes.Total().Milliseconds()
}

// waited tells each campaign's operators' waiting time in the query's period.
func (a *api) waited(r *http.Request, tell func(campaign, operator string, w floor.Waits)) error {
	f, err := a.recordFilter(r)
	if err != nil {
		return err
	}
	all, err := a.svc.Store().Campaigns()
	if err != nil {
		return err
	}
	for _, c := range all {
		if f.Campaign != "" && f.Campaign != c.Name {
			continue
		}
		waits, err := a.svc.Waited(c.Name, f.From, f.To)
		if err != nil {
			return err
		}
		for operator, w := range waits {
			if f.Operator == "" || f.Operator == operator {
				tell(c.Name, operator, w)
			}
		}
	}
	return nil
}

// withWaiting adds waiting time to the rows of a report; who only waited gets
// a row too.
func withWaiting[R any](a *api, r *http.Request, rows []R, name func(*R) *string, waiting func(*R) *Waiting, key func(campaign, operator string) string) ([]R, error) {
	err := a.waited(r, func(campaign, operator string, w floor.Waits) {
		k := key(campaign, operator)
		at := slices.IndexFunc(rows, func(row R) bool { return *name(&row) == k })
		if at < 0 {
			var row R
			*name(&row) = k
			at, rows = len(rows), append(rows, row)
		}
		waiting(&rows[at]).add(w)
	})
	slices.SortStableFunc(rows, func(x, y R) int { return cmp.Compare(*name(&x), *name(&y)) })
	return rows, err
}

func withCampaignWaiting(a *api, r *http.Request, rows []CampaignReport) ([]CampaignReport, error) {
	return withWaiting(a, r, rows, func(row *CampaignReport) *string { return &row.Campaign }, func(row *CampaignReport) *Waiting { return &row.Waiting },
		func(campaign, _ string) string { return campaign })
}

func withOperatorWaiting(a *api, r *http.Request, rows []OperatorReport) ([]OperatorReport, error) {
	return withWaiting(a, r, rows, func(row *OperatorReport) *string { return &row.Operator }, func(row *OperatorReport) *Waiting { return &row.Waiting },
		func(_, operator string) string { return operator })
}
