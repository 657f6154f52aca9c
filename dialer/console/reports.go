package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"apel/campaign"
	"apel/contactdb"
)

// Every report is a sum over the call records that fit the query, so that the
// parts of one report equal the whole of another.

// CampaignReport is what became of a campaign's attempts.
type CampaignReport struct {
	Campaign        string  `json:"campaign"`
	AbandonmentRate float64 `json:"abandonment_rate"` // abandoned of live answers
	contactdb.Tally
	Waiting
}

// OperatorReport is what an operator's calls came to.
type OperatorReport struct {
	Operator   string `json:"operator"`
	Team       string `json:"team,omitempty"`
	Calls      int    `json:"calls"` // bridged
	TalkMS     int64  `json:"talk_ms"`
	TalkMeanMS int64  `json:"talk_ms_mean"`
	WrapMS     int64  `json:"wrap_ms"`
	Successes  int    `json:"successes"` // dispositions that count as a result
	Waiting
}

// CommissionReport counts an operator's calls with one disposition.
type CommissionReport struct {
	Operator    string `json:"operator"`
	Team        string `json:"team,omitempty"`
	Campaign    string `json:"campaign"`
	Disposition string `json:"disposition"`
	Success     bool   `json:"success"` // counts as a result in the version that the call ran under
	Calls       int    `json:"calls"`
	TalkMS      int64  `json:"talk_ms"`
	AmountCents int64  `json:"amount_cents"` // of the amounts that were said, in hundredths; what retention has taken away is not in it
}

// centsOf is an amount of a record, as a result keeps it: digits, and at most two after a point. 0 for anything else.
func centsOf(amount string) int64 {
	whole, rest, _ := strings.Cut(amount, ".")
	cents, err := strconv.ParseInt(whole+(rest + "00")[:2], 10, 64)
	if err != nil || len(rest) > 2 {
		return 0
	}
	return cents
}

// AbandonmentReport holds a campaign's abandonment against its limit, over
// the regulator's window.
type AbandonmentReport struct {
	Campaign    string  `json:"campaign"`
	WindowMS    int64   `json:"window_ms"`
	LiveAnswers int     `json:"live_answers"`
	Abandoned   int     `json:"abandoned"`
	Rate        float64 `json:"abandonment_rate"`
	Limit       float64 `json:"abandonment_limit"`
	Kept        bool    `json:"kept"`
}

// sum walks the records that fit the query and collects them by key; rows
// come out in the order of their keys.
func sum[K comparable, R any](a *api, r *http.Request, key func(contactdb.Record) (K, bool), add func(*R, contactdb.Record) error, order func(x, y K) int) ([]R, error) {
	f, err := a.recordFilter(r)
	if err != nil {
		return nil, err
	}
	return sumOf(a, f, key, add, order)
}

// sumOf is sum for records that are asked for otherwise.
func sumOf[K comparable, R any](a *api, f contactdb.RecordFilter, key func(contactdb.Record) (K, bool), add func(*R, contactdb.Record) error, order func(x, y K) int) ([]R, error) {
	sums := map[K]*R{}
	for rec, err := range a.svc.Store().Records(f) {
		if err != nil {
			return nil, err
		}
		k, counts := key(rec)
		if !counts {
			continue
		}
		if sums[k] == nil {
			sums[k] = new(R)
		}
		if err := add(sums[k], rec); err != nil {
			return nil, err
		}
	}
	rows := make([]R, 0, len(sums))
	for _, k := range slices.SortedFunc(maps.Keys(sums), order) {
		rows = append(rows, *sums[k])
	}
	return rows, nil
}

func (a *api) reportCampaign(r *http.Request) (any, error) {
	f, err := a.recordFilter(r)
	if err != nil {
		return nil, err
	}
	seen, err := a.sightOfSums(r, f)
	if err != nil {
		return nil, err
	}
	key := func(rec contactdb.Record) (string, bool) { return rec.Campaign, seen.team(rec.Team) }
	rows, err := sumOf(a, f, key, func(row *CampaignReport, rec contactdb.Record) error {
		row.Campaign = rec.Campaign
		row.Tally.Add(&rec)
		row.AbandonmentRate = ratio(row.Abandoned, row.LiveAnswers)
		return nil
	}, cmp.Compare[string])
	if err != nil {
		return nil, err
	}
	return withCampaignWaiting(a, r, rows)
}

