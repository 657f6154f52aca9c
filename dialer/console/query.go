package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"
)

// queryTime reads an RFC 3339 time of the query; zero if it is not given.
func queryTime(r *http.Request, name string) (time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, problem(Usage, "%s=%q is not an RFC 3339 time; write for example 2026-11-23T08:00:00+02:00", name, text)
	}
	return t, nil
}

// queryPeriod reads from and to.
func queryPeriod(r *http.Request) (from, to time.Time, err error) {
	if from, err = queryTime(r, "from"); err != nil {
		return from, to, err
	}
	if to, err = queryTime(r, "to"); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, problem(Usage, "from %s is not before to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return from, to, nil
}

// queryInt reads a number from 0 on; or if it is not given.
func queryInt(r *http.Request, name string, or int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return or, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, problem(Usage, "%s=%q is not a number from 0 on", name, text)
	}
	return n, nil
}

// queryMap reads field=column pairs, separated by commas.
func queryMap(r *http.Request, name string) (map[string]string, error) {
	m := map[string]string{}
	for _, pair := range r.URL.Query()[name] {
		for part := range strings.SplitSeq(pair, ",") {
			field, column, ok := strings.Cut(part, "=")
			if !ok || strings.TrimSpace(field) == "" || strings.TrimSpace(column) == "" {
				return nil, problem(Usage, "%s %q is not FIELD=COLUMN; for example phone=Telefon,name=Client", name, part)
			}
			m[strings.TrimSpace(field)] = strings.TrimSpace(column)
		}
	}
	return m, nil
}

// recordFilter reads the query's filter of call records. A campaign or
// operator that never was is not found, rather than an empty answer.
func (a *api) recordFilter(r *http.Request) (contactdb.RecordFilter, error) {
	q := r.URL.Query()
	f := contactdb.RecordFilter{Campaign: q.Get("campaign"), List: q.Get("list"), Operator: q.Get("operator"), Outcome: q.Get("outcome")}
	if f.Outcome != "" && !slices.Contains(contactdb.Outcomes, f.Outcome) {
		return f, problem(Usage, "outcome %q is not known; there are %s", f.Outcome, strings.Join(contactdb.Outcomes, ", "))
	}
	var err error
	if f.From, f.To, err = queryPeriod(r); err != nil {
		return f, err
	}
	if phone := q.Get("phone"); phone != "" {
		if f.Phone, err = parsePhone(phone, q.Get("country")); err != nil {
			return f, err
		}
	}
	if f.Campaign != "" {
		if _, err := a.svc.Store().Campaign(f.Campaign); err != nil {
			return f, a.missingCampaign(err, f.Campaign)
		}
	}
	return f, nil
}
