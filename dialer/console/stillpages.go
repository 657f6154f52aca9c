package console

import (
	"io"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer/console/access"
	"apel/pacing"
)

// Pages that are drawn when they are asked for: lists, records, accounts, audit.

// listsData is what the page of lists shows.
type listsData struct {
	Lists   []contactdb.List
	Imports []contactdb.ImportInfo // the last into any list
	Steers  bool
}

// importsShown are some weeks' of a centre that imports daily.
const importsShown = 50

func (a *api) listsPage(r *http.Request) (any, error) {
	lists, err := a.svc.Store().Lists()
	if err != nil {
		return nil, err
	}
	imports, err := a.svc.Store().Imports("")
	return listsData{lists, imports[:min(len(imports), importsShown)], steers(r)}, err
}

// steers says whether controls are shown.
func steers(r *http.Request) bool {
	c := callerOf(r)
	return c != nil && slices.Contains(steerers, c.Role)
}

// rejects gives a file of rows that an import refused: as it is to who may see
// whole numbers, else masked, which in a workbook cannot be done.
func (a *api) rejects(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	if callerOf(r).SeesNumbers() {
		return a.wholeRejects(w, r, name)
	}
	if strings.HasSuffix(name, ".xlsx") {
		return problem(NotAllowed, "a workbook of rejected rows shows whole phone numbers, which the role %s may not see; ask compliance for it, or import the file as CSV", callerOf(r).Role)
	}
	f, err := a.svc.Keeper().OpenRejects(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil || !info.Mode().IsRegular():
		return problem(NotFound, "it is no file that is kept here")
	case info.Size() > mostMasked:
		return problem(NotAllowed, "so many rows were rejected that the file has more than %d MB, which is not masked; ask compliance for it", mostMasked>>20)
	}
	text, err := io.ReadAll(io.LimitReader(f, mostMasked))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(filepath.Base(name)))
	_, _ = w.Write(maskRows(text)) // the browser is gone: nobody to tell
	return nil
}

// mostMasked bounds a file that is masked in memory, in bytes.
const mostMasked = 32 << 20

func (a *api) wholeRejects(w http.ResponseWriter, r *http.Request, name string) error {
	f, err := a.svc.Keeper().OpenRejects(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return problem(NotFound, "it is no file that is kept here")
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(filepath.Base(name)))
	http.ServeContent(w, r, "", info.ModTime(), f)
	return nil
}

// recordsData is what the page of records shows.
type recordsData struct {
	Filter    pageFilter
	Campaigns []string
	Records   []recordRow
	Export    string // query of the export
	Keeps     bool
}

// recordRow is a record and how its recording may be heard.
type recordRow struct {
	contactdb.Record
	Plays  bool // in the browser
	Sealed bool // encrypted: whoever holds the key hears it elsewhere
}

// pageFilter is a filter as the fields of a form have it.
type pageFilter struct {
	Campaign, Operator, Phone, From, To string // From and To are days
	By                                  string
	Compare                             bool
}

// pagePeriod reads the days of a form: From to To, both included, in the zone
// of this machine.
func pagePeriod(f pageFilter) (from, to time.Time, err error) {
	if f.From != "" {
		if from, err = time.ParseInLocation(time.DateOnly, f.From, time.Local); err != nil {
			return from, to, problem(Usage, "%q is not a day; write for example 2026-11-25", f.From)
		}
	}
	if f.To != "" {
		if to, err = time.ParseInLocation(time.DateOnly, f.To, time.Local); err != nil {
			return from, to, problem(Usage, "%q is not a day; write for example 2026-11-25", f.To)
		}
		to = to.AddDate(0, 0, 1)
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, problem(Usage, "the first day is after the last")
	}
	return from, to, nil
}

func filterOf(r *http.Request) pageFilter {
	q := r.URL.Query()
	return pageFilter{Campaign: q.Get("campaign"), Operator: q.Get("operator"), Phone: q.Get("phone"), From: q.Get("from"), To: q.Get("to"), By: q.Get("by"), Compare: q.Get("compare") != ""}
}

// shownRecords is how many records a page has.
const shownRecords = 200

