package dialer

import (
	"context"
	"fmt"
	"time"

	"apel/campaign"
	"apel/contactdb"
)

// Plan counts what a campaign would do now; source nil: the version in force.
// The counts come from the rules that lease, over every contact of its lists:
// those of a list add up to it, and those of the lists to the campaign's. That
// takes some ten seconds a million: told, unless nil, is told now and then how
// many have been judged of how many.
func (s *Service) Plan(ctx context.Context, name string, source []byte, told func(done, of int)) (Plan, error) {
	p := Plan{Lists: []ListPlan{}, Retries: []Retry{}, Zones: []ZonePlan{}, Violations: []string{}, Warnings: []string{}}
	p.LaterWhy, p.NeverWhy = map[string]int{}, map[string]int{}
	if source == nil {
		v, err := s.store.CampaignVersion(name, 0)
		if err != nil {
			return p, err
		}
		source, p.Version = v.Source, v.Version
	}
	def, err := campaign.Parse(source)
	if err != nil {
		return p, fmt.Errorf("%w: %w", ErrInput, err)
	}
	p.Campaign = def.Name
	violations, warnings := s.check(def)
	p.Violations = append(p.Violations, violations...)
	p.Warnings = append(p.Warnings, warnings...)
	r, now := &rules{def: def}, time.Now()
	if p.Held, err = s.held(r, now); err != nil {
		return p, err
	}
	if h, err := s.store.Hold(r.view(def.Name, now)); err != nil {
		return p, err
	} else if h.Reason != "" && (p.Held == nil || p.Held.Reason != h.Reason) { // it would be next
		p.Warnings = append(p.Warnings, h.Detail)
	}
	if hours, err := s.store.Hours(def.Name); err == nil { // not of one that was never applied
		_, p.BestHour = campaign.BestHour(hours)
	}
	var left contactsLeft
	lists, of := s.present(def.Lists)
	for _, list := range lists {
		one := ListPlan{List: list, Counts: Counts{LaterWhy: map[string]int{}, NeverWhy: map[string]int{}}}
		for c, err := range s.store.Candidates(r.view(def.Name, now), []string{list}) {
			if err != nil {
				return p, err
			}
			if p.Contacts%tellEvery == 0 {
				if err := ctx.Err(); err != nil {
					return p, err
				}
				if told != nil {
					told(p.Contacts, of)
				}
			}
			v := r.judge(c, now)
			one.count(v)
			p.count(v)
			left.count(c, v, now)
		}
		p.Lists = append(p.Lists, one)
	}
	p.Retries, p.Zones = left.retries(), left.zones()
	if p.Contacts > 0 && p.Now == 0 && p.Later == 0 {
		p.Warnings = append(p.Warnings, "nobody is left to call; the reasons are above")
	}
	return p, nil
}

// tellEvery is after how many contacts somebody is told how far a walk is.
const tellEvery = 1000

// judge is the campaign's Judge, for those who are shown what it would say: a
// callback for a named operator is that operator's, and no lease takes it for
// others before its deputy's time.
func (r *rules) judge(c contactdb.Candidate, now time.Time) contactdb.Verdict {
	v, p := r.def.Judge(c, now), c.Progress.Promise
	if v.Kind != contactdb.Yes || p == nil || p.Operator == "" || !p.Deputy.IsZero() && !now.Before(p.Deputy) {
		return v
	}
	v = contactdb.Verdict{Kind: contactdb.Later, Reason: campaign.CallbackPromised, When: p.Deputy, Detail: "a callback that waits for " + p.Operator}
	if p.Deputy.IsZero() {
		v.When = now
	}
	return v
}

// held is what keeps the campaign from calling anybody at all; nil if nothing
// does: its state, its schedule, a do-not-call register, its caller IDs.
func (s *Service) held(r *rules, now time.Time) (*Held, error) {
	c, err := s.store.Campaign(r.def.Name)
	if err == nil {
		if h := s.heldByState(c); h != nil {
			return h, nil
		}
	}
	sched := r.def.Schedule
	switch {
	case r.over(now):
		return &Held{Reason: "schedule", Detail: "its schedule has ended at " + sched.End.Format(time.RFC3339)}, nil
	case now.Before(sched.Start):
		return &Held{Reason: "schedule", Detail: "its schedule starts at " + sched.Start.Format(time.RFC3339), Until: sched.Start}, nil
	}
	h, err := s.store.Hold(r.view(r.def.Name, now))
	if err != nil || h.Reason == "" {
		return nil, err
	}
	return &Held{Reason: h.Reason, Detail: h.Detail, Until: h.Until}, nil
}

