package console

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/media/browser"
)

// deskRoutes are what an operator's page asks, for the operator who is signed
// in. Sound is set up as in WHIP (RFC 9725): an offer is posted, the answer
// comes back with the leg's address; DELETE ends it, PATCH takes a further offer.
func deskRoutes() []Route {
	const why = unaudited // what comes of it is in the call's record, or it is nobody's business
	desk := []Route{
		{Method: "GET", Path: "/api/desk", Doc: "all that the operator's page shows", Audit: "desk.show", answer: result((*api).desktop)},
		{Method: "GET", Path: "/api/desk/events", Doc: "server-sent events: \"desktop\" with the whole whenever it changes, \"sound\" each second", Stream: true, Audit: "desk.watch", answer: (*api).deskEvents},
		{Method: "POST", Path: "/api/desk/leg", Doc: "body: an SDP offer; query: tab, takeover=1; answers SDP and Location", Audit: "desk.connect", answer: (*api).connectLeg},
		{Method: "PATCH", Path: "/api/desk/leg/{tab}", Doc: "body: a further SDP offer, with new ICE credentials", Audit: why, answer: (*api).restartLeg},
		{Method: "DELETE", Path: "/api/desk/leg/{tab}", Doc: "end the leg", Audit: "desk.disconnect", answer: result((*api).endLeg)},
		{Method: "POST", Path: "/api/desk/test", Doc: "test the headset: speak, hear it, hear a hiss; body: tab, speak_ms", Audit: why, answer: result((*api).testHeadset)},
		{Method: "POST", Path: "/api/desk/microphone", Doc: "the microphone was lost; body: tab", Audit: why, answer: result((*api).microphoneLost)},
		{Method: "POST", Path: "/api/desk/ready", Doc: "ready for calls", Audit: why, answer: result((*api).deskReady)},
		{Method: "POST", Path: "/api/desk/notready", Doc: "not ready, after the call if there is one; body: reason", Audit: why, answer: result((*api).deskNotReady)},
		{Method: "POST", Path: "/api/desk/hangup", Doc: "end the conversation; body: attempt; of=customer, while somebody is asked: only the customer's", Audit: why, answer: result(desked((*api).deskHangUp))},
		{Method: "POST", Path: "/api/desk/hold", Doc: "hold the customer, or go on; body: attempt, on", Audit: why, answer: result(desked((*api).deskHold))},
		{Method: "POST", Path: "/api/desk/dial", Doc: "call a number that is typed in, by all rules; body: phone; answers the attempt", Audit: "desk.dial", answer: result((*api).deskDial)},
		{Method: "GET", Path: "/api/desk/transfer", Doc: "whom the customer may be handed to, or who may be asked", Audit: "desk.targets", answer: result((*api).deskTargets)},
		{Method: "POST", Path: "/api/desk/transfer", Doc: "ask somebody, the customer on hold, or with blind hand over as soon as the other is there; body: attempt, one of operator, team, anyone, number, and blind", Audit: why, answer: result((*api).deskTransfer)},
		{Method: "POST", Path: "/api/desk/consult", Doc: "hand the customer over to who is asked, have all three talk, be alone with who is asked again, or end the consultation; body: attempt, do=join|conference|private|end", Audit: why, answer: result((*api).deskConsult)},
		{Method: "POST", Path: "/api/desk/mute", Doc: "keep the customer from hearing the operator; body: attempt, on", Audit: why, answer: result(desked((*api).deskMute))},
		{Method: "POST", Path: "/api/desk/keys", Doc: "press keys to who is asked outside, else to the customer; body: attempt, keys, of=customer|other", Audit: why, answer: result(desked((*api).deskKeys))},
		{Method: "POST", Path: "/api/desk/note", Doc: "keep the note on the call; body: attempt, note", Audit: why, answer: result(desked((*api).deskNote))},
		{Method: "POST", Path: "/api/desk/script", Doc: "answers to the script, and where to go in it; body: attempt, answers, from, go", Audit: why, answer: result((*api).deskScript)},
		{Method: "PUT", Path: "/api/desk/wording", Doc: "one's own wording of a step; body: attempt, step, text", Audit: why, answer: result(desked((*api).deskWording))},
		{Method: "POST", Path: "/api/desk/result", Doc: "the result of the call; body: attempt, disposition, amount, callback_at, note", Audit: why, answer: result((*api).deskResult)},
		{Method: "POST", Path: "/api/desk/takeback", Doc: "take the result back, for 3 s; body: attempt", Audit: why, answer: result(desked((*api).deskTakeBack))},
		{Method: "PATCH", Path: "/api/desk/contact", Doc: "change the contact on the desktop; body: attempt, and the fields", Audit: "contact.edit", answer: result((*api).deskContact)},
		{Method: "GET", Path: "/api/desk/callbacks", Doc: "calls that the operator is to make, by their time", Audit: "desk.callbacks", answer: result((*api).deskCallbacks)},
		{Method: "POST", Path: "/api/desk/callbacks", Doc: "move one's own callback; body: campaign, contact_id, at", Audit: "callback.move", answer: result((*api).deskMoveCallback)},
		{Method: "POST", Path: "/api/desk/preview", Doc: "call the contact that is shown, or skip it; body: attempt, decision=accept|skip, reason", Audit: why, answer: result((*api).deskPreview)},
		{Method: "GET", Path: "/api/desk/hours", Doc: "when the contact on the desktop may be called back: half hours of the next 14 days, in the contact's time; query: attempt", Audit: why, answer: result((*api).deskHours)},
		{Method: "GET", Path: "/api/desk/calls", Doc: "one's own calls today, newest first, what they add up to, and the month's results by which commission is paid", Audit: "desk.calls", answer: result((*api).deskCalls)},
	}
	for i := range desk {
		desk[i].Live, desk[i].Roles = true, talkers
	}
	return desk
}

