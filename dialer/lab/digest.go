package lab

import (
	"fmt"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

const realm = "lab"

// nonceOf makes a nonce that needs no memory: any of ours is good for ever.
func nonceOf(seed string) string { return fmt.Sprintf("lab%016x", hashString("nonce"+seed)) }

func challenge(header, seed string) sip.Header {
	c := digest.Challenge{Realm: realm, Nonce: nonceOf(seed), Algorithm: "MD5", QOP: []string{"auth"}}
	return sip.NewHeader(header, c.String())
}

// authorized checks digest credentials (RFC 3261 §22, RFC 7616); everyone is
// welcome where there are no users.
func authorized(req *sip.Request, header string, users map[string]string) bool {
	if len(users) == 0 {
		return true
	}
	h := req.GetHeader(header)
	if h == nil {
		return false
	}
	got, err := digest.ParseCredentials(h.Value())
	if err != nil {
		return false
	}
	password, known := users[got.Username]
	if !known || got.Realm != realm || len(got.Nonce) != 19 || got.Nonce[:3] != "lab" {
		return false
	}
	c := &digest.Challenge{Realm: realm, Nonce: got.Nonce, Algorithm: got.Algorithm, QOP: qop(got)}
	want, err := digest.Digest(c, digest.Options{Method: string(req.Method), URI: got.URI,
		Username: got.Username, Password: password, Cnonce: got.Cnonce, Count: got.Nc})
	return err == nil && want.Response == got.Response
}

func qop(c *digest.Credentials) []string {
	if c.QOP == "" {
		return nil
	}
	return []string{c.QOP}
}

// authorize answers a challenge.
func authorize(req *sip.Request, res *sip.Response, user, password string) error {
	from, to := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		from, to = "Proxy-Authenticate", "Proxy-Authorization"
	}
	h := res.GetHeader(from)
	if h == nil {
		return fmt.Errorf("a %d without %s", res.StatusCode, from)
	}
	c, err := digest.ParseChallenge(h.Value())
	if err != nil {
		return err
	}
	got, err := digest.Digest(c, digest.Options{Method: string(req.Method), URI: req.Recipient.String(),
		Username: user, Password: password, Count: 1})
	if err != nil {
		return err
	}
	req.RemoveHeader(to)
	req.AppendHeader(sip.NewHeader(to, got.String()))
	return nil
}
