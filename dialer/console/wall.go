package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"apel/dialer/console/access"
)

// wallCookie is the key of a screen on a wall: a token of the scope wall, which
// opens nothing but that page and its stream. It is no session: nobody is signed
// in, and no page that a person works with takes it.
const wallCookie = "__Host-apel-wall"

var badLink = problem(NotFound, "this link is not good, or not any more; make one: apel token add NAME --scope wall")

// hangWall takes the key of a link out of the address and keeps it in the
// browser, so that nobody reads it off the screen. Removing the token ends it.
func (a *api) hangWall(w http.ResponseWriter, r *http.Request) error {
	key := r.URL.Query().Get("key")
	if key == "" {
		return badLink
	}
	if _, err := a.machine(r, "Bearer "+key); err != nil {
		if codeOf(err) == SignIn {
			err = badLink
		}
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: wallCookie, Value: url.QueryEscape(key), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/tv", http.StatusSeeOther)
	return nil
}

// wall is the caller of a screen on a wall; nil if this is none.
func (a *api) wall(r *http.Request) (*Caller, error) {
	if r.URL.Path != "/tv" && r.URL.Path != "/live/tv" {
		return nil, nil
	}
	key, err := url.QueryUnescape(cookieOf(r, wallCookie))
	if err != nil || key == "" {
		return nil, nil
	}
	c, err := a.machine(r, "Bearer "+key)
	if err != nil {
		return nil, err
	}
	had := c.Scopes
	c.Scopes = []access.Scope{access.Wall, access.Read} // for these two paths: whatever else the token opens, a screen does not
	if !slices.Contains(had, access.Wall) {
		c.Scopes = nil
	}
	return c, nil
}