func (a *api) desktop(r *http.Request) (any, error) {
	return a.svc.Desktop(callerOf(r).Name)
}

// deskEvents streams an operator's desktop. Every event carries the whole, so a
// page that comes back needs nothing from the past.
func (a *api) deskEvents(w http.ResponseWriter, r *http.Request) error {
	who := callerOf(r)
	events, cancel := a.svc.Subscribe()
	defer cancel()
	d, err := a.svc.Desktop(who.Name)
	if err != nil {
		return err
	}
	s := openStream(w)
	s.mask = !who.SeesNumbers()
	s.send("desktop", "", d)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for s.err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case now := <-tick.C:
			if !a.still(r, now) {
				return nil // the session has ended
			}
			s.send("sound", "", a.svc.SoundOf(who.Name))
			continue
		case e, open := <-events:
			if !open { // it was too slow: the page comes back by itself
				return nil
			}
			if e.Operator != who.Name && e.Kind != "campaign.state" {
				continue
			}
			if e.Kind == "operator.message" {
				s.send("message", "", map[string]string{"text": e.Detail})
				continue
			}
		}
		if d, err = a.svc.Desktop(who.Name); err != nil {
			return nil // the account is gone
		}
		s.send("desktop", "", d)
	}
	return nil
}

// readOffer reads a body of SDP.
func readOffer(r *http.Request) (string, error) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/sdp" {
		return "", problem(Usage, "%s %s takes application/sdp, not %q", r.Method, r.URL.Path, kind)
	}
	body, err := io.ReadAll(r.Body)
	return string(body), err
}

func (a *api) connectLeg(w http.ResponseWriter, r *http.Request) error {
	offer, err := readOffer(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	tab := q.Get("tab")
	answer, err := a.svc.ConnectBrowser(r.Context(), dialer.Window{Operator: callerOf(r).Name, Tab: tab, Offer: offer, TakeOver: q.Get("takeover") == "1"})
	if err != nil {
		return a.deskProblem(err)
	}
	w.Header().Set("Location", "/api/desk/leg/"+tab)
	return writeSDP(w, http.StatusCreated, answer)
}

func (a *api) restartLeg(w http.ResponseWriter, r *http.Request) error {
	offer, err := readOffer(r)
	if err != nil {
		return err
	}
	answer, err := a.svc.RestartBrowser(r.Context(), dialer.Window{Operator: callerOf(r).Name, Tab: r.PathValue("tab"), Offer: offer})
	if err != nil {
		return a.deskProblem(err)
	}
	return writeSDP(w, http.StatusOK, answer)
}

func writeSDP(w http.ResponseWriter, status int, answer string) error {
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer) // the browser is gone: nobody to tell
	return nil
}

// deskProblem says what an operator can do about an error.
func (a *api) deskProblem(err error) error {
	switch {
	case errors.Is(err, dialer.ErrNoBrowsers):
		return problem(State, "this service takes no browsers' sound; an administrator sets browser: listen and starts it again")
	case errors.Is(err, browser.ErrOffer):
		return problem(Input, "%v", err)
	case errors.Is(err, contactdb.ErrNotFound):
		return problem(NotFound, "you have no operator's place; a supervisor adds one: apel operator add NAME")
	}
	return err
}

func (a *api) endLeg(r *http.Request) (any, error) {
	return done, a.svc.DisconnectBrowser(callerOf(r).Name, r.PathValue("tab"))
}