func (a *api) reportOperator(r *http.Request) (any, error) {
	seen, err := a.sightOf(callerOf(r))
	if err != nil {
		return nil, err
	}
	key := func(rec contactdb.Record) (string, bool) {
		return rec.Operator, rec.Operator != "" && seen.team(rec.Team)
	}
	results := resultWords{a: a}
	rows, err := sum(a, r, key, func(row *OperatorReport, rec contactdb.Record) error {
		row.Operator, row.Team = rec.Operator, rec.Team
		if !rec.BridgedAt.IsZero() {
			row.Calls++
		}
		row.TalkMS += rec.TalkMS
		row.WrapMS += rec.WrapMS
		row.TalkMeanMS = row.TalkMS / int64(max(1, row.Calls))
		success, err := results.success(rec)
		if success {
			row.Successes++
		}
		return err
	}, cmp.Compare[string])
	if err != nil {
		return nil, err
	}
	if rows, err = withOperatorWaiting(a, r, rows); err != nil || !seen.narrow {
		return rows, err
	}
	return slices.DeleteFunc(rows, func(row OperatorReport) bool { // who only waited has no record with a team
		return row.Team == "" && a.leads(callerOf(r), row.Operator) != nil
	}), nil
}

type commissionKey struct{ operator, team, campaign, disposition string }

func (a *api) reportCommission(r *http.Request) (any, error) {
	f, err := a.recordFilter(r)
	if err != nil {
		return nil, err
	}
	rows, err := a.commission(f)
	if err != nil {
		return nil, err
	}
	return narrowed(a, r, rows, func(row CommissionReport) string { return row.Team })
}

// commission counts results as they are paid for: the report, and each
// operator's own numbers, are made of it.
func (a *api) commission(f contactdb.RecordFilter) ([]CommissionReport, error) {
	key := func(rec contactdb.Record) (commissionKey, bool) {
		return commissionKey{rec.Operator, rec.Team, rec.Campaign, rec.Disposition}, rec.Operator != "" && rec.Disposition != ""
	}
	order := func(x, y commissionKey) int {
		return cmp.Or(cmp.Compare(x.operator, y.operator), cmp.Compare(x.team, y.team),
			cmp.Compare(x.campaign, y.campaign), cmp.Compare(x.disposition, y.disposition))
	}
	results := resultWords{a: a}
	return sumOf(a, f, key, func(row *CommissionReport, rec contactdb.Record) error {
		row.Operator, row.Team, row.Campaign, row.Disposition = rec.Operator, rec.Team, rec.Campaign, rec.Disposition
		row.Calls++
		row.TalkMS += rec.TalkMS
		row.AmountCents += centsOf(rec.ScriptAnswers["amount"])
		var err error
		row.Success, err = results.success(rec)
		return err
	}, order)
}

func (a *api) reportAbandonment(r *http.Request) (any, error) {
	only := r.URL.Query().Get("campaign")
	campaigns, err := a.svc.Store().Campaigns()
	if err != nil {
		return nil, err
	}
	rows := []AbandonmentReport{}
	for _, c := range campaigns {
		if only != "" && c.Name != only {
			continue
		}
		row, err := a.abandonment(c)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if only != "" && len(rows) == 0 {
		return nil, a.missingCampaign(contactdb.ErrNotFound, only)
	}
	return rows, nil
}

func (a *api) abandonment(c contactdb.Campaign) (AbandonmentReport, error) {
	st, err := a.svc.CampaignStatus(c.Name, false)
	if err != nil {
		return AbandonmentReport{}, err
	}
	d, err := a.parsed(c.Name, 0)
	if err != nil {
		return AbandonmentReport{}, err
	}
	rate := ratio(st.Window.Abandoned, st.Window.LiveAnswers)
	limit := d.Abandonment.Limit
	return AbandonmentReport{
		c.Name, d.Abandonment.Window.Milliseconds(),
		st.Window.LiveAnswers, st.Window.Abandoned, rate, limit, rate <= limit,
	}, nil
}

func (a *api) parsed(name string, version int) (*campaign.Definition, error) {
	v, err := a.svc.Store().CampaignVersion(name, version)
	if err != nil {
		return nil, err
	}
	return campaign.Parse(v.Source)
}

// resultWords knows which dispositions count as a result, by campaign and the
// version that a call ran under.
type resultWords struct {
	a    *api
	seen map[versionKey]map[string]bool
}

type versionKey struct {
	campaign string
	version  int
}

func (w *resultWords) success(rec contactdb.Record) (bool, error) {
	k := versionKey{rec.Campaign, rec.CampaignVersion}
	words, seen := w.seen[k]
	if !seen {
		d, err := w.a.parsed(k.campaign, k.version)
		if err != nil {
			return false, err
		}
		words = map[string]bool{}
		for _, disp := range d.Dispositions {
			words[disp.Name] = disp.Success
		}
		if w.seen == nil {
			w.seen = map[versionKey]map[string]bool{}
		}
		w.seen[k] = words
	}
	return words[rec.Disposition], nil
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
