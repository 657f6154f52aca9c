package console

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"
)

// Caller is who asks.
type Caller struct {
	Name    string // of the account or token; "owner" on the socket
	Role    access.Role
	Team    string // of the account
	Session string // "" without one
	Token   bool   // a machine
	Scopes  []access.Scope
	Owner   bool // of the data directory
}

// owner asks on the socket.
var owner = &Caller{Name: "owner", Role: access.Administrator, Owner: true}

type callerKey struct{}

// whoOf names who asks, as the audit trail does: a person by the account's
// name, a machine as "token:NAME", else by the connection.
func whoOf(r *http.Request) string {
	switch c := callerOf(r); {
	case c == nil, c.Owner:
		return connectedAs(r.Context())
	case c.Token:
		return "token:" + c.Name
	default:
		return c.Name
	}
}

// callerOf is who asks; nil if nobody has signed in.
func callerOf(r *http.Request) *Caller {
	who, _ := r.Context().Value(callerKey{}).(*Caller)
	return who
}

// SeesNumbers says whether whole phone numbers may be shown.
func (c *Caller) SeesNumbers() bool {
	switch {
	case c == nil:
		return false
	case c.Owner:
		return true
	case c.Token:
		return slices.Contains(c.Scopes, access.Numbers)
	}
	return c.Role.SeesNumbers()
}

// Sessions last so long, whatever is done, and so long without a sign of life.
// An open page gives one.
const (
	sessionLasts = 14 * time.Hour // a long shift
	sessionIdle  = 2 * time.Hour
	touchEvery   = time.Minute // how exact "last seen" is kept
)

// cookieName: browsers send a __Host- cookie only over TLS, to this host alone
// (RFC 6265bis §4.1.3.2).
const cookieName = "__Host-apel"

// identify finds out who asks; nil if it is a stranger. A token or session that
// is not good any more is an error for the routes that need one, so it is no
// caller either.
func (a *api) identify(r *http.Request) (*Caller, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		return a.machine(r, header)
	}
	if secret := cookieOf(r, cookieName); secret != "" {
		if c, err := a.signedIn(access.Digest(secret), time.Now()); c != nil || err != nil {
			return c, err
		}
	}
	return a.wall(r)
}

// signedIn is the caller of a session, nil if it has ended.
func (a *api) signedIn(id string, now time.Time) (*Caller, error) {
	v, account, err := a.svc.Store().SignedIn(id)
	if errors.Is(err, contactdb.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if account.Disabled || !now.Before(v.Expires) || now.Sub(v.SeenAt) > sessionIdle {
		return nil, nil
	}
	if now.Sub(v.SeenAt) > touchEvery {
		if err := a.svc.Store().TouchSession(id, now); err != nil {
			return nil, err
		}
	}
	return &Caller{Name: account.Name, Role: access.Role(account.Role), Team: account.Team, Session: id}, nil
}

// machine is the caller of a token. Guessing tokens is slowed down as guessing
// passwords is, by address.
func (a *api) machine(r *http.Request, header string) (*Caller, error) {
	now := time.Now()
	place := placeOf(r)
	if wait := a.places.Wait(place, now); wait > 0 {
		return nil, tooMany(wait)
	}
	text, ok := strings.CutPrefix(header, "Bearer ")
	name, secret, ok2 := access.ParseToken(strings.TrimSpace(text))
	if ok && ok2 {
		v, err := a.svc.Store().Token(name)
		if err != nil && !errors.Is(err, contactdb.ErrNotFound) {
			return nil, err
		}
		if access.SameDigest(access.Digest(secret), v.Digest) && (v.Expires.IsZero() || now.Before(v.Expires)) {
			return a.tokenCaller(v, now)
		}
	}
	a.places.Failed(place, now)
	return nil, problem(SignIn, "the token is not known or has expired; make one: apel token add NAME --scope read")
}

func (a *api) tokenCaller(v contactdb.Token, now time.Time) (*Caller, error) {
	c := &Caller{Name: v.Name, Token: true}
	for _, s := range v.Scopes {
		c.Scopes = append(c.Scopes, access.Scope(s))
	}
	if now.Sub(v.UsedAt) < touchEvery {
		return c, nil
	}
	return c, a.svc.Store().TouchToken(v.Name, now)
}

// admit says whether a caller may use a route.
func (r Route) admit(c *Caller) error {
	switch {
	case r.Public, c != nil && c.Owner:
		return nil
	case c == nil:
		return problem(SignIn, "sign in first, at /signin, or send a token")
	case c.Token && r.Scope == "":
		return problem(NotAllowed, "no token opens %s %s; a person has to sign in", r.Method, r.Path)
	case c.Token && !slices.Contains(c.Scopes, r.Scope):
		return problem(NotAllowed, "token %q does not have the scope %s that %s %s needs", c.Name, r.Scope, r.Method, r.Path)
	case c.Token && r.Numbers && !c.SeesNumbers():
		return problem(NotAllowed, "%s %s gives whole phone numbers; token %q does not have the scope %s", r.Method, r.Path, c.Name, access.Numbers)
	case c.Token, slices.Contains(r.Roles, c.Role):
		return nil
	}
	return problem(NotAllowed, "the role %s does not allow %s %s", c.Role, r.Method, r.Path)
}

// What a request may take: a body of JSON or a form is small and comes at once,
// a file may be large and slow; both end some day, whatever the other side does.
const (
	maxForm      = 64 << 10
	maxFile      = 4 << 30
	readWithin   = 20 * time.Second
	uploadWithin = 30 * time.Minute
	answerWithin = 2 * time.Minute
	exportWithin = 30 * time.Minute
)

// limit bounds what a caller can make us wait for. The owner's own are not.
func (r Route) limit(w http.ResponseWriter, req *http.Request, c *Caller) {
	if c != nil && c.Owner {
		return
	}
	size, read, write := int64(maxJSON), readWithin, answerWithin
	switch {
	case r.File:
		size, read, write = maxFile, uploadWithin, uploadWithin+answerWithin
	case r.Stream: // over HTTP/1.1, what is being read when its time is over cancels the request
		read, write = exportWithin, exportWithin
	case r.Page:
		size = maxForm
	}
	req.Body = http.MaxBytesReader(w, req.Body, size)
	now := time.Now()
	conn := http.NewResponseController(w)
	if req.Method != http.MethodGet { // what has no body is read already
		_ = conn.SetReadDeadline(now.Add(read)) // a writer of a test has none
	}
	_ = conn.SetWriteDeadline(now.Add(write)) // likewise
}

// placeOf is where a request comes from, for the limiter: an IPv6 customer has
// a network, not an address.
func placeOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return host
}

// retryError is a Problem with the time to wait.
type retryError struct {
	*Problem
	after time.Duration
}

func (e *retryError) Unwrap() error { return e.Problem }

func tooMany(wait time.Duration) error {
	wait = wait.Round(time.Second) + time.Second
	return &retryError{problem(TooMany, "too many wrong attempts from here; try again in %s", wait), wait}
}

// signInPath is where to sign in, and come back from.
func signInPath(r *http.Request) string {
	if r.URL.Path == "/" {
		return "/signin"
	}
	return "/signin?next=" + url.QueryEscape(r.URL.RequestURI())
}

// localPath keeps a redirect on this site.
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}

func (c *Caller) String() string { return fmt.Sprintf("%s (%s)", c.Name, c.Role) }
