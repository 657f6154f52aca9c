package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
)

// unaudited marks a route that changes nothing though its method says so.
const unaudited = "-"

// trace is what becomes of a request in the audit trail. The router makes it
// and writes it before the first byte of the answer leaves: whoever cannot be
// written down sees nothing. Handlers add what only they know.
type trace struct {
	contactdb.AuditEntry
	others  []contactdb.AuditEntry // of further persons whom the request was about
	written bool                   // the store has written it, with what it did
}

type traceKey struct{}

// traceOf is the trace of a request; one that is not audited has one that
// nobody reads.
func traceOf(r *http.Request) *trace {
	if t, ok := r.Context().Value(traceKey{}).(*trace); ok {
		return t
	}
	return &trace{}
}

// note adds something to the entry's detail.
func (t *trace) note(key string, value any) {
	if t.Detail == nil {
		t.Detail = map[string]string{}
	}
	t.Detail[key] = fmt.Sprint(value)
}

// change keeps what differs between two states of an object; nil: it was not there.
func (t *trace) change(before, after any) {
	b, a := flat(before), flat(after)
	for k, v := range b {
		if a[k] == v {
			delete(b, k)
			delete(a, k)
		}
	}
	t.Before, t.After = b, a
}

// flat is an object's members as text, those of an object in it as a.b.
func flat(v any) map[string]string {
	all := map[string]string{}
	b, err := json.Marshal(v)
	var members map[string]any
	if err == nil && json.Unmarshal(b, &members) == nil {
		flatten(all, "", members)
	}
	return all
}

func flatten(all map[string]string, prefix string, members map[string]any) {
	for k, v := range members {
		switch v := v.(type) {
		case map[string]any:
			flatten(all, prefix+k+".", v)
		case string:
			all[prefix+k] = v
		default:
			b, _ := json.Marshal(v) // it came from JSON
			all[prefix+k] = string(b)
		}
	}
}

// audited gives a request its trace, and an answer that waits for it.
func (a *api) audited(route Route, w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	if route.Audit == "" || route.Audit == unaudited {
		return w, r
	}
	t := &trace{AuditEntry: contactdb.AuditEntry{Who: whoOf(r), Verb: route.Audit}}
	for _, noun := range []string{"list", "campaign", "operator", "team", "record", "account", "token", "webhook"} {
		if name := r.PathValue(noun); name != "" {
			t.Object = noun + "/" + name
		}
	}
	q := r.URL.Query()
	if phone := cmp.Or(r.PathValue("phone"), q.Get("phone")); phone != "" {
		t.Phone, _ = parsePhone(phone, q.Get("country")) // what is no number, the handler refuses
	}
	for key, values := range q {
		if value := strings.Join(values, ","); key != "phone" && key != "country" && value != "" {
			t.note(key, value)
		}
	}
	return &auditedWriter{ResponseWriter: w, a: a, trace: t}, r.WithContext(context.WithValue(r.Context(), traceKey{}, t))
}

// auditedWriter writes the trace when an answer begins that is no error.
type auditedWriter struct {
	http.ResponseWriter
	a      *api
	trace  *trace
	begun  bool
	failed error
}

func (w *auditedWriter) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun = true
	if status < http.StatusBadRequest {
		if w.failed = w.a.write(w.trace); w.failed != nil {
			w.Header().Del("Trailer")
			writeError(w.ResponseWriter, problem(Failed, "the audit trail cannot be written, so nothing is shown (what was to be changed may be): %v", w.failed))
			return
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *auditedWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.failed != nil {
		return 0, w.failed
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets a stream be flushed.
func (w *auditedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// write puts a trace into the trail. It is not cancelled with the request:
// what was done was done.
func (a *api) write(t *trace) error {
	if t.written {
		return nil
	}
	now := time.Now()
	for _, e := range append([]contactdb.AuditEntry{t.AuditEntry}, t.others...) {
		e.At = now
		if _, err := a.svc.Store().Audit(context.Background(), e); err != nil {
			return err
		}
	}
	return nil
}

// auditFilter reads the query's filter of the trail.
func auditFilter(r *http.Request) (f contactdb.AuditFilter, err error) {
	q := r.URL.Query()
	f = contactdb.AuditFilter{Who: q.Get("who"), Verb: q.Get("verb"), Object: q.Get("object"), NoLookups: q.Get("lookups") == "no"}
	if phone := q.Get("phone"); phone != "" {
		if f.Phone, err = parsePhone(phone, q.Get("country")); err != nil {
			return f, err
		}
	}
	f.From, f.To, err = queryPeriod(r)
	return f, err
}

// auditTrail gives the last limit entries that fit, oldest first.
func (a *api) auditTrail(r *http.Request) (any, error) {
	f, err := auditFilter(r)
	if err != nil {
		return nil, err
	}
	limit, err := queryInt(r, "limit", 50)
	if err != nil {
		return nil, err
	}
	return a.svc.Store().LastAudit(f, limit)
}

func (a *api) exportAudit(w http.ResponseWriter, r *http.Request) error {
	f, err := auditFilter(r)
	if err != nil {
		return err
	}
	if f.To.IsZero() { // the entry of this export itself must not move the end on and on
		f.To = time.Now()
	}
	return export(w, r, auditColumns, a.svc.Store().AuditTrail(f))
}

func (a *api) verifyAudit(r *http.Request) (any, error) {
	return a.svc.Store().VerifyAudit(r.Context())
}

// Changes says what an entry changed, in one line: "city: Iași → Cluj; name: Ana".
func Changes(e contactdb.AuditEntry) string {
	keys := map[string]bool{}
	for k := range e.Before {
		keys[k] = true
	}
	for k := range e.After {
		keys[k] = true
	}
	var all []string
	for k := range keys {
		before, had := e.Before[k]
		after, has := e.After[k]
		switch {
		case had && has:
			all = append(all, fmt.Sprintf("%s: %s → %s", k, before, after))
		case has:
			all = append(all, fmt.Sprintf("%s: %s", k, after))
		default:
			all = append(all, fmt.Sprintf("%s: %s → nothing", k, before))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}
