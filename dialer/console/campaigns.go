package console

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer"
)

// maxDefinition is the longest campaign file.
const maxDefinition = 1 << 20

func (a *api) campaigns(*http.Request) (any, error) {
	st, err := a.svc.Status()
	return orEmpty(st.Campaigns, err)
}

func (a *api) campaign(r *http.Request) (any, error) {
	return a.campaignStatus(r, r.URL.Query().Get("decisions") != "")
}

func (a *api) campaignStatus(r *http.Request, detail bool) (dialer.CampaignStatus, error) {
	name := r.PathValue("campaign")
	st, err := a.svc.CampaignStatus(name, detail)
	return st, a.missingCampaign(err, name)
}

// Applied is the answer to a definition that was put in force.
type Applied struct {
	contactdb.Campaign
	Warnings []string `json:"warnings"`
}

func (a *api) applyCampaign(r *http.Request) (any, error) {
	source, err := readDefinition(r)
	if err != nil {
		return nil, err
	}
	applied, err := a.apply(source)
	t := traceOf(r)
	t.Object = "campaign/" + applied.Name
	t.change(nil, map[string]any{"version": applied.Version, "sha256": fmt.Sprintf("%x", sha256.Sum256(source))})
	return applied, err
}

func (a *api) apply(source []byte) (Applied, error) {
	c, warnings, err := a.svc.ApplyCampaign(source)
	if warnings == nil {
		warnings = []string{}
	}
	return Applied{c, warnings}, err
}

// setLimits changes mode and limits in the definition in force, and nothing else.
func (a *api) setLimits(r *http.Request) (any, error) {
	if _, err := reasonOf(r); err != nil {
		return nil, err
	}
	a.limits.Lock() // else of two who change at once one would undo the other's
	defer a.limits.Unlock()
	before, source, err := a.amended(r)
	if err != nil {
		return nil, err
	}
	after, err := campaign.Parse(source)
	if err != nil {
		return nil, err
	}
	traceOf(r).change(before.Limits(), after.Limits())
	return a.apply(source)
}

// planLimits is the plan with another mode and other limits, which stay as they are.
func (a *api) planLimits(r *http.Request) (any, error) {
	d, source, err := a.amended(r)
	if err != nil {
		return nil, err
	}
	p, err := a.svc.Plan(r.Context(), d.Name, source, a.work.of(r))
	return planInWordsOf(r, p), err
}

// amended is the definition in force, and its text with the change that a body asks for.
func (a *api) amended(r *http.Request) (*campaign.Definition, []byte, error) {
	var body campaign.Change
	if err := readJSON(r, &body); err != nil {
		return nil, nil, err
	}
	name := r.PathValue("campaign")
	v, err := a.svc.Store().CampaignVersion(name, 0)
	if err != nil {
		return nil, nil, a.missingCampaign(err, name)
	}
	d, err := campaign.Parse(v.Source)
	if err != nil {
		return nil, nil, err
	}
	source, err := campaign.Amend(v.Source, body)
	if err != nil {
		return nil, nil, problem(Input, "%v", err)
	}
	if string(source) == string(v.Source) {
		return nil, nil, problem(Usage, "nothing of campaign %q would change; give another mode, ratio, max_lines or abandonment_limit than it has", name)
	}
	return d, source, nil
}

func (a *api) planSource(r *http.Request) (any, error) {
	source, err := readDefinition(r)
	if err != nil {
		return nil, err
	}
	d, err := campaign.Parse(source)
	if err != nil {
		return nil, problem(Input, "%v", err)
	}
	p, err := a.svc.Plan(r.Context(), d.Name, source, a.work.of(r))
	return planInWordsOf(r, p), err
}

func readDefinition(r *http.Request) ([]byte, error) {
	source, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxDefinition))
	if err == nil && strings.TrimSpace(string(source)) == "" {
		err = problem(Input, "the campaign file is empty; ten lines are enough, see testdata/campaigns")
	}
	return source, err
}

func (a *api) plan(r *http.Request) (any, error) {
	name := r.PathValue("campaign")
	p, err := a.svc.Plan(r.Context(), name, nil, a.work.of(r))
	return a.planFor(r, p), a.missingCampaign(err, name)
}

