package dialer

import "time"

// CallbackHours are the half hours at which a contact may be called back.
type CallbackHours struct {
	Zone string        `json:"zone"` // of the days' clock, that of the number in the call
	Days []CallbackDay `json:"days"`
}

// CallbackDay is a day of the contact's.
type CallbackDay struct {
	Date  string         `json:"date"`  // 2006-01-02
	Slots []CallbackSlot `json:"slots"` // every half hour, from midnight on; 46 or 50 on days when clocks change
}

// CallbackSlot is a half hour's beginning.
type CallbackSlot struct {
	At    time.Time `json:"at"`
	Clock string    `json:"clock"` // 15:04, the contact's
	Legal bool      `json:"legal"`
}

// callbackDays is how far a desktop's calendar goes.
const callbackDays = 14

// CallbackHours says when the contact on an operator's desktop may be called
// back on one of its numbers: within the call windows there and the campaign's schedule.
func (s *Service) CallbackHours(operator, attempt string) (CallbackHours, error) {
	c, err := s.customer(operator, attempt)
	if err != nil {
		return CallbackHours{}, err
	}
	contact, rules, now := c.contact(), c.l.rules.Load(), time.Now()
	place := firstPlace(contact.ZonesOf(c.a.Contact.Phone))
	h := CallbackHours{Zone: place.String()}
	local := now.In(place)
	for i := range callbackDays {
		from := time.Date(local.Year(), local.Month(), local.Day()+i, 0, 0, 0, 0, place)
		to := time.Date(local.Year(), local.Month(), local.Day()+i+1, 0, 0, 0, 0, place)
		day := CallbackDay{Date: from.Format(time.DateOnly)}
		for at := from; at.Before(to); at = at.Add(30 * time.Minute) {
			open, _ := rules.openTo(contact, at)
			day.Slots = append(day.Slots, CallbackSlot{At: at.UTC(), Clock: at.Format("15:04"), Legal: open && !at.Before(now.Add(time.Minute))})
		}
		h.Days = append(h.Days, day)
	}
	return h, nil
}