// heldByState says that a campaign does not run, or was halted though it does.
func (s *Service) heldByState(c contactdb.Campaign) *Held {
	if c.State != contactdb.Running {
		return &Held{Reason: "campaign-" + string(c.State), Detail: fmt.Sprintf("campaign %q is %s; %s", c.Name, c.State, nextStep(c.State, c.Name))}
	}
	if l := s.floorOf(c.Name); l != nil {
		if why := l.halted.Load(); why != nil {
			return &Held{Reason: "campaign-" + string(contactdb.Paused), Detail: *why}
		}
	}
	return nil
}

// present are the lists that are there, and how many contacts they have; the
// missing ones are violations already.
func (s *Service) present(lists []campaign.List) (there []string, contacts int) {
	for _, l := range lists {
		if got, err := s.store.List(l.Name); err == nil {
			there, contacts = append(there, l.Name), contacts+got.Contacts
		}
	}
	return there, contacts
}

func (p *Counts) count(v contactdb.Verdict) {
	p.Contacts++
	switch v.Kind {
	case contactdb.Yes:
		p.Now++
	case contactdb.Later:
		p.Later++
		p.LaterWhy[v.Reason]++
		countBy(&p.LaterBy, v)
		if p.LaterAt == nil {
			p.LaterAt = map[string]int{}
		}
		p.LaterAt[v.When.UTC().Truncate(time.Hour).Format(time.RFC3339)]++
		if p.NextAt.IsZero() || v.When.Before(p.NextAt) {
			p.NextAt = v.When
		}
	default:
		p.Never++
		p.NeverWhy[v.Reason]++
		countBy(&p.NeverBy, v)
	}
}

// mostBy bounds what a reason is split into.
const mostBy = 50

func countBy(by *map[string]map[string]int, v contactdb.Verdict) {
	if v.By == "" {
		return
	}
	if *by == nil {
		*by = map[string]map[string]int{}
	}
	of := (*by)[v.Reason]
	if of == nil {
		of = map[string]int{}
		(*by)[v.Reason] = of
	}
	if _, known := of[v.By]; !known && len(of) >= mostBy {
		v.By = "..."
	}
	of[v.By]++
}

// WhyContact says of a number, for each campaign that has it in a list,
// whether it would be dialed now and why not.
func (s *Service) WhyContact(phone string) ([]ContactWhy, error) {
	contacts, err := s.store.ContactsByPhone(phone)
	if err != nil {
		return nil, err
	}
	if len(contacts) == 0 {
		return nil, fmt.Errorf("%w: no list has the number %s", contactdb.ErrNotFound, phone)
	}
	campaigns, err := s.store.Campaigns()
	if err != nil {
		return nil, err
	}
	all, now := []ContactWhy{}, time.Now()
	for _, c := range campaigns {
		r, err := s.load(c.Name, c.Version)
		if err != nil {
			return nil, err
		}
		for _, contact := range contacts {
			for _, list := range r.def.Lists {
				if list.Name != contact.List {
					continue
				}
				w, err := s.why(c, r, contact, now)
				if err != nil {
					return nil, err
				}
				all = append(all, w)
			}
		}
	}
	return all, nil
}

var verdictWords = map[contactdb.VerdictKind]string{contactdb.Yes: "now", contactdb.Later: "later", contactdb.Never: "never"}

func (s *Service) why(c contactdb.Campaign, r *rules, contact contactdb.Contact, now time.Time) (ContactWhy, error) {
	cand, err := s.store.Candidate(r.view(c.Name, now), contact)
	if err != nil {
		return ContactWhy{}, err
	}
	v := r.judge(cand, now)
	w := ContactWhy{Campaign: c.Name, List: contact.List, Contact: contact.ID, Phone: contact.Phone, Reason: v.Reason, Detail: v.Detail, When: v.When, Attempts: cand.Progress.Attempts}
	w.Verdict = verdictWords[v.Kind]
	if len(cand.Others) > 0 {
		for _, n := range r.def.ByNumber(cand, now) {
			w.Numbers = append(w.Numbers, NumberWhy{n.Phone, verdictWords[n.Kind], n.Reason, n.Detail, n.When})
		}
	}
	if v.Kind != contactdb.Yes {
		return w, nil
	}
	if v.Phone != "" {
		w.Phone = v.Phone // the one that comes next
	}
	h, err := s.held(r, now)
	if h != nil {
		w.Verdict, w.Reason, w.Detail, w.When = "later", h.Reason, h.Detail, h.Until
	}
	return w, err
}
