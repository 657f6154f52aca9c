package contactdb

import (
	"encoding/binary"
	"sync"
	"time"
)

// Hours counts a campaign's calls by the hour of the day in which they were
// placed, where the contact is, and those that a person answered.
type Hours struct {
	Calls   [24]int `json:"calls"`
	Answers [24]int `json:"answers"`
}

const hoursSize = 48 * 4

func (h *Hours) bytes() (b []byte) {
	for i := range 24 {
		b = be32(be32(b, uint32(h.Calls[i])), uint32(h.Answers[i]))
	}
	return b
}

func readHours(value []byte) (h Hours) {
	if len(value) == hoursSize {
		for i := range 24 {
			h.Calls[i] = int(binary.BigEndian.Uint32(value[8*i:]))
			h.Answers[i] = int(binary.BigEndian.Uint32(value[8*i+4:]))
		}
	}
	return h
}

// countHour counts a call that was placed, by the clock of the number's first zone.
func (t *tx) countHour(camp uint32, c *Contact, r *Record) {
	zones := c.ZonesOf(r.Phone)
	if r.PlacedAt.IsZero() || len(zones) == 0 {
		return
	}
	zone := zoneOf(zones[0])
	if zone == nil {
		return
	}
	h := t.late.hour(t, camp)
	hour := r.PlacedAt.In(zone).Hour()
	h.Calls[hour]++
	if r.Outcome == Human || r.Outcome == Abandoned {
		h.Answers[hour]++
	}
}

// zones keeps those that were asked for: to read one takes longer than to settle a call.
var zones sync.Map // name → *time.Location, nil if there is no such zone

func zoneOf(name string) *time.Location {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = nil
	}
	zones.Store(name, z)
	return z
}

// Hours returns what a campaign has learned of the hours of the day; ErrNotFound.
func (s *Store) Hours(campaign string) (h Hours, err error) {
	err = s.view("hours", func(t *tx) error {
		camp, err := t.campaign(campaign)
		h = readHours(t.get(bHours, be32(nil, camp.ID)))
		return err
	})
	return h, err
}
