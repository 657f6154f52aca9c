// Package web is what a browser gets of the console: page templates, texts in
// English and Romanian, style, scripts, and charts as SVG. Everything is in the
// binary; nothing is fetched from elsewhere. It decides nothing: the console
// hands it what to show, html/template escapes it.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed pages static
var files embed.FS

// Policy is the content security policy of every page: nothing inline, nothing
// from a foreign origin, no framing (CSP Level 3).
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// View is what every page is told.
type View struct {
	Lang   Lang
	Theme  string // auto, light, dark
	Page   string // which page it is, for the menu
	Path   string // where it is
	Title  string // key of its title
	Who    string // the name of who is signed in, "" if nobody is
	Role   string
	Menu   []Item
	Bare   bool   // no menu: sign-in, wallboard
	Stream string // of patches, "" if the page is still
	Data   any
}

// Item is a line of the menu.
type Item struct{ Page, Path, Text string }

// Pages renders.
type Pages struct {
	sets map[Lang]map[string]*template.Template
}

// Load parses every page in every language. What is embedded is checked by
// tests, so that it only fails by a mistake of ours.
func Load() (*Pages, error) {
	p := &Pages{sets: map[Lang]map[string]*template.Template{}}
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	for _, lang := range Langs {
		p.sets[lang] = map[string]*template.Template{}
		base, err := template.New("layout.html").Funcs(funcs(lang)).ParseFS(files, "pages/layout.html")
		if err != nil {
			return nil, err
		}
		if base, err = base.ParseFS(files, "pages/part-*.html"); err != nil {
			return nil, err
		}
		for _, name := range names {
			page := strings.TrimSuffix(path.Base(name), ".html")
			if page == "layout" || strings.HasPrefix(page, "part-") {
				continue
			}
			t, err := template.Must(base.Clone()).ParseFS(files, name)
			if err != nil {
				return nil, err
			}
			p.sets[lang][page] = t
		}
	}
	return p, nil
}

// Names are the pages there are.
func (p *Pages) Names() []string {
	var names []string
	for name := range p.sets[English] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Page renders a whole page.
func (p *Pages) Page(name string, v View) ([]byte, error) {
	return p.part(name, "layout.html", v.Lang, v)
}

// Part renders one named block of a page, as a stream sends it.
func (p *Pages) Part(page, block string, lang Lang, data any) ([]byte, error) {
	return p.part(page, block, lang, data)
}

func (p *Pages) part(page, block string, lang Lang, data any) ([]byte, error) {
	t := p.sets[lang][page]
	if t == nil {
		return nil, fmt.Errorf("there is no page %q in %q", page, lang)
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, block, data); err != nil {
		return nil, fmt.Errorf("page %s: %w", page, err)
	}
	return out.Bytes(), nil
}

// asset is one static file as it is served.
type asset struct {
	body []byte
	tag  string
	kind string
}

var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".woff2": "font/woff2", ".wav": "audio/wav", ".json": "application/json",
}

// Static serves the files under static/, and the texts for scripts as
// texts-LANG.js. The browser asks each time whether a file has changed, so that
// an upgrade shows at once.
func Static() (http.Handler, error) {
	assets := map[string]asset{}
	err := fs.WalkDir(files, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		assets[strings.TrimPrefix(name, "static/")] = newAsset(name, body)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, lang := range Langs {
		texts, err := json.Marshal(Texts(lang))
		if err != nil {
			return nil, err
		}
		name := "texts-" + string(lang) + ".js"
		assets[name] = newAsset(name, fmt.Appendf(nil, "globalThis.texts = %s;\n", texts))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[strings.TrimPrefix(r.URL.Path, "/static/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", a.tag)
		if r.Header.Get("If-None-Match") == a.tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(a.body) // the browser is gone: nobody to tell
	}), nil
}

func newAsset(name string, body []byte) asset {
	sum := sha256.Sum256(body)
	kind := kinds[path.Ext(name)]
	if kind == "" {
		kind = "application/octet-stream"
	}
	return asset{body, `"` + hex.EncodeToString(sum[:8]) + `"`, kind}
}