func (a *api) recordsPage(r *http.Request) (any, error) {
	d := recordsData{Filter: filterOf(r), Keeps: slices.Contains(keepers, callerOf(r).Role)}
	if d.Filter.From == "" && d.Filter.To == "" && d.Filter.Phone == "" {
		d.Filter.From = time.Now().Local().Format(time.DateOnly)
	}
	f := contactdb.RecordFilter{Campaign: d.Filter.Campaign, Operator: d.Filter.Operator}
	var err error
	if f.From, f.To, err = pagePeriod(d.Filter); err != nil {
		return nil, err
	}
	if d.Filter.Phone != "" {
		if f.Phone, err = parsePhone(d.Filter.Phone, ""); err != nil {
			return nil, err
		}
	}
	if d.Campaigns, err = a.campaignNames(); err != nil {
		return nil, err
	}
	records, err := a.svc.Store().LastRecords(f, shownRecords)
	if err != nil {
		return nil, err
	}
	slices.Reverse(records)
	c := callerOf(r)
	for _, rec := range records {
		sealed := a.svc.Keeper().Sealed(rec.Recording)
		rec.Phone, rec.Note = c.Masked(rec.Phone), c.Masked(rec.Note)
		d.Records = append(d.Records, recordRow{rec, rec.Recording != "" && !sealed && d.Keeps, sealed && d.Keeps})
	}
	q := url.Values{"format": {"csv"}}
	for name, value := range map[string]string{"campaign": f.Campaign, "operator": f.Operator, "from": rfc(f.From), "to": rfc(f.To)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	d.Export = q.Encode()
	return d, nil
}

func rfc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func (a *api) campaignNames() ([]string, error) {
	all, err := a.svc.Store().Campaigns()
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Name
	}
	return names, err
}

// auditData is what the page of the audit trail shows.
type auditData struct {
	Who, Verb, Object string
	Lookups           bool // shown too: who looked at lists
	Entries           []auditRow
}

// auditRow is an entry that can say what it changed.
type auditRow struct{ contactdb.AuditEntry }

// digest is a SHA-256 in hexadecimal, of which a page shows the beginning.
var digest = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{52}\b`)

// Parts are what it changed, digests cut.
func (r auditRow) Parts() (before, after, detail map[string]string) {
	short := func(m map[string]string) map[string]string {
		all := make(map[string]string, len(m))
		for k, v := range m {
			all[k] = digest.ReplaceAllString(v, "$1…")
		}
		return all
	}
	return short(r.Before), short(r.After), short(r.Detail)
}

func (a *api) auditPage(r *http.Request) (any, error) {
	q := r.URL.Query()
	d := auditData{Who: q.Get("who"), Verb: q.Get("verb"), Object: q.Get("object")}
	d.Lookups = q.Get("lookups") != "" || strings.HasSuffix(d.Verb, ".ls")
	entries, err := a.svc.Store().LastAudit(contactdb.AuditFilter{Who: d.Who, Verb: d.Verb, Object: d.Object, NoLookups: !d.Lookups}, shownRecords)
	slices.Reverse(entries)
	for _, e := range entries {
		d.Entries = append(d.Entries, auditRow{e})
	}
	return d, err
}

// accountsData is what the page of accounts shows.
type accountsData struct {
	Accounts    []contactdb.Account
	Tokens      []contactdb.Token
	Sessions    []contactdb.Session
	Teams       []string
	Roles       []access.Role
	Scopes      []access.Scope
	MinPassword int
	Here        string
}

func (a *api) accountsPage(r *http.Request) (any, error) {
	d := accountsData{Roles: access.Roles, Scopes: access.Scopes, MinPassword: access.MinPassword, Here: callerOf(r).Session}
	var err error
	if d.Accounts, err = a.svc.Store().Accounts(); err != nil {
		return nil, err
	}
	if d.Tokens, err = a.svc.Store().Tokens(); err != nil {
		return nil, err
	}
	if d.Sessions, err = a.svc.Store().Sessions(""); err != nil {
		return nil, err
	}
	teams, err := a.svc.Store().Teams()
	d.Teams = teamNames(teams)
	return d, err
}

// settingsData is what the page of a campaign's definition shows.
type settingsData struct {
	Name, Source string
	Version      int
	Modes        []pacing.Mode
	Now          *campaign.Definition
	Percent      string // its limit of abandonment, as a field of numbers takes it
}

func (a *api) campaignSettings(r *http.Request) (any, error) {
	name := r.PathValue("campaign")
	v, err := a.svc.Store().CampaignVersion(name, 0)
	if err != nil {
		return nil, a.missingCampaign(err, name)
	}
	d, err := campaign.Parse(v.Source)
	if err != nil {
		return nil, err
	}
	percent := strconv.FormatFloat(math.Round(d.Abandonment.Limit*1e4)/100, 'f', -1, 64)
	return settingsData{name, string(v.Source), v.Version, campaign.Modes, d, percent}, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
