// Package console is everything with a URL: the control API that every command
// speaks, the stream of events, and the pages for operators, supervisors and
// compliance staff.
//
// A request is one line of the table in routes.go. Its handler asks the service
// or its store, and answers JSON, a page of package web, or a stream of lines.
// An error is {"error": sentence, "code": word}; the sentence names the cause
// and the next step, the word is one of the Codes, from which the HTTP status
// and a command's exit code follow.
//
// Every request that changes something, and every one that shows or takes
// personal data, is written to the audit trail before its answer leaves: the
// table names it, the router writes it (audit.go).
//
// Who asks is found out in caller.go: on the Unix socket it is the owner of the
// data, who may do everything; elsewhere it is a person with a session or a
// machine with a token, and the line of the table says which roles and which
// scope it takes. Phone numbers are masked for who may not see them (mask.go).
package console

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"apel/dialer"
	"apel/dialer/console/access"
	"apel/dialer/console/web"
	"apel/dialer/console/webhook"

	"go.uber.org/zap"
)

// Config is what a console is made of; only Service is needed.
type Config struct {
	Service *dialer.Service
	Log     *zap.Logger // nil: no log
	// Cost of new password hashes; zero: access.Standard.
	Cost access.Cost
	// WebhookNetworks may be told by webhooks besides public addresses.
	WebhookNetworks []netip.Prefix
}

// Console answers for one service. Every listener of the service shares it:
// what it knows of guesses and streams counts for all.
type Console struct{ *api }

// api has the handlers.
type api struct {
	svc    *dialer.Service
	log    *zap.Logger
	cost   access.Cost
	pages  *web.Pages
	static http.Handler

	seeAll      func() (dialer.Status, error) // what live pages show, the service's
	seeCalls    func() []dialer.LiveCall      // likewise
	seeMonitors func() []dialer.Monitoring    // likewise
	hub         *hub                          // the live pages
	plans       plans                         // what counted campaigns' contacts
	limits      sync.Mutex                    // held while a campaign's mode and limits are changed
	work        work                          // how far long requests are
	hooks       *webhook.Book
	memory      *memory         // what ended lately
	setup       setup           // the first administrator's link
	names       *access.Limiter // wrong passwords by account
	places      *access.Limiter // wrong passwords by address
	hashing     chan struct{}   // room for password hashes at once: each takes memory and a core
}

// Open makes a console.
func Open(cfg Config) (*Console, error) {
	pages, err := web.Load()
	if err != nil {
		return nil, err
	}
	static, err := web.Static()
	if err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Cost == (access.Cost{}) {
		cfg.Cost = access.Standard
	}
	a := &api{
		memory: newMemory(),
		plans:  plans{walkable: 50_000, least: 10 * time.Second, all: map[string]*keptPlan{}},
		seeAll: cfg.Service.Status, seeCalls: cfg.Service.LiveCalls, seeMonitors: cfg.Service.Monitors,
		svc: cfg.Service, log: cfg.Log, cost: cfg.Cost, pages: pages, static: static,
		names:   access.NewLimiter(5, 30*time.Second, 15*time.Minute),
		places:  access.NewLimiter(30, 30*time.Second, 15*time.Minute),
		hashing: make(chan struct{}, 2),
	}
	a.hub = newHub(a)
	a.hooks = a.openHooks(cfg)
	return &Console{a}, nil
}

// Run keeps the live pages up until ctx ends. Without it pages are computed
// for whoever asks, and streams of pages are silent.
func (c *Console) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { c.remember(ctx) })
	wg.Go(func() {
		if err := c.hooks.Run(ctx); err != nil {
			c.log.Error("webhooks cannot be told", zap.Error(err))
		}
	})
	c.hub.run(ctx)
	wg.Wait()
}

