package console

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/web"
)

// The pages of the floor: what a supervisor looks at all day.
var (
	floorPage     = addLive(livePage{"floor", "page.floor", []string{"tiles", "campaigns", "people"}, floorData})
	tvPage        = addLive(livePage{"tv", "page.tv", []string{"wall"}, floorData})
	operatorsPage = addLive(livePage{"operators", "page.operators", []string{"grid"}, floorData})
	callsPage     = addLive(livePage{"calls", "page.calls", []string{"calls"}, callsData})
	trunksPage    = addLive(livePage{"trunks", "page.trunks", []string{"trunks"}, floorData})
	campaignPage  = addLive(livePage{"campaign", "page.campaign", []string{"state", "now", "budget", "strip", "funnel", "outcomes", "decisions"}, campaignData})
)

// floorView is what the pages of the whole floor show.
type floorView struct {
	At        time.Time
	Running   bool
	Tiles     []tile
	Campaigns []campaignRow
	Operators []operatorRow
	Trunks    []Trunk
	Strip     template.HTML
	Steers    bool
	Leads     bool
}

// tile is one big figure.
type tile struct {
	Key, Value, Note, Tone string // tone: good, warn, bad, talk, idle or ""
	Gauge                  template.HTML
}

// campaignRow is a campaign with what is spent of its budget.
type campaignRow struct {
	dialer.CampaignStatus
	Hour, Today, Window float64 // abandonment
	Used                float64 // of the limit, over the regulator's window
	Tone                string
	Gauge               template.HTML
	AnswerRate          float64
	Steers              bool
}

// Trunk is a trunk and what its calls of the last hour came to.
type Trunk struct {
	dialer.TrunkStatus
	Calls    int     `json:"calls"`
	Answered float64 `json:"answered"` // of these; people and machines
	Failed   float64 `json:"failed"`   // likewise
	Tone     string  `json:"-"`        // of Failed
}

// trunkOf says that a trunk that fails one call in ten deserves a look.
func trunkOf(t dialer.TrunkStatus, c counts) Trunk {
	row := Trunk{t, c.attempts, share(c.live+c.machines, c.attempts), share(c.failed, c.attempts), ""}
	if row.Failed >= .1 {
		row.Tone = "hot"
	}
	return row
}

type operatorRow struct {
	dialer.OperatorStatus
	Tone    string
	Concern bool               // somebody should look
	Monitor *dialer.Monitoring // who listens; nil: nobody
	Leads   bool
	Talk    int64 // mean of today's calls, in milliseconds; 0: none
	Wrap    int64 // likewise
	Began   int64 // of the state, in seconds of Unix, 0 if it is not known: the page counts on from it, so that a row stays as it is while its state does
}

