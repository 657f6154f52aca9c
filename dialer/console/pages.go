package console

import (
	"net/http"
	"time"

	"apel/dialer/console/access"
	"apel/dialer/console/web"
)

// menu is the lines of the menu in their order; who may use the route sees it.
var menu = []web.Item{
	{Page: "desk", Path: "/desk", Text: "page.desk"},
	{Page: "floor", Path: "/floor", Text: "page.floor"},
	{Page: "operators", Path: "/operators", Text: "page.operators"},
	{Page: "calls", Path: "/calls", Text: "page.calls"},
	{Page: "lists", Path: "/lists", Text: "page.lists"},
	{Page: "contacts", Path: "/contacts", Text: "page.contacts"},
	{Page: "records", Path: "/records", Text: "page.records"},
	{Page: "reports", Path: "/reports", Text: "page.reports"},
	{Page: "trunks", Path: "/trunks", Text: "page.trunks"},
	{Page: "compliance", Path: "/compliance", Text: "page.compliance"},
	{Page: "audit", Path: "/audit", Text: "page.audit"},
	{Page: "accounts", Path: "/accounts", Text: "page.accounts"},
	{Page: "webhooks", Path: "/webhooks", Text: "page.webhooks"},
}

func (a *api) menuOf(c *Caller) []web.Item {
	var items []web.Item
	for _, m := range menu {
		for _, r := range routes {
			if r.Method == http.MethodGet && r.Path == m.Path && r.admit(c) == nil {
				items = append(items, m)
			}
		}
	}
	return items
}

// view begins what a page is told.
func (a *api) view(r *http.Request, page, title string, data any) web.View {
	v := web.View{Lang: langOf(r), Theme: themeOf(r), Page: page, Path: r.URL.RequestURI(), Title: title, Data: data}
	if c := callerOf(r); c != nil {
		v.Who, v.Role, v.Menu = c.Name, string(c.Role), a.menuOf(c)
	} else {
		v.Bare = true
	}
	return v
}

// show writes a page.
func (a *api) show(w http.ResponseWriter, status int, name string, v web.View) error {
	body, err := a.pages.Page(name, v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the browser is gone: nobody to tell
	return nil
}

// page makes an answer of a function that returns what a page shows.
func page(name, title string, f func(*api, *http.Request) (any, error)) answer {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		data, err := f(a, r)
		if err != nil {
			return err
		}
		return a.show(w, http.StatusOK, name, a.view(r, name, title, data))
	}
}

func nothing(*api, *http.Request) (any, error) { return nil, nil }

func (a *api) errorPage(w http.ResponseWriter, r *http.Request, p *Problem) {
	v := a.view(r, "error", "error.title", struct{ Problem string }{a.told(r, p)})
	if err := a.show(w, statuses[p.Code], "error", v); err != nil {
		writeError(w, err)
	}
}

// told is a problem in the words of who reads it.
func (a *api) told(r *http.Request, p *Problem) string {
	switch {
	case p.Code == NotAllowed && callerOf(r) != nil:
		return web.Text(langOf(r), "error.notallowed")
	case p.Code == SignIn:
		return web.Text(langOf(r), "signin.again")
	}
	return p.Sentence
}

// home sends everybody to the page of their work.
func (a *api) home(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	to := "/floor"
	if c.Role == access.Operator {
		to = "/desk"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (a *api) files(w http.ResponseWriter, r *http.Request) error {
	a.static.ServeHTTP(w, r)
	return nil
}

const (
	langCookie  = "apel-lang"
	themeCookie = "apel-theme"
)

func cookieOf(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

func langOf(r *http.Request) web.Lang {
	return web.Choose(cookieOf(r, langCookie), r.Header.Get("Accept-Language"))
}

func themeOf(r *http.Request) string {
	switch v := cookieOf(r, themeCookie); v {
	case "light", "dark":
		return v
	}
	return "auto"
}

// preferences keeps language and theme in the browser and goes back to where
// they were chosen.
func (a *api) preferences(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return problem(Usage, "the form cannot be read: %v", err)
	}
	keep := func(name, value string) {
		http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	if v := r.PostFormValue("lang"); v == "en" || v == "ro" {
		keep(langCookie, v)
	}
	if v := r.PostFormValue("theme"); v == "auto" || v == "light" || v == "dark" {
		keep(themeCookie, v)
	}
	http.Redirect(w, r, localPath(r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}
