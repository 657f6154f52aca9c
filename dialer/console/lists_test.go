package console

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestThePageOfListsTakesAnImportBack(t *testing.T) {
	o := newOffice(t)
	supervisor := o.session("supervisor")
	page := func(who *http.Cookie) string {
		t.Helper()
		w := o.as(who, "GET /lists", "")
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return w.Body.String()
	}
	if strings.Contains(page(supervisor), "Take back") {
		t.Error("there is an import before the first")
	}
	for _, file := range []string{"one.csv", "two.csv"} {
		if w := o.as(supervisor, "POST /api/lists/spring/import?file="+file, people(3)); w.Code != http.StatusOK {
			t.Fatal(w.Body)
		}
	}
	if text := page(o.session("team-leader")); !strings.Contains(text, "one.csv") || strings.Contains(text, "Take back") {
		t.Errorf("a team leader sees %s", text)
	}
	undo := regexp.MustCompile(`data-path="(/api/lists/spring/undo\?import=\d+)"`).FindAllStringSubmatch(page(supervisor), -1)
	if len(undo) != 2 {
		t.Fatalf("%d imports can be taken back, want 2", len(undo))
	}
	if w := o.as(supervisor, "POST "+undo[1][1], ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"removed":3`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if text := page(supervisor); strings.Count(text, "Take back the import into") != 1 || !strings.Contains(text, "<td>taken back</td>") {
		t.Errorf("after it was taken back: %s", text)
	}
}

func TestAFileInAFormIsRefusedWithAWord(t *testing.T) {
	h := New(newService(t))
	for _, path := range []string{"/api/lists/spring/import", "/api/dnc/import"} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nphone\n+40722000001\n\r\n--x--\r\n"))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "--data-binary") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
