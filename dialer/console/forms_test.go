package console

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"apel/dialer/console/access"
)

// asks are the places of a page that send a request: what comes before the path
// and the method that goes with it, "" if another attribute says it.
var asks = []struct {
	path   *regexp.Regexp
	method string
}{
	{regexp.MustCompile(`data-do="([A-Z]+)" data-path="([^"]*)"`), ""},
	{regexp.MustCompile(`data-change="([A-Z]+)" action="([^"]*)"`), ""},
	{regexp.MustCompile(`data-json="([A-Z]+)" action="([^"]*)"`), ""},
	{regexp.MustCompile(`<form[^>]* method="(post|get)" action="([^"]*)"`), ""},
	{regexp.MustCompile(`data-(fetch|more|plan|verify)="([^"]*)"`), http.MethodGet},
	{regexp.MustCompile(`data-(test|yaml)="([^"]*)"`), http.MethodPost},
	{regexp.MustCompile(`(href|src)="(/[^"]*)"`), http.MethodGet},
}

// TestWhatAPageAsksForIsARequestOfItsReaders walks the pages of each role: every
// form, button and link of them leads to a line of the table that takes the role.
func TestWhatAPageAsksForIsARequestOfItsReaders(t *testing.T) {
	o, _ := inOffice(t)
	told := map[string]*Route{}
	for _, role := range access.Roles {
		for _, path := range []string{"/floor", "/operators", "/calls", "/trunks", "/campaign/spring", "/campaign/survey", "/campaign/survey/settings", "/campaign/survey/survey", "/campaign/survey/script",
			"/lists", "/contacts?q=ana", "/records", "/reports", "/compliance", "/audit", "/accounts", "/webhooks", "/account", "/tv", "/desk"} {
			w := o.as(o.session(string(role)), "GET "+path, "")
			if w.Code != http.StatusOK {
				continue // not a page of this role; the walk over all routes sees to it
			}
			for _, ask := range asks {
				for _, found := range ask.path.FindAllStringSubmatch(w.Body.String(), -1) {
					method, to := ask.method, strings.ReplaceAll(found[2], "&amp;", "&")
					if method == "" {
						method = strings.ToUpper(found[1])
					}
					if strings.Contains(found[0], "data-plan") && strings.HasPrefix(to, "/api/plan") {
						method = http.MethodPost
					}
					if strings.HasSuffix(to, "/") && to != "/" {
						to += "x" // a field has the rest
					}
					route, known := told[method+" "+to]
					if !known {
						route = routeOf(t, method+" "+to)
						told[method+" "+to] = route
					}
					if route == nil || !route.Public && route.admit(&Caller{Name: "x", Role: role}) != nil {
						t.Errorf("%s, as %s: nothing takes %s %s", path, role, method, to)
					}
				}
			}
		}
	}
	if len(told) < 50 {
		t.Errorf("only %d requests were found in the pages", len(told))
	}
}

// routeOf is the line of the table that a request leads to, nil if none does.
func routeOf(t *testing.T, request string) *Route {
	pattern := patternOf(t, request)
	for _, r := range Routes() {
		if r.Method+" "+r.Path == pattern {
			return &r
		}
	}
	return nil
}
