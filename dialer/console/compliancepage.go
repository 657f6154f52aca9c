package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer/console/web"
	"apel/dialer/keep"
)

// complianceData is what compliance staff see of everything that they answer
// for, on one page: the evidence and its anchors, who may not be called, how
// long what is kept, who asked for what is known of them, and who did what.
type complianceData struct {
	Heads     contactdb.Heads
	Anchors   []contactdb.AuditEntry // newest first
	Anchored  bool                   // as often as the settings say
	Every     string                 // hours between two; "": never by itself
	Keys      []string               // to which recordings are encrypted
	Registers []registerRow
	Expired   int // of them
	Kept      []Kept
	Requests  []auditRow // exports and erasures of persons within a month, newest first
	Trail     []auditRow // newest first
	Campaigns []string
	Formats   []string // of an export of records
	From      string   // the day with which the form of records begins
}

// registerRow is a do-not-call list and its age.
type registerRow struct {
	DNCList
	Days int // since it was issued; -1: not known
}

// Kept is a kind of what is kept and for how long.
type Kept struct {
	Kind string    `json:"kind"`           // recordings, notes, numbers, contacts, verdicts
	Days int       `json:"days"`           // 0: for ever
	Last time.Time `json:"last,omitzero"`  // when something of it was forgotten last
	Rows string    `json:"rows,omitempty"` // how many
}

const (
	shownAnchors = 5
	shownTrail   = 10
)

func (a *api) compliancePage(r *http.Request) (any, error) {
	now := time.Now()
	d := complianceData{From: now.Local().AddDate(0, 0, -30).Format(time.DateOnly), Formats: []string{"xlsx", "csv", "jsonl", "sealed"}}
	u := a.svc.Keeper().Rules()
	d.Keys = u.Recipients
	var err error
	if d.Heads, err = a.svc.Store().Heads(now); err != nil {
		return nil, err
	}
	if d.Campaigns, err = a.campaignNames(); err != nil {
		return nil, err
	}
	if err := d.anchors(a, r, u, now); err != nil {
		return nil, err
	}
	if err := d.registers(a, r, now); err != nil {
		return nil, err
	}
	if d.Kept, err = a.kept(u); err != nil {
		return nil, err
	}
	return d, d.month(a, now)
}

// anchors are the last places where the ends of the chains were kept.
func (d *complianceData) anchors(a *api, r *http.Request, u keep.Rules, now time.Time) error {
	all, err := a.svc.Store().LastAudit(contactdb.AuditFilter{Object: "anchor", Verb: "record.anchor"}, shownAnchors)
	if err != nil {
		return err
	}
	slices.Reverse(all)
	d.Anchors = all
	if u.AnchorEvery > 0 {
		d.Every = web.Number(langOf(r), int(u.AnchorEvery.Hours()))
		d.Anchored = len(all) > 0 && now.Sub(all[0].At) <= u.AnchorEvery+time.Hour
	}
	return nil
}

// registers are the do-not-call lists, those first that are too old.
func (d *complianceData) registers(a *api, r *http.Request, now time.Time) error {
	v, err := a.registers(r)
	if err != nil {
		return err
	}
	for _, l := range v.([]DNCList) {
		row := registerRow{DNCList: l, Days: -1}
		if !l.Issued.IsZero() {
			row.Days = int(now.Sub(l.Issued).Hours() / 24)
		}
		d.Registers = append(d.Registers, row)
		d.Expired += flag(l.Expired)
	}
	slices.SortStableFunc(d.Registers, func(x, y registerRow) int { return flag(y.Expired) - flag(x.Expired) })
	return nil
}

// kept is how long what is kept, and what was forgotten last.
func (a *api) kept(u keep.Rules) ([]Kept, error) {
	all := []Kept{}
	last := map[string]contactdb.AuditEntry{}
	for e, err := range a.svc.Store().AuditTrail(contactdb.AuditFilter{Who: keep.Itself}) {
		if err != nil {
			return nil, err
		}
		last[e.Verb] = e
	}
	for _, k := range []struct {
		kind string
		days time.Duration
	}{{"recordings", u.Recordings}, {"notes", u.Notes}, {"numbers", u.Numbers}, {"contacts", u.Contacts}, {"verdicts", u.Verdicts}} {
		e := last["retention."+k.kind]
		all = append(all, Kept{Kind: k.kind, Days: int(k.days.Hours() / 24), Last: e.At, Rows: e.Detail["rows"]})
	}
	return all, nil
}

func (a *api) retention(*http.Request) (any, error) { return a.kept(a.svc.Keeper().Rules()) }

// month is who asked within a month for what is known of a person, or for its
// erasure, and what was done last, newest first. What was only looked at, and
// when an export was over, the whole trail has.
func (d *complianceData) month(a *api, now time.Time) error {
	for _, verb := range []string{"contact.export", "contact.erase"} {
		for e, err := range a.svc.Store().AuditTrail(contactdb.AuditFilter{Verb: verb, From: now.AddDate(0, -1, 0)}) {
			if err != nil {
				return err
			}
			d.Requests = append(d.Requests, auditRow{e})
		}
	}
	slices.SortFunc(d.Requests, func(x, y auditRow) int { return cmp.Compare(y.Seq, x.Seq) })
	last, err := a.svc.Store().LastAudit(contactdb.AuditFilter{NoLookups: true}, 10*shownTrail)
	for _, e := range slices.Backward(last) {
		if !strings.HasSuffix(e.Verb, ".show") && !strings.HasSuffix(e.Verb, ".done") && len(d.Trail) < shownTrail {
			d.Trail = append(d.Trail, auditRow{e})
		}
	}
	return err
}
