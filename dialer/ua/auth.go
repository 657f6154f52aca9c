package ua

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

func randomID() string { return rand.Text() }

// authorize answers a digest challenge (RFC 8760) with a whole header line.
// Only the trunk itself is answered: a challenge from another address or realm
// would be asking for the password.
func (t *trunk) authorize(req *sip.Request, res *sip.Response) (header string, err error) {
	if t.cfg.Username == "" {
		return "", fmt.Errorf("%s asks for a password and trunk %q has none", t.cfg.Host, t.cfg.Name)
	}
	if src, err := netip.ParseAddrPort(res.Source()); err != nil || !t.has(src.Addr().Unmap()) {
		return "", fmt.Errorf("a challenge from %s, which is not trunk %q, was not answered", res.Source(), t.cfg.Name)
	}
	ask, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	chal := t.challenge(res.GetHeaders(ask))
	if chal == nil {
		return "", fmt.Errorf("%s asks for a password in a way or realm that trunk %q does not allow", t.cfg.Host, t.cfg.Name)
	}
	cred, err := digest.Digest(chal, digest.Options{Method: string(req.Method), URI: req.Recipient.String(),
		Username: t.cfg.Username, Password: t.cfg.Password, Count: 1})
	if err != nil {
		return "", fmt.Errorf("answer the challenge of %s: %w", t.cfg.Host, err)
	}
	return answer + ": " + cred.String(), nil
}

// credentials is authorize's answer as a header.
func (t *trunk) credentials(req *sip.Request, res *sip.Response) (sip.Header, error) {
	line, err := t.authorize(req, res)
	name, value, _ := strings.Cut(line, ": ")
	return sip.NewHeader(name, value), err
}

// challenge takes the first that can be answered, the far end's order being
// its preference (RFC 8760 §2.4).
func (t *trunk) challenge(headers []sip.Header) *digest.Challenge {
	for _, h := range headers {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || !digest.CanDigest(c) || t.cfg.Realm != "" && c.Realm != t.cfg.Realm {
			continue
		}
		c.Algorithm = strings.ToUpper(c.Algorithm)
		return c
	}
	return nil
}

// nonces makes and knows nonces without keeping them: a time and its HMAC.
type nonces struct{ key [32]byte }

// nonceAge is how long a nonce is good for; then the phone is asked again with stale=true.
const nonceAge = time.Minute

func (n *nonces) make(now time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()))
	return base64.RawURLEncoding.EncodeToString(append(b, n.mac(b)...))
}

func (n *nonces) mac(b []byte) []byte {
	h := hmac.New(sha256.New, n.key[:])
	h.Write(b)
	return h.Sum(nil)[:16]
}

// check says whether we made the nonce, and whether it is still fresh.
func (n *nonces) check(s string, now time.Time) (ours, fresh bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 || !hmac.Equal(b[8:], n.mac(b[:8])) {
		return false, false
	}
	age := now.Sub(time.Unix(0, int64(binary.BigEndian.Uint64(b))))
	return true, age >= 0 && age <= nonceAge
}

// proves says whether the credentials prove knowledge of a password's hash.
func proves(cred *digest.Credentials, method, realm, ha1 string) bool {
	chal := &digest.Challenge{Realm: realm, Nonce: cred.Nonce, Algorithm: cred.Algorithm}
	if cred.QOP != "" {
		chal.QOP = []string{cred.QOP}
	}
	want, err := digest.Digest(chal, digest.Options{Method: method, URI: cred.URI, Count: cred.Nc,
		Username: cred.Username, A1: ha1, Cnonce: cred.Cnonce})
	return err == nil && subtle.ConstantTimeCompare([]byte(want.Response), []byte(cred.Response)) == 1
}
