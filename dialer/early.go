package dialer

import (
	"context"
	"time"

	"apel/contactdb"
	"apel/media/amd"
)

// announcementRest is how long after an announcement without information tones
// the phone may still begin to ring: "please hold the line" is one, too.
const announcementRest = 8 * time.Second

// listenEarly lets the tone side of the detector hear what comes before the
// answer. What it tells ends the attempt: a tone of the network that means so,
// or an announcement after which neither ringing nor an answer came.
func (c *call) listenEarly(ctx context.Context) <-chan amd.Verdict {
	verdict := make(chan amd.Verdict, 1)
	ear := c.sip.Media().Listen()
	c.l.wg.Go(func() {
		defer ear.Close()
		d := amd.New(amd.Settings{EarlyMedia: true})
		for {
			frame, err := ear.Next(ctx)
			if err != nil {
				return
			}
			d.Feed(frame)
			if v := d.Verdict(); toneOutcome(v.Kind) != "" || announced(v) && d.Heard() > v.At+announcementRest {
				verdict <- v
				return
			}
		}
	})
	return verdict
}

func announced(v amd.Verdict) bool { return v.Kind == amd.Unknown && v.Detail == amd.Announcement }

// earlyOutcome is what was heard before the answer means.
func earlyOutcome(v amd.Verdict) string {
	if announced(v) {
		return contactdb.Intercepted
	}
	return toneOutcome(v.Kind)
}

// toneOutcome is what a tone of the network means; "" for what means nothing by itself.
func toneOutcome(k amd.Kind) string {
	switch k {
	case amd.SIT:
		return contactdb.Intercepted
	case amd.Busy:
		return contactdb.Busy
	case amd.Congestion:
		return contactdb.Congested
	case amd.Fax:
		return contactdb.Fax
	default:
		return ""
	}
}
