package console

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer/console/web"
)

// CallReport is what the calls of one hour, day, campaign, operator, team, list
// or disposition came to.
type CallReport struct {
	Name string `json:"name"` // "": of no operator, no team, without a disposition
	contactdb.Tally
	AbandonmentRate float64          `json:"abandonment_rate"` // abandoned of live answers
	Before          *contactdb.Tally `json:"before,omitempty"` // of the period before, which is as long, in whole days
}

// reportData is what the page of reports shows: one row for each value of what
// it is counted by, and their sum, which is the whole.
type reportData struct {
	Filter    pageFilter
	Campaigns []string
	Bys       []string
	Columns   []string // keys of their headings
	Rows      []reportRow
	Sum       reportRow
	Chart     template.HTML
	From, To  time.Time
	Period    string // the days of the report
	Before    string // those of the period before
}

type reportRow struct {
	Name  string
	Cells []reportCell
}

// reportCell is a figure, and what it was in the period before.
type reportCell struct{ Now, Was string }

// reportColumns are the figures of a report.
var reportColumns = []struct {
	key string
	of  func(l web.Lang, t contactdb.Tally) string
}{
	{"col.attempts", func(l web.Lang, t contactdb.Tally) string { return web.Number(l, t.Attempts) }},
	{"col.people", func(l web.Lang, t contactdb.Tally) string { return web.Number(l, t.LiveAnswers) }},
	{"col.machines", func(l web.Lang, t contactdb.Tally) string { return web.Number(l, t.Outcomes[contactdb.Machine]) }},
	{"col.bridged", func(l web.Lang, t contactdb.Tally) string { return web.Number(l, t.Bridged) }},
	{"col.abandoned", func(l web.Lang, t contactdb.Tally) string { return web.Number(l, t.Abandoned) }},
	{"col.rate", func(l web.Lang, t contactdb.Tally) string { return web.Percent(l, ratio(t.Abandoned, t.LiveAnswers)) }},
	{"col.talk", func(_ web.Lang, t contactdb.Tally) string { return web.Span(t.TalkMS) }},
	{"col.wrap", func(_ web.Lang, t contactdb.Tally) string { return web.Span(t.WrapMS) }},
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
	d := reportData{Filter: filterOf(r), Bys: reportNames()}
	if !slices.Contains(d.Bys, d.Filter.By) {
		d.Filter.By = "hour"
	}
	for _, c := range reportColumns {
		d.Columns = append(d.Columns, c.key)
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
	l, f := langOf(r), contactdb.RecordFilter{Campaign: d.Filter.Campaign, Operator: d.Filter.Operator, From: d.From, To: d.To}
	before, _ := daysBefore(f)
	d.Period, d.Before = daysOf(l, d.From, d.To), daysOf(l, before.From, before.To)
	rows, err := a.callsBy(r, d.Filter.By, f, d.Filter.Compare)
	if err != nil {
		return nil, err
	}
	d.fill(rows, l)
	return d, nil
}

// reportCalls is the page's table for programs.
func (a *api) reportCalls(r *http.Request) (any, error) {
	f, err := a.recordFilter(r)
	if err != nil {
		return nil, err
	}
	by, compare := cmp.Or(r.URL.Query().Get("by"), "hour"), r.URL.Query().Get("compare") != ""
	if !slices.Contains(reportNames(), by) {
		return nil, problem(Usage, "by=%q is not known; there are %s", by, strings.Join(reportNames(), ", "))
	}
	if compare && f.From.IsZero() {
		return nil, problem(Usage, "with compare=1 say from when on; without it there is no period before")
	}
	if compare && f.To.IsZero() {
		f.To = time.Now()
	}
	return a.callsBy(r, by, f, compare)
}

func reportNames() (names []string) {
	for _, b := range reportBys {
		names = append(names, b.name)
	}
	return names
}

// daysBefore is the period before one, as long, in whole days: as many as ours is
// on its way, whatever a change of the clocks makes of their hours.
func daysBefore(f contactdb.RecordFilter) (before contactdb.RecordFilter, days int) {
	from := f.From.Local()
	days = max(1, int(f.To.Sub(from).Hours()/24))
	for from.AddDate(0, 0, days).Before(f.To) {
		days++
	}
	before = f
	before.From, before.To = from.AddDate(0, 0, -days), f.From
	return before, days
}

// daysOf writes a period of whole days.
func daysOf(l web.Lang, from, to time.Time) string {
	first, last := web.Day(l, from), web.Day(l, to.AddDate(0, 0, -1))
	if first == last {
		return first
	}
	return first + " – " + last
}

// callsBy counts the calls that fit, as far as the request's caller sees them,
// those that reached nobody last.
func (a *api) callsBy(r *http.Request, by string, f contactdb.RecordFilter, compare bool) ([]CallReport, error) {
	seen, err := a.sightOfSums(r, f)
	if by == "operator" || by == "team" || by == "disposition" {
		seen, err = a.sightOf(callerOf(r))
	}
	if err != nil {
		return nil, err
	}
	now, err := a.tallies(by, seen, f, 0)
	if err != nil {
		return nil, err
	}
	was := map[string]contactdb.Tally{}
	if compare {
		before, days := daysBefore(f)
		if was, err = a.tallies(by, seen, before, days); err != nil {
			return nil, err
		}
	}
	names := sortedKeys(now)
	for name := range was {
		if _, known := now[name]; !known {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	rows := make([]CallReport, 0, len(names))
	for _, name := range names {
		t := now[name]
		row := CallReport{Name: name, Tally: t, AbandonmentRate: ratio(t.Abandoned, t.LiveAnswers)}
		if row.Outcomes == nil {
			row.Outcomes = map[string]int{} // of the period before only
		}
		if name == nobodys {
			row.Name = ""
		}
		if compare {
			before := was[name]
			row.Before = &before
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// tallies counts the records that fit, as if they had been later by some days: a
// day is compared with the one that many before.
func (a *api) tallies(by string, seen sight, f contactdb.RecordFilter, later int) (map[string]contactdb.Tally, error) {
	key := reportBys[slices.Index(reportNames(), by)].key
	all := map[string]contactdb.Tally{}
	for rec, err := range a.svc.Store().Records(f) {
		if err != nil {
			return nil, err
		}
		if !seen.team(rec.Team) {
			continue
		}
		rec.EndedAt = rec.EndedAt.Local().AddDate(0, 0, later)
		t := all[key(rec)]
		t.Add(&rec)
		all[key(rec)] = t
	}
	return all, nil
}

func (d *reportData) fill(rows []CallReport, l web.Lang) {
	var bars []web.Bar
	sum := CallReport{Name: web.Text(l, "report.sum")}
	for _, row := range rows {
		sum.Merge(row.Tally)
		if row.Before != nil {
			if sum.Before == nil {
				sum.Before = &contactdb.Tally{}
			}
			sum.Before.Merge(*row.Before)
		}
		if row.Name == "" { // calls that reached none would dwarf the rest
			row.Name = web.Text(l, "by.none")
			d.Rows = append(d.Rows, rowFor(row, l))
			continue
		}
		if d.Filter.By == "disposition" {
			row.Name = web.Word(l, "disposition", row.Name)
		}
		d.Rows = append(d.Rows, rowFor(row, l))
		bars = append(bars, web.Bar{Name: row.Name, Class: "c1", Value: float64(row.Attempts), Text: web.Number(l, row.Attempts)})
	}
	d.Sum = rowFor(sum, l)
	switch {
	case len(bars) == 0:
	case d.Filter.By == "hour" || d.Filter.By == "day":
		d.Chart = web.Columns(web.Text(l, "col.attempts"), bars...)
	default:
		d.Chart = web.Bars(web.Text(l, "col.attempts"), bars...)
	}
}

func rowFor(r CallReport, l web.Lang) reportRow {
	row := reportRow{Name: r.Name}
	for _, c := range reportColumns {
		cell := reportCell{Now: c.of(l, r.Tally)}
		if r.Before != nil {
			cell.Was = c.of(l, *r.Before)
		}
		row.Cells = append(row.Cells, cell)
	}
	if was := r.Before; was != nil && was.Attempts > 0 {
		change := web.Percent(l, float64(r.Attempts-was.Attempts)/float64(was.Attempts))
		if r.Attempts > was.Attempts {
			change = "+" + change
		}
		row.Cells[0].Was += " (" + change + ")"
	}
	return row
}
