package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/contactdb/evidence"
)

// records gives the last limit call records that fit, oldest first.
func (a *api) records(r *http.Request) (any, error) {
	f, err := a.recordFilter(r)
	if err != nil {
		return nil, err
	}
	limit, err := queryInt(r, "limit", 50)
	if err != nil {
		return nil, err
	}
	return a.svc.Store().LastRecords(f, limit)
}

// Verified is a walk along the chain of call records, and what its anchors say.
type Verified struct {
	contactdb.Verification
	Anchors int `json:"anchors"` // that are noted in the audit trail, and fit
}

// verify walks the chain. Anchors of the audit trail prove less than those that
// were kept elsewhere, which checkAnchors takes, but cost nothing.
func (a *api) verify(r *http.Request) (any, error) {
	v, err := a.svc.Store().Verify(r.Context())
	if err != nil || !v.OK {
		return Verified{Verification: v}, err
	}
	anchors, err := a.svc.Store().Anchors(maxAnchors)
	if err != nil {
		return nil, err
	}
	return a.through(v, anchors)
}

// checkAnchors holds anchors that were kept elsewhere against the chain.
func (a *api) checkAnchors(r *http.Request) (any, error) {
	anchors, err := evidence.ReadAnchors(http.MaxBytesReader(nil, r.Body, maxJSON))
	if err != nil {
		return nil, problem(Input, "%v; anchors are what the service wrote, a JSON object a line", err)
	}
	v, err := a.svc.Store().Verify(r.Context())
	if err != nil || !v.OK {
		return Verified{Verification: v}, err
	}
	return a.through(v, anchors)
}

// maxAnchors is how many anchors of the trail a verification looks at.
const maxAnchors = 5000

func (a *api) through(v contactdb.Verification, anchors []contactdb.Heads) (any, error) {
	for i, h := range anchors {
		wrong, err := a.svc.Store().CheckAnchor(h)
		if err != nil {
			return nil, err
		}
		if wrong != "" {
			v.OK, v.BadAt, v.Problem = false, int(h.Records), "the anchor of "+h.At.Format("2006-01-02 15:04 MST")+" does not fit: "+wrong
			return Verified{v, i}, nil
		}
	}
	return Verified{v, len(anchors)}, nil
}

// anchor gives the heads of the chains, to be kept elsewhere.
func (a *api) anchor(r *http.Request) (any, error) {
	return a.svc.Store().Anchor(r.Context(), whoOf(r), "apel record anchor", time.Now())
}

// ManifestTrailer carries the manifest of an export, one line of JSON.
const ManifestTrailer = "Apel-Manifest"

// exportRecords streams records and sends their manifest after them.
func (a *api) exportRecords(w http.ResponseWriter, r *http.Request) error {
	f, err := a.recordFilter(r)
	if err != nil {
		return err
	}
	m, err := a.manifest(r)
	if err != nil {
		return err
	}
	if !slices.Contains(evidence.Formats, m.Format) {
		return problem(Usage, "format %q is not known; use csv, jsonl, xlsx or sealed", m.Format)
	}
	h := w.Header()
	h.Set("Content-Type", contentTypes[m.Format])
	h.Add("Trailer", Trailer)
	h.Add("Trailer", ManifestTrailer)
	w.WriteHeader(http.StatusOK)
	err = evidence.Export(r.Context(), w, a.svc.Store().RecordRows(f), &m)
	if err == nil {
		err = a.exported(r, m.Rows, m.SHA256)
	}
	if err != nil {
		h.Set(Trailer, strings.ReplaceAll(err.Error(), "\n", " "))
		return nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	h.Set(ManifestTrailer, string(b))
	return nil
}

var contentTypes = map[string]string{
	evidence.CSV: "text/csv; charset=utf-8; header=present", evidence.JSONL: "application/jsonl", evidence.Sealed: "application/jsonl",
	evidence.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// manifestAnchors is how many of the last anchors a manifest names.
const manifestAnchors = 10

// manifest begins the manifest of an export.
func (a *api) manifest(r *http.Request) (m evidence.Manifest, err error) {
	st, err := a.svc.Status()
	if err != nil {
		return m, err
	}
	q := r.URL.Query()
	m = evidence.Manifest{Program: "apel " + st.Version, Format: cmp.Or(q.Get("format"), evidence.CSV), Filter: map[string]string{}, MadeAt: time.Now().UTC(), MadeBy: whoOf(r)}
	m.File = cmp.Or(q.Get("file"), "records."+m.Format)
	for _, key := range []string{"campaign", "list", "operator", "outcome", "phone", "from", "to"} {
		if v := q.Get(key); v != "" {
			m.Filter[key] = v
		}
	}
	if m.Anchors, err = a.svc.Store().Anchors(manifestAnchors); err != nil {
		return m, err
	}
	if m.Anchors == nil {
		m.Anchors = []contactdb.Heads{}
	}
	m.Chain, err = a.svc.Store().Heads(m.MadeAt)
	return m, err
}

// exported notes what an export took, after it.
func (a *api) exported(r *http.Request, rows int, sum string) error {
	begun := traceOf(r)
	done := &trace{AuditEntry: contactdb.AuditEntry{Who: begun.Who, Verb: begun.Verb + ".done", Object: begun.Object}}
	done.note("rows", rows)
	if sum != "" {
		done.note("sha256", sum)
	}
	return a.write(done)
}
