package console

import (
	"net/http"
	"time"
)

// What the live pages show of the last hour, for programs.

// trunks are all trunks, with what their calls of the last hour came to.
func (a *api) trunks(*http.Request) (any, error) {
	s, err := a.hub.now()
	if err != nil {
		return nil, err
	}
	all := []Trunk{}
	for _, t := range s.status.Trunks {
		all = append(all, trunkOf(t, s.carried[t.Name]))
	}
	return all, nil
}

// Hour is a campaign's floor in the last 60 minutes.
type Hour struct {
	Campaign string    `json:"campaign"`
	At       time.Time `json:"at"`       // of the last sample
	EveryMS  int64     `json:"every_ms"` // between two
	Samples  []Sample  `json:"samples"`  // while the campaign was running, paused or draining
}

func (a *api) hour(r *http.Request) (any, error) {
	s, err := a.hub.now()
	if err != nil {
		return nil, err
	}
	c, err := s.campaign(r.PathValue("campaign"))
	if err != nil {
		return nil, a.missingCampaign(err, r.PathValue("campaign"))
	}
	return Hour{c.Name, s.at, sampleEvery.Milliseconds(), append([]Sample{}, s.recent[c.Name].strip...)}, nil
}