// Done is the answer of what has nothing to tell: the desktop follows by its events.
type Done struct {
	Done bool `json:"done"`
}

var done = Done{true}

// DeskWindow is the body of requests about a window's sound.
type DeskWindow struct {
	Tab     string `json:"tab"`
	SpeakMS int64  `json:"speak_ms,omitempty"` // default 3000
}

func (a *api) testHeadset(r *http.Request) (any, error) {
	body := DeskWindow{SpeakMS: 3000}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	return a.svc.TestHeadset(r.Context(), callerOf(r).Name, body.Tab, time.Duration(body.SpeakMS)*time.Millisecond)
}

func (a *api) microphoneLost(r *http.Request) (any, error) {
	var body DeskWindow
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	return done, a.svc.MicrophoneLost(callerOf(r).Name, body.Tab)
}

func (a *api) deskReady(r *http.Request) (any, error) {
	return a.setReady(callerOf(r).Name, true, "")
}

func (a *api) deskNotReady(r *http.Request) (any, error) {
	var body NotReady
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	return a.setReady(callerOf(r).Name, false, body.Reason)
}

// DeskOrder is the body of what an operator does with the call on the desktop.
type DeskOrder struct {
	Attempt string      `json:"attempt,omitempty"` // the call that the operator sees; refused if it is another by now
	On      bool        `json:"on,omitempty"`
	Keys    string      `json:"keys,omitempty"`
	Of      dialer.Side `json:"of,omitempty"` // customer or other, while somebody is asked
	Note    string      `json:"note,omitempty"`
	Step    string      `json:"step,omitempty"`
	Text    string      `json:"text,omitempty"`
}

// desked reads an order and has it carried out.
func desked(f func(a *api, who string, o DeskOrder) error) func(*api, *http.Request) (any, error) {
	return func(a *api, r *http.Request) (any, error) {
		var o DeskOrder
		if err := readJSON(r, &o); err != nil {
			return nil, err
		}
		return done, f(a, callerOf(r).Name, o)
	}
}

func (a *api) deskHangUp(who string, o DeskOrder) error { return a.svc.HangUp(who, o.Attempt, o.Of) }
func (a *api) deskHold(who string, o DeskOrder) error   { return a.svc.Hold(who, o.Attempt, o.On) }
func (a *api) deskMute(who string, o DeskOrder) error   { return a.svc.Mute(who, o.Attempt, o.On) }
func (a *api) deskKeys(who string, o DeskOrder) error {
	return a.svc.Press(who, o.Attempt, o.Keys, o.Of)
}
func (a *api) deskNote(who string, o DeskOrder) error     { return a.svc.Jot(who, o.Attempt, o.Note) }
func (a *api) deskTakeBack(who string, o DeskOrder) error { return a.svc.TakeBack(who, o.Attempt) }
func (a *api) deskWording(who string, o DeskOrder) error {
	return a.svc.SetWording(who, o.Attempt, o.Step, o.Text)
}

// DeskDial is the body of a request that dials by hand.
type DeskDial struct {
	Phone string `json:"phone"`
}

func (a *api) deskDial(r *http.Request) (any, error) {
	var body DeskDial
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	d, err := a.svc.Dial(callerOf(r).Name, body.Phone)
	t := traceOf(r)
	if t.Phone = d.Phone; errors.Is(err, dialer.ErrRefused) {
		t.note("refused", err) // whoever tries numbers learns who does not want to be called: that is seen
		if failed := a.write(t); failed != nil {
			return d, failed
		}
	}
	return d, err
}

func (a *api) deskHours(r *http.Request) (any, error) {
	return a.svc.CallbackHours(callerOf(r).Name, r.URL.Query().Get("attempt"))
}

// DeskTransfer is the body of a transfer.
type DeskTransfer struct {
	Attempt string `json:"attempt"`
	dialer.Transfer
}

func (a *api) deskTargets(r *http.Request) (any, error) {
	return a.svc.TransferTargets(callerOf(r).Name)
}

func (a *api) deskTransfer(r *http.Request) (any, error) {
	var body DeskTransfer
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	return done, a.svc.Transfer(callerOf(r).Name, body.Attempt, body.Transfer)
}

// DeskConsult is the body of what becomes of a consultation.
type DeskConsult struct {
	Attempt string `json:"attempt"`
	Do      string `json:"do"` // join, conference, private or end
}

func (a *api) deskConsult(r *http.Request) (any, error) {
	var body DeskConsult
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	who := callerOf(r).Name
	switch body.Do {
	case "join":
		return done, a.svc.HandOver(who, body.Attempt)
	case "conference", "private":
		return done, a.svc.Conference(who, body.Attempt, body.Do == "conference")
	case "end":
		return done, a.svc.EndConsult(who, body.Attempt)
	}
	return nil, problem(Usage, "%q is none of join, conference, private and end", body.Do)
}