// remember counts calls that end.
func (a *api) remember(ctx context.Context) {
	events, cancel := a.svc.Subscribe()
	if err := a.memory.seed(a.svc.Store(), time.Now()); err != nil {
		a.log.Warn("the last hour is not known", zap.Error(err))
	}
	for {
		select {
		case <-ctx.Done():
			cancel()
			return
		case e, open := <-events:
			if !open { // we were too slow
				events, cancel = a.svc.Subscribe()
				continue
			}
			if e.Kind == "call.ended" {
				a.memory.ended(e.Campaign, e.Trunk, e.State, e.At)
			}
		}
	}
}

// New answers the whole API to the owner of the data. It belongs on a socket
// that only the owner can open.
func New(svc *dialer.Service) http.Handler {
	c, err := Open(Config{Service: svc})
	if err != nil {
		panic(err) // pages that are in the binary cannot be parsed; tests load them
	}
	return c.Owner()
}

// Owner answers everything, without asking who it is.
func (c *Console) Owner() http.Handler {
	return c.mux(func(*http.Request) (*Caller, error) { return owner, nil })
}

// Handler answers people with a session and machines with a token. It belongs
// behind TLS.
func (c *Console) Handler() http.Handler {
	// Browsers say where a request comes from; one from another site changes nothing here.
	return secured(http.NewCrossOriginProtection().Handler(c.mux(c.identify)))
}

// mux is the table as a handler.
func (a *api) mux(identify func(*http.Request) (*Caller, error)) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, req *http.Request) {
			who, err := identify(req)
			if err == nil {
				req = req.WithContext(context.WithValue(req.Context(), callerKey{}, who))
				err = r.admit(who)
			}
			if err == nil {
				r.limit(w, req, who)
				w, req = a.audited(r, w, req)
				err = a.serve(r, w, req)
			}
			if err != nil {
				a.refuse(r, w, req, err)
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet && strings.Contains(req.Header.Get("Accept"), "text/html") { // somebody's browser
			a.errorPage(w, req, problem(NotFound, "%s", web.Text(langOf(req), "error.nopage")))
			return
		}
		writeError(w, problem(NotFound, "there is no %s %s; GET /api lists what there is", req.Method, req.URL.Path))
	})
	return mux
}

// serve refuses what needs a running service before the handler is asked.
func (a *api) serve(r Route, w http.ResponseWriter, req *http.Request) error {
	if r.Live && !a.running() {
		return dialer.ErrNotRunning
	}
	if r.File && strings.HasPrefix(req.Header.Get("Content-Type"), "multipart/") {
		return problem(Usage, "the file came in a form; send it as the body itself, for example: curl --data-binary @FILE, or -T FILE")
	}
	defer a.work.over(req)
	return r.answer(a, w, req)
}

// refuse answers an error: a page gets a page, everything else JSON. Who is not
// signed in and wants a page is asked to sign in.
func (a *api) refuse(r Route, w http.ResponseWriter, req *http.Request, err error) {
	p := inWordsOf(req, ProblemOf(err))
	if r.Page && p.Code == SignIn && req.Method == http.MethodGet {
		http.Redirect(w, req, signInPath(req), http.StatusSeeOther)
		return
	}
	drain(req)
	if r.Page {
		a.errorPage(w, req, p)
		return
	}
	writeError(w, p)
}

func (a *api) running() bool {
	select {
	case <-a.svc.Ready():
		return true
	default:
		return false
	}
}

// secured adds the headers that every answer has.
func secured(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		set := w.Header().Set
		set("Content-Security-Policy", web.Policy)
		set("X-Content-Type-Options", "nosniff")
		set("Referrer-Policy", "no-referrer")
		set("Cross-Origin-Opener-Policy", "same-origin")
		set("Cross-Origin-Resource-Policy", "same-origin")
		set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
		set("Strict-Transport-Security", "max-age=31536000")
		if r.ContentLength != 0 { // a stranger's body is waited for as well; who is let in may get more time
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readWithin)) // a writer of a test has none
		}
		h.ServeHTTP(w, r)
	})
}
