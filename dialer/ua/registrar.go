package ua

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"apel/contactdb"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
	"go.uber.org/zap"
)

// Binding is where an operator's phone is reached (RFC 3261 §10).
type Binding struct {
	User      string         `json:"user"`
	Contact   string         `json:"contact"` // URI; "" in OnRegister: the phone is gone
	Source    netip.AddrPort `json:"source"`  // from where it registered: also the way back through its NAT
	Transport string         `json:"transport"`
	Expires   time.Time      `json:"expires"`
}

// Shortest and longest registration that is granted.
const (
	minExpires = time.Minute
	maxExpires = time.Hour
)

// Binding returns where a phone is.
func (u *UA) Binding(user string) (Binding, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	b, ok := u.bindings[user]
	return b, ok
}

// Restore takes up bindings of a former life and reports each to OnRegister:
// phones come back by themselves only when half their time is up. One that ran
// out while nobody was there to renew it is good for a little longer.
func (u *UA) Restore(bindings []Binding) {
	now := time.Now()
	for _, b := range bindings {
		if b.Contact == "" || now.After(b.Expires.Add(maxExpires)) {
			continue
		}
		b.Expires = laterOf(b.Expires, now.Add(minExpires))
		u.mu.Lock()
		if newer, ok := u.bindings[b.User]; ok {
			b = newer
		}
		u.bindings[b.User] = b
		u.mu.Unlock()
		u.told(b)
	}
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (u *UA) told(b Binding) {
	if u.cfg.OnRegister != nil {
		u.cfg.OnRegister(b)
	}
}

// register answers REGISTER. A name that is not known is answered like a wrong
// password, so that names cannot be found out.
func (u *UA) register(req *sip.Request, tx sip.ServerTransaction) {
	src, err := netip.ParseAddrPort(req.Source())
	if err != nil {
		return
	}
	src = netip.AddrPortFrom(src.Addr().Unmap(), src.Port())
	user := req.To().Address.User
	ok, stale, tried := u.proved(req, user)
	if !ok {
		if tried && !stale && !u.failures.allow(src.Addr(), time.Now()) {
			u.log.Warn("too many wrong passwords; not answered", zap.Stringer("from", src.Addr()))
			return
		}
		if tried && !stale { // a new challenge would be tried again at once, and again, by a phone that keeps to its password
			u.reply(tx, sip.NewResponseFromRequest(req, 403, "Forbidden", nil))
			return
		}
		u.reply(tx, u.ask(req, stale))
		return
	}
	b, err := binding(req, user, src, time.Now())
	if err != nil {
		u.log.Info("registration refused", zap.String("operator", user), zap.Error(err))
		u.reply(tx, sip.NewResponseFromRequest(req, 400, "Bad Request", nil))
		return
	}
	u.mu.Lock()
	if b.Contact == "" {
		delete(u.bindings, user)
	} else {
		u.bindings[user] = b
	}
	u.mu.Unlock()
	res := sip.NewResponseFromRequest(req, 200, "OK", nil)
	if b.Contact != "" {
		seconds := int(time.Until(b.Expires).Round(time.Second) / time.Second)
		res.AppendHeader(sip.NewHeader("Contact", fmt.Sprintf("<%s>;expires=%d", b.Contact, seconds)))
		res.AppendHeader(sip.NewHeader("Expires", fmt.Sprint(seconds)))
	}
	u.reply(tx, res)
	u.told(b)
}

// binding reads what a REGISTER asks for.
func binding(req *sip.Request, user string, src netip.AddrPort, now time.Time) (Binding, error) {
	seconds, asked := 3600, ""
	if h := req.GetHeader("Expires"); h != nil {
		asked = h.Value()
	}
	c := req.Contact()
	if c == nil {
		return Binding{}, fmt.Errorf("no Contact")
	}
	if v, ok := c.Params.Get("expires"); ok {
		asked = v
	}
	if asked != "" {
		if _, err := fmt.Sscan(asked, &seconds); err != nil || seconds < 0 {
			return Binding{}, fmt.Errorf("expiry %q cannot be read", asked)
		}
	}
	if seconds == 0 || c.Address.Wildcard {
		return Binding{User: user}, nil
	}
	if !cleanURI(c.Address) || c.Address.Host == "" {
		return Binding{}, fmt.Errorf("the Contact cannot be used")
	}
	life := min(max(time.Duration(seconds)*time.Second, minExpires), maxExpires)
	return Binding{User: user, Contact: c.Address.String(), Source: src, Transport: strings.ToUpper(req.Transport()), Expires: now.Add(life)}, nil
}

// proved says whether the request carries a good password; tried, that it carried one.
func (u *UA) proved(req *sip.Request, user string) (ok, stale, tried bool) {
	for _, h := range req.GetHeaders("Authorization") {
		cred, err := digest.ParseCredentials(h.Value())
		if err != nil || cred.Realm != contactdb.Realm {
			continue
		}
		ours, fresh := u.nonces.check(cred.Nonce, time.Now())
		if !ours {
			continue
		}
		good := u.correct(cred, user)
		if good && fresh {
			return true, false, true
		}
		return false, good, true
	}
	return false, false, false
}

// correct compares with the account's hash, or for an unknown name with one
// that nothing matches, in the same time.
func (u *UA) correct(cred *digest.Credentials, user string) bool {
	md5, sha, known := "", "", false
	if u.cfg.Account != nil && token(user) {
		md5, sha, known = u.cfg.Account(user)
	}
	ha1 := md5
	if strings.EqualFold(cred.Algorithm, "SHA-256") {
		ha1 = sha
	} else if cred.Algorithm != "" && !strings.EqualFold(cred.Algorithm, "MD5") {
		return false
	}
	if ha1 == "" {
		ha1, known = strings.Repeat("0", 32), false
	}
	return proves(cred, "REGISTER", contactdb.Realm, ha1) && known && cred.Username == user
}

// ask is the challenge, in MD5: what every phone knows. One in SHA-256 beside it
// (RFC 8760 §2.4) would be the better, but phones that do not know it give up
// instead of passing it over, libre 1.1 and its baresip among them. Credentials
// in SHA-256 are taken all the same.
func (u *UA) ask(req *sip.Request, stale bool) *sip.Response {
	res := sip.NewResponseFromRequest(req, 401, "Unauthorized", nil)
	nonce := u.nonces.make(time.Now())
	value := fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=MD5, qop="auth"`, contactdb.Realm, nonce)
	if stale {
		value += ", stale=true"
	}
	res.AppendHeader(sip.NewHeader("WWW-Authenticate", value))
	return res
}