// DeskTurn is the body of a request about the script.
type DeskTurn struct {
	Attempt string `json:"attempt"`
	dialer.Turn
}

// Stand is where the operator is in the script.
type Stand struct {
	Step string `json:"step"`
}

func (a *api) deskScript(r *http.Request) (any, error) {
	var body DeskTurn
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	step, err := a.svc.Turn(callerOf(r).Name, body.Attempt, body.Turn)
	return Stand{step}, err
}

// DeskResult is the body of a result.
type DeskResult struct {
	Attempt string `json:"attempt"`
	dialer.Result
}

func (a *api) deskResult(r *http.Request) (any, error) {
	var body DeskResult
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	return done, a.svc.Dispose(callerOf(r).Name, body.Attempt, body.Result)
}

func (a *api) deskPreview(r *http.Request) (any, error) {
	var body Decision
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	who := callerOf(r).Name
	var err error
	switch body.Decision {
	case "accept":
		_, err = a.svc.AcceptPreview(who, body.Attempt)
	case "skip":
		_, err = a.svc.SkipPreview(who, body.Attempt, body.Reason)
	default:
		err = problem(Usage, "decision %q is neither accept nor skip", body.Decision)
	}
	return done, err
}

// DeskContact is the body of a change of the contact on the desktop.
type DeskContact struct {
	Attempt string `json:"attempt"`
	deskFields
}

// deskContact changes the contact of the call on the desktop, and no other.
func (a *api) deskContact(r *http.Request) (any, error) {
	var body DeskContact
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	before, after, err := a.svc.EditContact(callerOf(r).Name, body.Attempt, body.set)
	t := traceOf(r)
	t.Phone, t.Object = before.Phone, "list/"+after.List // by the number it is erased
	t.change(before, after)
	return after, err
}

// DeskCalls are an operator's own calls of a day and what they add up to.
type DeskCalls struct {
	Calls     []contactdb.Record   `json:"calls"` // newest first, at most 200
	Bridged   int                  `json:"bridged"`
	TalkMS    int64                `json:"talk_ms"`
	WrapMS    int64                `json:"wrap_ms"`
	Results   map[string]int       `json:"results"`   // by disposition
	Callbacks []contactdb.Callback `json:"callbacks"` // promised by this operator, by their time
	// Month is what commission rests on since the first of the month, counted as
	// the commission report does.
	Month []CommissionReport `json:"month"`
}

// dayCalls is how many calls of a day are shown.
const dayCalls = 200

func (a *api) deskCalls(r *http.Request) (any, error) {
	now := time.Now()
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	out := DeskCalls{Calls: []contactdb.Record{}, Results: map[string]int{}}
	var err error
	if out.Callbacks, err = a.svc.Store().Callbacks("", callerOf(r).Name, time.Time{}); err != nil {
		return nil, err
	}
	for rec, err := range a.svc.Store().Records(contactdb.RecordFilter{Operator: callerOf(r).Name, From: midnight}) {
		if err != nil {
			return nil, err
		}
		out.Calls = append(out.Calls, rec)
		out.TalkMS += rec.TalkMS
		out.WrapMS += rec.WrapMS
		out.Bridged++
		out.Results[rec.Disposition]++
	}
	if out.Month, err = a.commission(contactdb.RecordFilter{Operator: callerOf(r).Name, From: midnight.AddDate(0, 0, 1-now.Day())}); err != nil {
		return nil, err
	}
	slices.Reverse(out.Calls)
	out.Calls = out.Calls[:min(len(out.Calls), dayCalls)]
	return out, nil
}

// survey counts the answers of a campaign's calls.
func (a *api) survey(w http.ResponseWriter, r *http.Request) error {
	from, to, err := queryPeriod(r)
	if err != nil {
		return err
	}
	s, err := a.svc.Survey(r.PathValue("campaign"), from, to)
	if err != nil {
		return a.missingCampaign(err, r.PathValue("campaign"))
	}
	if r.URL.Query().Get("format") != "csv" {
		return result(func(*api, *http.Request) (any, error) { return s, nil })(a, w, r)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "survey-"+r.PathValue("campaign")+".csv"))
	out := csv.NewWriter(w)
	for _, row := range s.Rows() {
		for i := range row {
			row[i] = neutral(callerOf(r).Masked(row[i]))
		}
		_ = out.Write(row) // the caller is gone: nobody to tell
	}
	out.Flush()
	return nil
}
