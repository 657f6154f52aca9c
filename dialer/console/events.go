package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// heartbeat is how often an idle stream says that it is alive, so that proxies
// keep it and a caller that is gone is noticed.
const heartbeat = 15 * time.Second

// events streams the facts of the service as server-sent events. The first is
// always "status", the whole state: a caller that comes back after a gap needs
// nothing from the past. A caller that does not keep up gets "dropped" and the
// end of the stream; it comes back by itself and starts from a new status.
func (a *api) events(w http.ResponseWriter, r *http.Request) error {
	events, cancel := a.svc.Subscribe() // before the status, so that nothing falls between
	defer cancel()
	st, err := a.svc.Status()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	s := stream{w: w, flush: http.NewResponseController(w)}
	s.send("status", 0, st)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for s.err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case <-beat.C:
			s.write(": still here\n\n")
		case e, open := <-events:
			if !open {
				s.send("dropped", 0, struct{}{})
				return nil
			}
			s.send(e.Kind, e.Seq, e)
		}
	}
	return nil // the caller is gone
}

// stream writes server-sent events and keeps the first error.
type stream struct {
	w     http.ResponseWriter
	flush *http.ResponseController
	mask  bool // phone numbers
	err   error
}

func (s *stream) send(kind string, id uint64, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		s.err = err
		return
	}
	if s.mask {
		data = maskNumbers(data)
	}
	if id > 0 {
		s.write(fmt.Sprintf("id: %d\n", id))
	}
	s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", kind, data))
}

func (s *stream) write(text string) {
	if s.err == nil {
		_, s.err = s.w.Write([]byte(text))
	}
	if s.err == nil {
		s.err = s.flush.Flush()
	}
}
