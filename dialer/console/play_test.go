package console

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/access"

	"filippo.io/age"
)

// recorded settles one call whose recording is a file with this content.
func recorded(t *testing.T, o *office, data, rel string, content []byte) (id string) {
	t.Helper()
	path := filepath.Join(data, rel)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	leased, err := o.svc.Store().Lease(t.Context(), contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: "spring", Now: time.Now()}, Version: 1, Lists: []contactdb.Source{{List: "spring"}}, Max: 1, Owner: "test", TTL: time.Hour,
		Open: func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict {
			return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "carrier"}
		},
	})
	if err != nil || len(leased.Attempts) != 1 {
		t.Fatalf("%d attempts, %v", len(leased.Attempts), err)
	}
	at := leased.Attempts[0]
	r := contactdb.Record{ID: at.ID, Campaign: "spring", CampaignVersion: 1, List: "spring", ContactID: at.Contact.ID, Phone: at.Contact.Phone, Attempt: 1, Trunk: "carrier", SIPCallID: at.SIPCallID,
		PlacedAt: time.Now(), EndedAt: time.Now(), Outcome: contactdb.Human, Recording: rel}
	if _, err := o.svc.Store().Settle(t.Context(), contactdb.Settlement{Record: r, Final: "done"}); err != nil {
		t.Fatal(err)
	}
	return at.ID
}

func TestAnEncryptedRecordingIsHeardByWhoHasTheKeyAndTheKeyIsNotKept(t *testing.T) {
	data := t.TempDir()
	svc, err := dialer.Open(dialer.Config{Data: data, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { svc.Close() })
	o := officeOf(t, svc)
	admin := o.session("administrator")
	for _, step := range [][2]string{{"POST /api/lists/spring/import", "phone\n+40722111331\n+40722111332\n+40722111333\n"}, {"POST /api/campaigns", spring}} {
		if w := o.as(admin, step[0], step[1]); w.Code != 200 {
			t.Fatalf("%s: %s", step[0], w.Body)
		}
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	wav := append([]byte("RIFF"), bytes.Repeat([]byte("sound"), 100_000)...)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, key.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(wav); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	id := recorded(t, o, data, "recordings/2026/11/25/a.wav.age", sealed.Bytes())
	plain := recorded(t, o, data, "recordings/2026/11/25/b.wav", wav)
	later := recorded(t, o, data, "recordings/2026/11/25/c.wav", wav) // the record keeps the name that it had
	if err := os.WriteFile(filepath.Join(data, "recordings/2026/11/25/c.wav.age"), sealed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(data, "recordings/2026/11/25/c.wav")); err != nil {
		t.Fatal(err)
	}
	body := func(k *age.X25519Identity) string {
		b, _ := json.Marshal(Play{"# created: today\n" + k.String() + "\n"}) // strings
		return string(b)
	}
	keeper := o.session("compliance")
	got := o.as(keeper, "POST /api/records/"+id+"/play", body(key))
	if got.Code != 200 || !bytes.Equal(got.Body.Bytes(), wav) || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d, %d bytes, %v", got.Code, got.Body.Len(), got.Header())
	}
	for what, c := range map[string]struct {
		id, body string
		status   int
	}{"another key": {id, body(other), 403}, "no key": {id, `{"identity":"AGE-SECRET-KEY-1 something"}`, 400}, "not encrypted": {plain, body(key), 409}, "no such call": {"a1", body(key), 404}} {
		got := o.as(keeper, "POST /api/records/"+c.id+"/play", c.body)
		if got.Code != c.status || strings.Contains(got.Body.String(), "something") {
			t.Errorf("%s: %d %s", what, got.Code, got.Body)
		}
	}
	page := o.as(keeper, "GET /records", "").Body.String()
	for id, plays := range map[string]bool{id: false, plain: true, later: false} {
		if strings.Contains(page, `src="/api/records/`+id+`/recording"`) != plays || strings.Contains(page, `data-play="/api/records/`+id+`/play"`) == plays {
			t.Errorf("of call %s the page offers a plain player: %v, want %v", id, !plays, plays)
		}
	}
	if got := o.as(keeper, "POST /api/records/"+later+"/play", body(key)); got.Code != 200 || !bytes.Equal(got.Body.Bytes(), wav) {
		t.Errorf("encrypted later: %d, %d bytes", got.Code, got.Body.Len())
	}
	for e, err := range o.svc.Store().AuditTrail(contactdb.AuditFilter{Verb: "recording.play"}) {
		if err != nil || e.Who != "compliance" || e.Phone == "" || strings.Contains(strings.Join([]string{e.Object, flat(e)["detail"]}, " "), "AGE") {
			t.Errorf("the trail has %+v %v", e, err)
		}
	}
	kept, err := os.ReadFile(filepath.Join(data, "apel.db"))
	if err != nil || bytes.Contains(kept, []byte(key.String())) {
		t.Errorf("the key is in the store, %v", err)
	}
}

func TestAWallIsOpenedByALinkThatCanBeTakenBackAndOpensNothingElse(t *testing.T) {
	o := newOffice(t)
	if w := o.as(nil, "GET /wall?key=apel_WRONG_lobby", ""); w.Code != http.StatusNotFound || cookieNamed(w.Result(), wallCookie) != nil {
		t.Errorf("a wrong key: %d", w.Code)
	}
	key := strings.TrimPrefix(o.token(access.Wall, access.Read), "Bearer ")
	w := o.as(nil, "GET /wall?key="+key, "")
	c := cookieNamed(w.Result(), wallCookie)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/tv" || c == nil || !c.HttpOnly || !c.Secure {
		t.Fatalf("%d to %s, %v", w.Code, w.Header().Get("Location"), c)
	}
	if w := o.as(c, "GET /tv", ""); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "/signout") {
		t.Errorf("the wall: %d", w.Code)
	}
	for _, closed := range []string{"GET /floor", "GET /operators", "GET /live/floor", "GET /api/status", "GET /api/operators", "GET /records", "GET /account"} {
		if w := o.as(c, closed, ""); !turnedAway(w) {
			t.Errorf("%s: %d", closed, w.Code)
		}
	}
	name, _, _ := access.ParseToken(key)
	if w := o.as(o.session("administrator"), "DELETE /api/tokens/"+name, ""); w.Code != 200 {
		t.Fatal(w.Body)
	}
	if w := o.as(c, "GET /tv", ""); !turnedAway(w) {
		t.Errorf("after it was taken back: %d", w.Code)
	}
}