func floorData(s *snapshot, k liveKey) (any, error) {
	d := floorView{At: s.at, Running: s.status.Running, Steers: k.steers, Leads: k.leads}
	for _, t := range s.status.Trunks {
		d.Trunks = append(d.Trunks, trunkOf(t, s.carried[t.Name]))
	}
	var all counts
	var today contactdb.Tally
	sum := dialer.CampaignStatus{}
	for _, c := range s.status.Campaigns {
		r := s.recent[c.Name]
		all.add(r.quarter)
		today.LiveAnswers += c.Today.LiveAnswers
		today.Abandoned += c.Today.Abandoned
		sum.Ready, sum.Talking, sum.WrapUp, sum.NotReady = sum.Ready+c.Ready, sum.Talking+c.Talking, sum.WrapUp+c.WrapUp, sum.NotReady+c.NotReady
		sum.Dialing, sum.Ringing, sum.Queued, sum.Lines = sum.Dialing+c.Dialing, sum.Ringing+c.Ringing, sum.Queued+c.Queued, sum.Lines+c.Lines
		d.Campaigns = append(d.Campaigns, rowOf(c, r, k))
	}
	slices.SortStableFunc(d.Campaigns, func(a, b campaignRow) int {
		return cmp.Or(cmp.Compare(rank[a.State], rank[b.State]), cmp.Compare(a.Name, b.Name))
	})
	own := map[string]int{} // of the operators that are shown, by state
	for _, o := range s.status.Operators {
		if !k.sight.team(o.Team) {
			continue
		}
		own[o.State]++
		row := operatorOf(o, s.at)
		row.Reason = k.said(row.Reason)
		row.Leads = k.leads
		if t := s.worked[o.Name]; t.Bridged > 0 {
			row.Talk, row.Wrap = t.TalkMS/int64(t.Bridged), t.WrapMS/int64(t.Bridged)
		}
		for _, m := range s.monitors {
			if m.Operator == o.Name {
				row.Monitor = &m
			}
		}
		d.Operators = append(d.Operators, row)
	}
	slices.SortStableFunc(d.Operators, func(a, b operatorRow) int {
		return cmp.Or(-cmp.Compare(flag(a.Concern), flag(b.Concern)), cmp.Compare(stateRank[a.State], stateRank[b.State]), -cmp.Compare(a.ForMS, b.ForMS))
	})
	if k.sight.narrow {
		sum.Ready, sum.Talking, sum.WrapUp, sum.NotReady = own["ready"], own["talking"], own["wrap-up"], own["not-ready"]
	}
	d.Tiles = tilesOf(sum, all, d.Campaigns, k.lang)
	return d, nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rank puts campaigns that go on first.
var rank = map[contactdb.CampaignState]int{contactdb.Running: 0, contactdb.Draining: 1, contactdb.Paused: 2, contactdb.Scheduled: 3, contactdb.Draft: 4, contactdb.Done: 5}

var stateRank = map[string]int{"ready": 0, "reserved": 1, "talking": 2, "wrap-up": 3, "not-ready": 4, "offline": 5}

// tilesOf are the big figures; the one for abandonment is of the campaign that
// has used most of its budget, since budgets are not shared.
func tilesOf(sum dialer.CampaignStatus, quarter counts, rows []campaignRow, l web.Lang) []tile {
	n := func(v int) string { return web.Number(l, v) }
	tiles := []tile{
		{Key: "tile.ready", Value: n(sum.Ready), Tone: "good"},
		{Key: "tile.talking", Value: n(sum.Talking), Tone: "talk"},
		{Key: "tile.wrapup", Value: n(sum.WrapUp), Tone: "warn"},
		{Key: "tile.notready", Value: n(sum.NotReady), Tone: "idle"},
		{Key: "tile.ringing", Value: n(sum.Dialing + sum.Ringing), Note: web.Text(l, "tile.lines", sum.Lines)},
		{Key: "tile.queued", Value: n(sum.Queued), Note: web.Text(l, "tile.queued.note")},
		{Key: "tile.answers", Value: web.Percent(l, share(quarter.live, quarter.attempts)), Note: web.Text(l, "tile.quarter")},
	}
	if sum.Queued > 0 {
		tiles[5].Tone = "bad"
	}
	worst := campaignRow{}
	for _, r := range rows {
		if r.Used >= worst.Used && r.Window > 0 || worst.Name == "" {
			worst = r
		}
	}
	if worst.Name != "" {
		tiles = append(tiles, tile{Key: "tile.abandonment", Value: web.Percent(l, worst.Window), Tone: worst.Tone, Gauge: worst.Gauge,
			Note: web.Text(l, "tile.of.limit", web.Percent(l, worst.AbandonmentLimit), worst.Name)})
	}
	return tiles
}

func rowOf(c dialer.CampaignStatus, r recent, k liveKey) campaignRow {
	row := campaignRow{CampaignStatus: c, Steers: k.steers, Hour: r.hour.rate(), Today: share(c.Today.Abandoned, c.Today.LiveAnswers), Window: c.AbandonmentRate, AnswerRate: share(r.quarter.live, r.quarter.attempts)}
	if c.AbandonmentLimit > 0 {
		row.Used = c.AbandonmentRate / c.AbandonmentLimit
	}
	row.Reason = k.said(c.Reason)
	row.Tone = budgetTone(row.Used)
	row.Gauge = web.Gauge(web.Text(k.lang, "budget.used", web.Percent(k.lang, row.Used)), row.Used, row.Tone)
	return row
}

// budgetTone turns amber when four fifths of a budget are used.
func budgetTone(used float64) string {
	switch {
	case used >= 1:
		return "bad"
	case used >= .8:
		return "warn"
	}
	return "good"
}

// Ages at which somebody should look: ready for five minutes means too few
// calls, wrap-up for two or not ready for fifteen a person who may need help.
var concerns = map[string]time.Duration{"ready": 5 * time.Minute, "wrap-up": 2 * time.Minute, "not-ready": 15 * time.Minute}

func operatorOf(o dialer.OperatorStatus, now time.Time) operatorRow {
	tones := map[string]string{"ready": "good", "reserved": "good", "talking": "talk", "wrap-up": "warn", "not-ready": "idle", "offline": "idle"}
	limit, watched := concerns[o.State]
	began := o.Since
	if began.IsZero() {
		began = now.Add(-time.Duration(o.ForMS) * time.Millisecond)
	}
	since := began.Unix()
	if o.Since.IsZero() && o.ForMS == 0 {
		since = 0
	}
	return operatorRow{OperatorStatus: o, Tone: tones[o.State], Began: since, Concern: watched && time.Duration(o.ForMS)*time.Millisecond > limit}
}

// liveCalls is what the page of live calls shows.
type liveCalls struct {
	Calls  []dialer.LiveCall
	Steers bool
}

func callsData(s *snapshot, k liveKey) (any, error) {
	teams := map[string]string{}
	for _, o := range s.status.Operators {
		teams[o.Name] = o.Team
	}
	d := liveCalls{Steers: k.steers, Calls: slices.DeleteFunc(slices.Clone(s.calls), func(c dialer.LiveCall) bool {
		return c.Operator != "" && !k.sight.team(teams[c.Operator])
	})}
	if !k.numbers {
		for i := range d.Calls {
			d.Calls[i].Phone = string(maskNumbers([]byte(d.Calls[i].Phone)))
		}
	}
	return d, nil
}

// Resting is why a campaign places no calls, "" if its state says all of it.
func (r campaignRow) Resting() string {
	if r.State != contactdb.Paused && r.State != contactdb.Draining || r.Reason == string(r.State) {
		return ""
	}
	return r.Reason
}

// InAir are the calls that nobody has answered yet.
func (r campaignRow) InAir() int { return r.Dialing + r.Ringing }

// campaignView is what the page of one campaign shows.
type campaignView struct {
	campaignRow
	Strip, Abandonment template.HTML
	Funnel, Outcomes   template.HTML
	Last               []dialer.DecisionLine
}

func campaignData(s *snapshot, k liveKey) (any, error) {
	c, err := s.campaign(k.arg)
	if err != nil {
		return nil, err
	}
	r := s.recent[c.Name]
	d := campaignView{campaignRow: rowOf(c, r, k), Last: s.decisions(c.Name)}
	if len(r.strip) > 0 {
		d.Strip, d.Abandonment = strips(r.strip, c.AbandonmentLimit, s.at, k.lang)
	}
	d.Funnel, d.Outcomes = funnel(c.Today, k.lang), outcomes(c.Today, k.lang)
	return d, nil
}

func strips(strip []Sample, limit float64, now time.Time, l web.Lang) (floor, abandonment template.HTML) {
	var lines, ready, talking, rate, cap []float64
	for _, v := range strip {
		lines, ready, talking = append(lines, float64(v.Lines)), append(ready, float64(v.Ready)), append(talking, float64(v.Talking))
		rate, cap = append(rate, 100*v.Abandonment), append(cap, 100*limit)
	}
	from := now.Add(-time.Duration(len(strip)) * sampleEvery).Local().Format("15:04")
	to := now.Local().Format("15:04")
	floor = web.Lines(web.Text(l, "chart.floor"), from, to, 0,
		web.Line{Class: "c1", Values: lines}, web.Line{Class: "c2", Values: ready}, web.Line{Class: "c4", Values: talking})
	abandonment = web.Lines(web.Text(l, "chart.abandonment"), from, to, 0, web.Line{Class: "c5", Values: rate}, web.Line{Class: "c6 dash", Values: cap})
	return floor, abandonment
}

// funnel is what became of today's attempts.
func funnel(t contactdb.Tally, l web.Lang) template.HTML {
	step := func(key, class string, n int) web.Bar {
		return web.Bar{Name: web.Text(l, key), Class: class, Value: float64(n), Text: fmt.Sprintf("%s · %s", web.Number(l, n), web.Percent(l, share(n, t.Attempts)))}
	}
	answered := t.LiveAnswers + t.Outcomes[contactdb.Machine] + t.Outcomes[contactdb.Fax]
	return web.Bars(web.Text(l, "chart.funnel"), step("funnel.attempts", "c6", t.Attempts), step("funnel.answered", "c1", answered),
		step("funnel.people", "c4", t.LiveAnswers), step("funnel.connected", "c2", t.Bridged))
}

// outcomes are today's attempts by what came of them.
func outcomes(t contactdb.Tally, l web.Lang) template.HTML {
	var bars []web.Bar
	for _, o := range contactdb.Outcomes {
		if n := t.Outcomes[o]; n > 0 {
			bars = append(bars, web.Bar{Name: web.Word(l, "outcome", o), Class: outcomeClass(o), Value: float64(n), Text: web.Number(l, n)})
		}
	}
	return web.Bars(web.Text(l, "chart.outcomes"), bars...)
}

func outcomeClass(o string) string {
	switch o {
	case contactdb.Human:
		return "c2"
	case contactdb.Abandoned:
		return "c5"
	case contactdb.Machine, contactdb.Fax:
		return "c3"
	}
	return "c6"
}
