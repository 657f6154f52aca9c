package dialer

import (
	"fmt"
	"time"

	"apel/campaign"
	"apel/contactdb"
)

// Plan counts what a campaign would do now; source nil: the version in force.
// The counts come from the rules that lease, over every contact of its lists.
func (s *Service) Plan(name string, source []byte) (Plan, error) {
	p := Plan{LaterWhy: map[string]int{}, NeverWhy: map[string]int{}, Violations: []string{}, Warnings: []string{}}
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
	now := time.Now()
	for c, err := range s.store.Candidates(contactdb.Viewpoint{Campaign: def.Name, Client: def.Client, Now: now}, s.present(def.Lists)) {
		if err != nil {
			return p, err
		}
		p.count(def.Judge(c, now))
	}
	if p.Contacts > 0 && p.Now == 0 && p.Later == 0 {
		p.Warnings = append(p.Warnings, "nobody is left to call; the reasons are above")
	}
	return p, nil
}

// present are the lists that are there; the missing ones are violations already.
func (s *Service) present(lists []string) []string {
	var there []string
	for _, name := range lists {
		if _, err := s.store.List(name); err == nil {
			there = append(there, name)
		}
	}
	return there
}

func (p *Plan) count(v contactdb.Verdict) {
	p.Contacts++
	switch v.Kind {
	case contactdb.Yes:
		p.Now++
	case contactdb.Later:
		p.Later++
		p.LaterWhy[v.Reason]++
		if p.NextAt.IsZero() || v.When.Before(p.NextAt) {
			p.NextAt = v.When
		}
	default:
		p.Never++
		p.NeverWhy[v.Reason]++
	}
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
				if list != contact.List {
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

func (s *Service) why(c contactdb.Campaign, r *rules, contact contactdb.Contact, now time.Time) (ContactWhy, error) {
	cand, err := s.store.Candidate(contactdb.Viewpoint{Campaign: c.Name, Client: r.def.Client, Now: now}, contact)
	if err != nil {
		return ContactWhy{}, err
	}
	v := r.def.Judge(cand, now)
	w := ContactWhy{Campaign: c.Name, List: contact.List, Contact: contact.ID, Phone: contact.Phone, Reason: v.Reason, Detail: v.Detail, When: v.When, Attempts: cand.Progress.Attempts}
	w.Verdict = map[contactdb.VerdictKind]string{contactdb.Yes: "now", contactdb.Later: "later", contactdb.Never: "never"}[v.Kind]
	if v.Kind == contactdb.Yes && c.State != contactdb.Running {
		w.Verdict, w.Reason = "later", "campaign-"+string(c.State)
		w.Detail = fmt.Sprintf("campaign %q is %s; %s", c.Name, c.State, nextStep(c.State, c.Name))
	}
	return w, nil
}