// Why says why a campaign dials as it does: what it decided, and what holds
// back the contacts that it does not dial.
type Why struct {
	Campaign  string                `json:"campaign"`
	State     string                `json:"state"`
	Reason    string                `json:"reason,omitempty"`
	Why       string                `json:"why,omitempty"`
	Waiting                         // today, of all its operators
	Decisions []dialer.DecisionLine `json:"decisions"`
	Plan      dialer.Plan           `json:"plan"`
}

func (a *api) why(r *http.Request) (any, error) {
	st, err := a.campaignStatus(r, true)
	if err != nil {
		return nil, err
	}
	plan, err := a.svc.Plan(r.Context(), st.Name, nil, a.work.of(r))
	if st.Decisions == nil {
		st.Decisions = []dialer.DecisionLine{}
	}
	return Why{st.Name, string(st.State), st.Reason, st.Why, Waiting{st.WaitMS, st.Waits}, st.Decisions, a.planFor(r, plan)}, err
}

// Definition is one version of a campaign: as it was written, and with every
// default.
type Definition struct {
	Campaign  string    `json:"campaign"`
	Version   int       `json:"version"`
	InForce   bool      `json:"in_force"`
	SHA256    string    `json:"sha256"`
	AppliedAt time.Time `json:"applied_at"`
	Source    string    `json:"source"`
	Effective string    `json:"effective"`
}

func (a *api) definition(r *http.Request) (any, error) {
	name := r.PathValue("campaign")
	version, err := queryInt(r, "version", 0)
	if err != nil {
		return nil, err
	}
	c, err := a.svc.Store().Campaign(name)
	if err != nil {
		return nil, a.missingCampaign(err, name)
	}
	v, err := a.svc.Store().CampaignVersion(name, version)
	if err != nil {
		return nil, missingVersion(err, c, version)
	}
	d, err := campaign.Parse(v.Source)
	if err != nil {
		return nil, err
	}
	effective, err := d.Marshal()
	return Definition{name, v.Version, v.Version == c.Version, v.SHA256, v.AppliedAt, string(v.Source), string(effective)}, err
}

func (a *api) selectVersion(r *http.Request) (any, error) {
	name := r.PathValue("campaign")
	version, err := queryInt(r, "version", 0)
	if err != nil {
		return nil, err
	}
	c, err := a.svc.Store().Campaign(name)
	if err != nil {
		return nil, a.missingCampaign(err, name)
	}
	if version < 1 || version > c.Versions {
		return nil, missingVersion(contactdb.ErrNotFound, c, version)
	}
	return a.svc.SelectVersion(name, version)
}

func missingVersion(err error, c contactdb.Campaign, version int) error {
	if ProblemOf(err).Code != NotFound {
		return err
	}
	return problem(NotFound, "campaign %q has no version %d; it has versions 1 to %d", c.Name, version, c.Versions)
}

type campaignChange func(s *dialer.Service, name, reason string) (contactdb.Campaign, error)

var (
	startCampaign  campaignChange = func(s *dialer.Service, name, _ string) (contactdb.Campaign, error) { return s.StartCampaign(name) }
	pauseCampaign  campaignChange = (*dialer.Service).PauseCampaign
	resumeCampaign campaignChange = func(s *dialer.Service, name, _ string) (contactdb.Campaign, error) { return s.ResumeCampaign(name) }
	drainCampaign  campaignChange = (*dialer.Service).DrainCampaign
	stopCampaign   campaignChange = (*dialer.Service).StopCampaign
)

// longestReason is in characters: a reason stands in a line of the floor.
const longestReason = 300

func reasonOf(r *http.Request) (string, error) {
	reason := strings.TrimSpace(r.URL.Query().Get("reason"))
	if n := utf8.RuneCountInString(reason); n > longestReason {
		return "", problem(Usage, "the reason has %d characters; %d is the most", n, longestReason)
	}
	return reason, nil
}

func change(to campaignChange) func(*api, *http.Request) (any, error) {
	return func(a *api, r *http.Request) (any, error) {
		name := r.PathValue("campaign")
		reason, err := reasonOf(r)
		if err != nil {
			return nil, err
		}
		c, err := to(a.svc, name, reason)
		traceOf(r).change(nil, map[string]any{"state": c.State, "version": c.Version})
		return c, a.missingCampaign(err, name)
	}
}

func (a *api) missingCampaign(err error, name string) error {
	if err == nil {
		return nil
	}
	campaigns, _ := a.svc.Store().Campaigns() // only for a guess
	known := make([]string, len(campaigns))
	for i, c := range campaigns {
		known[i] = c.Name
	}
	return missing(err, "campaign", name, known)
}
