package console

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"time"

	"apel/contactdb"
	"apel/dialer/console/web"
)

// reportData is what the page of reports shows: one row for each value of what
// it is counted by, and their sum, which is the whole.
type reportData struct {
	Filter    pageFilter
	Campaigns []string
	Bys       []string
	Rows      []reportRow
	Sum       reportRow
	Chart     template.HTML
	From, To  time.Time
	Period    string // the days of the report
	Before    string // those of the period before, as long
}

type reportRow struct {
	Name   string
	Tally  contactdb.Tally
	Rate   float64
	Before int // attempts in the period before
	Change float64
}

// nobodys are calls without an operator, team or disposition; no name sorts behind it.
const nobodys = "\uffff"

// reportBys are what a report can count by, each with the key of a record.
var reportBys = []struct {
	name string
	key  func(contactdb.Record) string
}{
	{"hour", func(r contactdb.Record) string { return r.EndedAt.Local().Format("15:00") }},
	{"day", func(r contactdb.Record) string { return r.EndedAt.Local().Format(time.DateOnly) }},
	{"campaign", func(r contactdb.Record) string { return r.Campaign }},
	{"operator", func(r contactdb.Record) string { return cmp.Or(r.Operator, nobodys) }},
	{"team", func(r contactdb.Record) string { return cmp.Or(r.Team, nobodys) }},
	{"list", func(r contactdb.Record) string { return r.List }},
	{"disposition", func(r contactdb.Record) string { return cmp.Or(r.Disposition, nobodys) }},
}

func (a *api) reportsPage(r *http.Request) (any, error) {
	d := reportData{Filter: filterOf(r)}
	for _, b := range reportBys {
		d.Bys = append(d.Bys, b.name)
	}
	if !slices.Contains(d.Bys, d.Filter.By) {
		d.Filter.By = "hour"
	}
	if d.Filter.From == "" {
		d.Filter.From = time.Now().Local().Format(time.DateOnly)
	}
	var err error
	if d.From, d.To, err = pagePeriod(d.Filter); err != nil {
		return nil, err
	}
	if d.To.IsZero() {
		y, m, day := time.Now().Local().Date()
		d.To = time.Date(y, m, day+1, 0, 0, 0, 0, time.Local)
	}
	if d.Campaigns, err = a.campaignNames(); err != nil {
		return nil, err
	}
	seen, err := a.sightOf(callerOf(r))
	if err != nil {
		return nil, err
	}
	if d.Filter.By != "operator" && d.Filter.By != "team" && d.Filter.By != "disposition" && d.Filter.Operator == "" {
		seen = sight{} // sums of all calls name nobody's work
	}
	rows, err := a.tallies(d.Filter, seen, d.From, d.To, 0)
	if err != nil {
		return nil, err
	}
	days := int(d.To.Sub(d.From).Round(24*time.Hour) / (24 * time.Hour)) // a day of a change of the clocks is one too
	from := d.From.AddDate(0, 0, -days)
	d.Period, d.Before = daysOf(langOf(r), d.From, d.To), daysOf(langOf(r), from, d.From)
	before := map[string]contactdb.Tally{}
	if d.Filter.Compare {
		if before, err = a.tallies(d.Filter, seen, from, d.From, days); err != nil {
			return nil, err
		}
	}
	d.fill(rows, before, langOf(r))
	return d, nil
}

// daysOf writes a period of whole days.
func daysOf(l web.Lang, from, to time.Time) string {
	first, last := web.Day(l, from), web.Day(l, to.AddDate(0, 0, -1))
	if first == last {
		return first
	}
	return first + " – " + last
}

// tallies counts the records of a period by what the filter says, as if they
// had been later by some days: a day is compared with the one that many before.
func (a *api) tallies(f pageFilter, seen sight, from, to time.Time, later int) (map[string]contactdb.Tally, error) {
	by := slices.IndexFunc(reportBys, func(b struct {
		name string
		key  func(contactdb.Record) string
	}) bool {
		return b.name == f.By
	})
	all := map[string]contactdb.Tally{}
	for rec, err := range a.svc.Store().Records(contactdb.RecordFilter{Campaign: f.Campaign, Operator: f.Operator, From: from, To: to}) {
		if err != nil {
			return nil, err
		}
		if !seen.team(rec.Team) {
			continue
		}
		rec.EndedAt = rec.EndedAt.Local().AddDate(0, 0, later)
		t := all[reportBys[by].key(rec)]
		count(&t, rec)
		all[reportBys[by].key(rec)] = t
	}
	return all, nil
}

func (d *reportData) fill(rows, before map[string]contactdb.Tally, l web.Lang) {
	names := sortedKeys(rows)
	for _, name := range sortedKeys(before) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var bars []web.Bar
	d.Sum.Tally.Outcomes = map[string]int{}
	for _, name := range names {
		row := rowFor(name, rows[name], before[name].Attempts)
		d.Rows = append(d.Rows, row)
		d.Sum.Before += row.Before
		addTally(&d.Sum.Tally, row.Tally)
		if name == nobodys {
			d.Rows[len(d.Rows)-1].Name = web.Text(l, "by.none")
			continue // calls that reached none would dwarf the rest
		}
		if d.Filter.By == "disposition" {
			name = web.Word(l, "disposition", name)
			d.Rows[len(d.Rows)-1].Name = name
		}
		bars = append(bars, web.Bar{Name: name, Class: "c1", Value: float64(row.Tally.Attempts), Text: web.Number(l, row.Tally.Attempts)})
	}
	d.Sum = rowFor("", d.Sum.Tally, d.Sum.Before)
	switch {
	case len(bars) == 0:
	case d.Filter.By == "hour" || d.Filter.By == "day":
		d.Chart = web.Columns(web.Text(l, "col.attempts"), bars...)
	default:
		d.Chart = web.Bars(web.Text(l, "col.attempts"), bars...)
	}
}

func rowFor(name string, t contactdb.Tally, before int) reportRow {
	r := reportRow{Name: name, Tally: t, Rate: ratio(t.Abandoned, t.LiveAnswers), Before: before}
	if before > 0 {
		r.Change = float64(t.Attempts-before) / float64(before)
	}
	return r
}

func addTally(to *contactdb.Tally, t contactdb.Tally) {
	for o, n := range t.Outcomes {
		to.Outcomes[o] += n
	}
	to.Attempts += t.Attempts
	to.LiveAnswers += t.LiveAnswers
	to.Abandoned += t.Abandoned
	to.Bridged += t.Bridged
	to.TalkMS += t.TalkMS
	to.WrapMS += t.WrapMS
}
