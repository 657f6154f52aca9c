package dialer

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer/floor"
	"apel/media"
)

// sorry is what an abandoned person hears if the campaign has no message of its own.
//
//go:embed sorry.wav
var sorry []byte

// withMessage reads what an abandoned person will hear, machines, and who is on hold.
func (s *Service) withMessage(def *campaign.Definition, version int) (*rules, error) {
	r := &rules{def: def, version: version}
	channels, err := media.DecodeWAV(sorry)
	if err != nil {
		return nil, fmt.Errorf("built-in message: %w", err)
	}
	r.message = channels[0]
	for _, m := range []struct {
		what, path string
		into       *[]int16
	}{{"abandonment message", def.Abandonment.Message, &r.message}, {"voice drop", def.VoiceDrop.Message, &r.drop}, {"hold", def.Hold, &r.hold}} {
		if m.path == "" {
			continue
		}
		if !filepath.IsAbs(m.path) {
			m.path = filepath.Join(s.cfg.Data, m.path)
		}
		channels, err := media.ReadWAV(m.path)
		if err != nil {
			return nil, fmt.Errorf("campaign %q: %s: %w", def.Name, m.what, err)
		}
		*m.into = channels[0]
	}
	return r, nil
}

// ApplyCampaign checks a definition and makes it the version in force; a
// running campaign goes by it at its next decision. Warnings do not refuse it.
func (s *Service) ApplyCampaign(source []byte) (contactdb.Campaign, []string, error) {
	def, err := campaign.Parse(source)
	if err != nil {
		return contactdb.Campaign{}, nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	if _, err := s.withMessage(def, 0); err != nil {
		return contactdb.Campaign{}, nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	violations, warnings := s.check(def)
	c, err := s.store.ApplyCampaign(def.Name, source, time.Now())
	if err != nil {
		return c, nil, err
	}
	return c, append(violations, warnings...), s.inForce(c)
}

// SelectVersion goes back (or forth) to an applied version.
func (s *Service) SelectVersion(name string, version int) (contactdb.Campaign, error) {
	c, err := s.store.SelectVersion(name, version, time.Now())
	if err != nil {
		return c, err
	}
	return c, s.inForce(c)
}

// inForce has a running campaign go by the version in force.
func (s *Service) inForce(c contactdb.Campaign) error {
	l := s.floorOf(c.Name)
	if l == nil {
		return nil
	}
	r, err := s.load(c.Name, c.Version)
	if err != nil {
		return err
	}
	l.rules.Store(r)
	s.mu.Lock()
	s.arrange(r)
	s.mu.Unlock()
	l.tell(floor.Input{Kind: floor.InSettings, Settings: r.floor()})
	s.desk.rearrange() // it may be another team's now
	return nil
}

// check finds what refuses a start (violations) and what a supervisor should know.
func (s *Service) check(def *campaign.Definition) (violations, warnings []string) {
	k := campaign.Known{CallerIDs: map[string][]string{}}
	for _, t := range s.cfg.Trunks {
		k.Trunks = append(k.Trunks, t.Name)
		if len(t.CallerIDs) > 0 {
			k.CallerIDs[t.Name] = t.CallerIDs
		}
	}
	if lists, err := s.store.Lists(); err == nil {
		for _, l := range lists {
			k.Lists = append(k.Lists, l.Name)
		}
	}
	if registers, err := s.store.Registers(); err == nil {
		for _, r := range registers {
			k.Registers = append(k.Registers, r.Name)
		}
	}
	if ops, err := s.store.Operators(); err == nil {
		for _, o := range ops {
			k.Operators = append(k.Operators, o.Name)
		}
	}
	if teams, err := s.store.Teams(); err == nil {
		for _, t := range teams {
			k.Teams = append(k.Teams, t.Name)
		}
	}
	for _, err := range def.Check(k) {
		violations = append(violations, err.Error())
	}
	return violations, append(def.Warnings(), def.FieldWarnings(s.fieldsOf(def))...)
}

// fieldsOf are the free fields of a campaign's lists, by the first contacts of each.
func (s *Service) fieldsOf(def *campaign.Definition) map[string][]string {
	const enough = 500
	has := map[string][]string{}
	for _, l := range def.Lists {
		fields, looked := map[string]bool{}, 0
		for c, err := range s.store.Contacts(l.Name) {
			if err != nil || looked == enough {
				break
			}
			looked++
			for f := range c.Fields {
				fields[f] = true
			}
		}
		if looked > 0 {
			has[l.Name] = slices.Sorted(maps.Keys(fields))
		}
	}
	return has
}

// StartCampaign starts or restarts a campaign. ErrRefused if its definition
// breaks a rule or names what is not there.
func (s *Service) StartCampaign(name string) (contactdb.Campaign, error) {
	c, err := s.store.Campaign(name)
	if err != nil {
		return c, err
	}
	if !s.isRunning() {
		return c, ErrNotRunning
	}
	r, err := s.load(name, c.Version)
	if err != nil {
		return c, err
	}
	if violations, _ := s.check(r.def); len(violations) > 0 {
		return c, fmt.Errorf("%w: %s", ErrRefused, violations[0])
	}
	if err := s.room(); err != nil {
		return c, err
	}
	if s.floorOf(name) != nil && c.State == contactdb.Done {
		return c, fmt.Errorf("%w: the last calls of campaign %q are ending; wait a moment, then start it again", contactdb.ErrState, name)
	}
	return s.move(name, contactdb.Running, "started", contactdb.Draft, contactdb.Scheduled, contactdb.Done)
}

// PauseCampaign places no further calls; those in the air go on. Whoever looks at
// the campaign reads the reason that is given, if any.
func (s *Service) PauseCampaign(name, reason string) (contactdb.Campaign, error) {
	return s.moveRunning(name, contactdb.Paused, cmp.Or(reason, "paused"), contactdb.Running)
}

// ResumeCampaign goes on after a pause.
func (s *Service) ResumeCampaign(name string) (contactdb.Campaign, error) {
	if err := s.room(); err != nil {
		return contactdb.Campaign{}, err
	}
	s.keeper.Reserve()
	if l := s.floorOf(name); l != nil && l.halted.Load() != nil { // the store has it as running
		return s.moveRunning(name, contactdb.Running, "resumed", contactdb.Paused, contactdb.Running)
	}
	return s.moveRunning(name, contactdb.Running, "resumed", contactdb.Paused)
}

// DrainCampaign places no further calls and is done when the last has ended.
func (s *Service) DrainCampaign(name, reason string) (contactdb.Campaign, error) {
	return s.moveRunning(name, contactdb.Draining, cmp.Or(reason, "draining"), contactdb.Running, contactdb.Paused)
}

// StopCampaign also ends the calls that nobody talks on; operators finish talking.
func (s *Service) StopCampaign(name, reason string) (contactdb.Campaign, error) {
	return s.moveRunning(name, contactdb.Done, cmp.Or(reason, "stopped"), contactdb.Running, contactdb.Paused, contactdb.Draining)
}

func (s *Service) moveRunning(name string, to contactdb.CampaignState, why string, from ...contactdb.CampaignState) (contactdb.Campaign, error) {
	c, err := s.store.Campaign(name)
	if err != nil {
		return c, err
	}
	if !s.isRunning() {
		return c, ErrNotRunning
	}
	return s.move(name, to, why, from...)
}

// move writes the state, then has the floor go by it.
func (s *Service) move(name string, to contactdb.CampaignState, why string, from ...contactdb.CampaignState) (contactdb.Campaign, error) {
	c, err := s.store.SetCampaignState(name, to, why, time.Now(), from...)
	if errors.Is(err, contactdb.ErrState) {
		now, e := s.store.Campaign(name)
		if e != nil {
			return c, e
		}
		return now, fmt.Errorf("%w: campaign %q is %s; %s", contactdb.ErrState, name, now.State, nextStep(now.State, name))
	}
	if err != nil {
		return c, err
	}
	s.events.publish(Event{Kind: "campaign.state", Campaign: name, State: string(to), Detail: why})
	if l := s.floorOf(name); l != nil {
		l.halted.Store(nil)
		l.resting.Store(restsIn(to)) // before the floor leases, and before a pause is acknowledged
		l.tell(floor.Input{Kind: floor.InState, State: to})
		s.desk.rests(l, restsIn(to))
		s.pastGate()
		return c, nil
	}
	if to == contactdb.Running {
		err = s.open(c)
		s.desk.keepOrder()
	}
	return c, err
}

// nextStep says what can be done with a campaign in a state.
func nextStep(state contactdb.CampaignState, name string) string {
	switch state {
	case contactdb.Draining:
		return "wait, or: apel campaign stop " + name
	case contactdb.Paused:
		return "go on with: apel campaign resume " + name
	case contactdb.Running:
		return "pause it with: apel campaign pause " + name
	default:
		return "start it with: apel campaign start " + name
	}
}

// CampaignStatus of one campaign; with decisions of the last hour if detail is set.
func (s *Service) CampaignStatus(name string, detail bool) (CampaignStatus, error) {
	c, err := s.store.Campaign(name)
	if err != nil {
		return CampaignStatus{}, err
	}
	st := CampaignStatus{Campaign: c}
	r, err := s.load(name, c.Version)
	if err != nil {
		return st, err
	}
	st.Mode, st.AbandonmentLimit = string(r.def.Pacing.Mode), r.def.Abandonment.Limit
	now := time.Now()
	if st.Today, err = s.store.Tally(name, now.UTC().Truncate(24*time.Hour), time.Time{}); err != nil {
		return st, err
	}
	if st.Window, err = s.store.Tally(name, windowStart(now, r.def.Abandonment.Window), time.Time{}); err != nil {
		return st, err
	}
	if st.Window.LiveAnswers > 0 {
		st.AbandonmentRate = float64(st.Window.Abandoned) / float64(st.Window.LiveAnswers)
	}
	waits, err := s.Waited(name, now, time.Time{})
	if err != nil {
		return st, err
	}
	for _, w := range waits {
		st.Waits = st.Waits.Plus(w)
	}
	st.WaitMS = st.Waits.Total().Milliseconds()
	if l := s.floorOf(name); l != nil {
		if why := l.halted.Load(); why != nil && c.State == contactdb.Running {
			st.State, st.Reason = contactdb.Paused, *why
		}
		l.look(func(f *floor.Floor) {
			st.Grounds, _ = f.Grounds()
			st.Why, st.Counts, st.Occupancy = st.Grounds.String(), f.Counts(), f.Occupancy(now)
			if detail {
				st.Decisions = append(st.Decisions, l.decisions...)
			}
		})
	}
	return st, nil
}

func compare(a, b string) int { return cmp.Compare(a, b) }

// hostOf is the host of a host:port, "" if there is none.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	return host
}