func cookieNamed(r *http.Response, name string) *http.Cookie {
	for _, c := range r.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func TestASearchShowsFewPeopleWholeAndMasksTheirNumbers(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	for _, step := range [][2]string{{"POST /api/lists/spring/import", "phone,name,city\n+40722111331,Ana Pop,Cluj\n+40722111332,Ana <b>Dan</b>,Iași\n+40722111333,Ion,Cluj\n"}, {"POST /api/campaigns", spring}} {
		if w := o.as(admin, step[0], step[1]); w.Code != 200 {
			t.Fatalf("%s: %s", step[0], w.Body)
		}
	}
	page := html.UnescapeString(o.as(o.session("supervisor"), "GET /contacts?q=ana", "").Body.String())
	for _, part := range []string{"Ana Pop", "+40******331", "Ana <b>Dan</b>", "Would it be called now?"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %q", part)
		}
	}
	if strings.Contains(page, "+40722111331") || strings.Contains(page, "Ion") {
		t.Error("the page shows a whole number, or somebody else")
	}
	if strings.Contains(o.as(o.session("supervisor"), "GET /contacts?q=ana", "").Body.String(), "<b>Dan") {
		t.Error("a name is taken for markup")
	}
	if page := html.UnescapeString(o.as(o.session("compliance"), "GET /contacts?q=0722111333&country=ro", "").Body.String()); !strings.Contains(page, "+40722111333") {
		t.Errorf("by number: %.600s", page)
	}
}

func TestTheTrailNamesAWebhooksHostAndNotTheSecretInItsAddress(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	if w := o.as(admin, "POST /api/webhooks", `{"name":"crm","url":"https://crm.example/T0/SECRETPATH?key=SECRETKEY"}`); w.Code != 200 {
		t.Fatal(w.Body)
	}
	trail := o.as(admin, "GET /api/audit?verb=webhook.add", "").Body.String()
	if !strings.Contains(trail, "https://crm.example") || strings.Contains(trail, "SECRET") {
		t.Errorf("the trail has %s", trail)
	}
}
