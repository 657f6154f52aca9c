package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"apel/dialer"
)

// heartbeat is how often an idle stream says that it is alive, so that proxies
// keep it and a caller that is gone is noticed.
const heartbeat = 15 * time.Second

// events streams the facts of the service as server-sent events. The first is
// "status", the whole state, unless the caller comes back with the id of its
// last event and nothing between is forgotten: then it gets what it missed. A
// caller that does not keep up gets "dropped" and the end of the stream.
func (a *api) events(w http.ResponseWriter, r *http.Request) error {
	after, known := a.lastEvent(r)
	past, whole, events, cancel := a.svc.SubscribeAfter(after) // before the status, so that nothing falls between
	defer cancel()
	st, err := a.statusFor(r)
	if err != nil {
		return err
	}
	s := openStream(w)
	s.mask = !callerOf(r).SeesNumbers()
	sees := a.seenBy(callerOf(r))
	tell := func(e dialer.Event) {
		// What is said to an operator is for that one's screen.
		if e.Kind != "operator.message" && sees(e.Operator) {
			s.send(e.Kind, a.eventID(e.Seq), e)
		}
	}
	if known && whole {
		for _, e := range past {
			tell(e)
		}
	} else {
		s.send("status", "", st)
	}
	beat, look := time.NewTicker(heartbeat), time.NewTicker(time.Second)
	defer beat.Stop()
	defer look.Stop()
	for s.err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case <-beat.C:
			s.write(": still here\n\n")
		case now := <-look.C: // not with each event, of which a busy floor has hundreds a second
			if !a.still(r, now) {
				return nil
			}
			sees = a.seenBy(callerOf(r))
		case e, open := <-events:
			if !open {
				s.send("dropped", "", struct{}{})
				return nil
			}
			tell(e)
		}
	}
	return nil // the caller is gone
}

// eventID names an event over the lives of the service: numbers begin anew in each.
func (a *api) eventID(seq uint64) string { return fmt.Sprintf("%s-%d", a.hub.boot, seq) }

// lastEvent is the last event that a caller has seen of this life.
func (a *api) lastEvent(r *http.Request) (seq uint64, known bool) {
	text, ok := strings.CutPrefix(r.Header.Get("Last-Event-ID"), a.hub.boot+"-")
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(text, 10, 64)
	return seq, err == nil
}

// writeWithin is how long a stream's caller may take to take a piece. Who is
// slower is gone for us, and comes back when it can.
const writeWithin = 10 * time.Second

// stream writes server-sent events and keeps the first error.
type stream struct {
	w    http.ResponseWriter
	conn *http.ResponseController
	mask bool // phone numbers
	err  error
}

// openStream begins the answer of a stream.
func openStream(w http.ResponseWriter) *stream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not collect it
	s := &stream{w: w, conn: http.NewResponseController(w)}
	_ = s.conn.SetReadDeadline(time.Time{}) // nothing more is read; a writer of a test has none
	s.err = s.conn.Flush()                  // whoever waits for the answer learns that it has begun
	return s
}

func (s *stream) send(kind string, id string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		s.err = err
		return
	}
	if s.mask {
		data = maskNumbers(data)
	}
	text := fmt.Sprintf("event: %s\ndata: %s\n\n", kind, data)
	if id != "" {
		text = "id: " + id + "\n" + text
	}
	s.write(text)
}

func (s *stream) write(text string) {
	if s.err != nil || text == "" {
		return
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeWithin)) // likewise
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.conn.Flush()
	}
}
