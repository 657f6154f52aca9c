package campaign

import (
	"time"

	"apel/contactdb"
)

// Never, as a retry delay: no further try after this outcome.
const Never time.Duration = 0

// defaultRetry is the delay after each outcome. A busy phone is free again
// soon; somebody who is out comes home in another part of the day; a network
// without room has some in minutes. A number that does not exist, is a fax, or
// is answered by the network's announcement will be so next time.
func defaultRetry() map[string]time.Duration {
	return map[string]time.Duration{
		contactdb.Human:         Never,
		contactdb.Machine:       4 * time.Hour,
		contactdb.Abandoned:     72 * time.Hour,
		contactdb.Fax:           Never,
		contactdb.Busy:          15 * time.Minute,
		contactdb.NoAnswer:      4 * time.Hour,
		contactdb.Rejected:      24 * time.Hour,
		contactdb.InvalidNumber: Never,
		contactdb.Intercepted:   Never,
		contactdb.Congested:     15 * time.Minute,
		contactdb.Failed:        30 * time.Minute,
		contactdb.Cancelled:     time.Hour,
		contactdb.Interrupted:   4 * time.Hour,
	}
}

// Final reasons that NextTry gives; else it is the disposition or the outcome.
const (
	Talked     = "talked"      // a person was spoken to and nothing more was asked for
	DoNotCall  = "do-not-call" // also a reason of Judge
	AttemptsUp = "attempts-used-up"
)

// NextTry says when to try a contact again after an attempt ended at now with this outcome and disposition ("" if none): a time not before which,
// or a final reason.
//
// What the operator said goes before what the network saw. The time is not
// moved into the call windows: Judge does that, by the rules of that day. A
// time that an operator promised takes the place of this one (Settlement's
// Callback), except after the last attempt.
//
// Of a contact with several numbers, one that was tried less comes soon
// (Numbers.Switch), and a number on which nobody can be reached does not end
// the tries on the others.
func (d *Definition) NextTry(a contactdb.Attempt, outcome, disposition string, now time.Time) (at time.Time, final string) {
	delay, final := d.after(outcome, disposition)
	said, _ := d.Disposition(disposition)
	switch {
	case final == outcome && dead(outcome) && a.Others:
		delay, final = d.retry(contactdb.NoAnswer), ""
		fallthrough
	case final == "" && disposition == "" && outcome != contactdb.Human && outcome != contactdb.Abandoned && a.Fresher:
		if delay <= 0 || delay > d.Numbers.Switch {
			delay = d.Numbers.Switch
		}
		if !a.Fresher {
			delay = max(d.retry(contactdb.NoAnswer), d.Numbers.Switch)
		}
	}
	if final != "" {
		return time.Time{}, final
	}
	if a.Number >= d.Attempts.Max && (said.Callback <= 0 || !d.Callbacks.BeyondMax) {
		return time.Time{}, AttemptsUp
	}
	return now.Add(delay), ""
}

// after is the delay or the end that outcome and disposition ask for.
func (d *Definition) after(outcome, disposition string) (delay time.Duration, final string) {
	if said, ok := d.Disposition(disposition); ok {
		switch {
		case said.DNC:
			return 0, DoNotCall
		case said.Final:
			return 0, said.Name
		case said.Callback > 0:
			return said.Callback, ""
		}
	}
	delay = d.retry(outcome)
	switch {
	case delay > 0:
		return delay, ""
	case outcome == contactdb.Human:
		return 0, Talked
	}
	return 0, outcome
}

// retry is the delay after an outcome. One that this version does not know is
// treated as a failed call: something went wrong, and not by the contact.
func (d *Definition) retry(outcome string) time.Duration {
	if outcome == contactdb.Abandoned {
		return d.Abandonment.Retry
	}
	if delay, ok := d.Attempts.Retry[outcome]; ok {
		return delay
	}
	defaults := defaultRetry()
	if delay, ok := defaults[outcome]; ok {
		return delay
	}
	return defaults[contactdb.Failed]
}

// Disposition returns the disposition of that name.
func (d *Definition) Disposition(name string) (Disposition, bool) {
	for _, said := range d.Dispositions {
		if said.Name == name && name != "" {
			return said, true
		}
	}
	return Disposition{}, false
}
