// Package console is everything with a URL: the control API that every
// command speaks, the stream of events, and the status page.
//
// A request is one line of the table in routes.go. Its handler asks the
// service or its store, and answers JSON, or a stream of lines for an export.
// An error is {"error": sentence, "code": word}; the sentence names the cause
// and the next step, the word is one of the Codes, from which the HTTP status
// and a command's exit code follow.
//
// Every request that changes something, and every one that shows or takes
// personal data, is written to the audit trail before its answer leaves: the
// table names it, the router writes it (audit.go).
//
// Who may ask is not decided here but by who holds the listener: New answers
// everything and belongs on a Unix socket that only its owner can open; NewBoard
// shows what carries no personal data, changes nothing, and may stand on a
// loopback port. Until there are accounts, nothing else is served.
package console

import (
	"net/http"

	"apel/dialer"
)

type api struct{ svc *dialer.Service }

// New answers the whole API. It belongs on a socket that only the owner of
// the data can open.
func New(svc *dialer.Service) http.Handler {
	return newMux(svc, func(Route) bool { return true })
}

// NewBoard answers the read-only part of the API that carries no personal
// data, and the status page. It refuses requests that name a host other than
// this machine, so that no web page can be pointed at it by DNS rebinding.
func NewBoard(svc *dialer.Service) http.Handler {
	return onlyLocalHost(newMux(svc, func(r Route) bool { return r.Board }))
}

func newMux(svc *dialer.Service, serves func(Route) bool) http.Handler {
	a := &api{svc: svc}
	mux := http.NewServeMux()
	for _, r := range routes {
		if !serves(r) {
			r.answer, r.Live = notHere, false
		}
		mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, req *http.Request) {
			w, req = a.audited(r, w, req)
			if err := a.serve(r, w, req); err != nil {
				drain(req)
				writeError(w, err)
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		writeError(w, problem(NotFound, "there is no %s %s; GET /api lists what there is", req.Method, req.URL.Path))
	})
	return mux
}

// serve refuses what needs a running service before the handler is asked.
func (a *api) serve(r Route, w http.ResponseWriter, req *http.Request) error {
	if r.Live && !a.running() {
		return dialer.ErrNotRunning
	}
	return r.answer(a, w, req)
}

func (a *api) running() bool {
	select {
	case <-a.svc.Ready():
		return true
	default:
		return false
	}
}

func notHere(_ *api, _ http.ResponseWriter, req *http.Request) error {
	return problem(NotAllowed, "%s %s is answered only on the socket in the data directory, as long as there are no accounts; use the apel command", req.Method, req.URL.Path)
}
