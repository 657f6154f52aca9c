package dialer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"apel/dialer"
	"apel/dialer/lab"

	"github.com/google/go-cmp/cmp"
)

// TestSippIsToldTheTrunksPassword has sipp judge the answer to its 401.
func TestSippIsToldTheTrunksPassword(t *testing.T) {
	needPeer(t, "sipp", "sip-tester")
	cases := []struct {
		name, password, keys string
		want                 result
	}{
		{"right", "secret", "1", result{"human", 200, 0, "customer", true, true, true, "sale"}},
		{"wrong", "sesame", "", result{"rejected", 403, 0, "network", false, false, false, ""}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			carrier := startSipp(t, "digest_401.xml", 1, nil)
			o := openOffice(t, dialer.TrunkConfig{Host: carrier.addr(), Options: -1, Username: "acme", Password: tc.password, Realm: "carrier"})
			checkCall(t, o, carrier, tc.keys, tc.want)
		})
	}
}

// TestAProxysChallengeIsAnsweredInINVITEAndACK checks what sipp was sent after
// its 407. sipp itself can only judge the answers to a 401.
func TestAProxysChallengeIsAnsweredInINVITEAndACK(t *testing.T) {
	t.Parallel()
	carrier := startSipp(t, "digest_407.xml", 1, nil)
	o := openOffice(t, dialer.TrunkConfig{Host: carrier.addr(), Options: -1, Username: "acme", Password: "secret"})
	checkCall(t, o, carrier, "1", result{"human", 200, 0, "customer", true, true, true, "sale"})
	proofs := regexp.MustCompile(`Proxy-Authorization: (Digest [^\r\n]*)`).FindAllStringSubmatch(carrier.messages(), -1)
	if len(proofs) != 2 || proofs[0][1] != proofs[1][1] {
		t.Fatalf("the INVITE and, by RFC 3261 §22.1, its ACK carry the same credentials: got %q", proofs)
	}
	if given := digestParams(proofs[0][1]); given["response"] != digestResponse(given, "INVITE", "secret") {
		t.Errorf("the response is wrong in %q", proofs[0][1])
	}
}

// digestParams reads the parameters of a Digest header.
func digestParams(header string) map[string]string {
	params := map[string]string{}
	for _, m := range regexp.MustCompile(`(\w+)="?([^",]*)"?`).FindAllStringSubmatch(header, -1) {
		params[m[1]] = m[2]
	}
	return params
}

// digestResponse is RFC 2617 §3.2.2.1 with qop=auth.
func digestResponse(p map[string]string, method, password string) string {
	h := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	ha1, ha2 := h(p["username"]+":"+p["realm"]+":"+password), h(method+":"+p["uri"])
	return h(strings.Join([]string{ha1, p["nonce"], p["nc"], p["cnonce"], p["qop"], ha2}, ":"))
}

// TestAPasswordIsNotGivenToAnotherRealm: sipp asks for one, gets none, and its
// 407 is the end of the call.
func TestAPasswordIsNotGivenToAnotherRealm(t *testing.T) {
	t.Parallel()
	carrier := startSipp(t, "challenge.xml", 1, nil)
	o := openOffice(t, dialer.TrunkConfig{Host: carrier.addr(), Options: -1, Username: "acme", Password: "secret", Realm: "elsewhere"})
	checkCall(t, o, carrier, "", result{"failed", 407, 0, "network", false, false, false, ""})
}

func TestCallsGoThroughATCPTrunk(t *testing.T) {
	needPeer(t, "sipp", "sip-tester")
	cases := []struct {
		name, scenario, keys string
		want                 result
	}{
		{"hung up by the operator", "answer.xml", "#1", result{"human", 200, 0, "operator", true, true, true, "sale"}},
		{"hung up by the callee", "answer_bye.xml", "2", result{"human", 200, 16, "customer", true, true, true, "refused"}},
		{"not answered", "no_answer.xml", "", result{"no-answer", 487, 0, "dialer", true, false, false, ""}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			carrier := startSipp(t, tc.scenario, 1, nil, "-t", "t1")
			o := openOffice(t, dialer.TrunkConfig{Host: carrier.addr(), Transport: "tcp", Options: -1})
			checkCall(t, o, carrier, tc.keys, tc.want)
		})
	}
}

// TestATrunkIsUpOnceSippAnswersItsOptions: until then nobody is called.
func TestATrunkIsUpOnceSippAnswersItsOptions(t *testing.T) {
	t.Parallel()
	carrier := startSipp(t, "options.xml", 1, nil)
	o := openOffice(t, dialer.TrunkConfig{Host: carrier.addr(), Options: time.Minute})
	if e := o.awaitKind("trunk.state", ""); e.State != "up" || e.Trunk != "carrier" {
		t.Errorf("the trunk is %s: %s", e.State, e.Detail)
	}
	carrier.done()
}

// TestATrunkRegistersAtSipp has sipp judge the password of a REGISTER.
func TestATrunkRegistersAtSipp(t *testing.T) {
	needPeer(t, "sipp", "sip-tester")
	for password, want := range map[string]string{"secret": "up", "sesame": "down"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			registrar := startSipp(t, "register.xml", 1, nil)
			o := openOffice(t, dialer.TrunkConfig{Host: registrar.addr(), Register: true, Username: "acme", Password: password})
			if e := o.awaitKind("trunk.state", ""); e.State != want {
				t.Errorf("the trunk is %s: %s", e.State, e.Detail)
			}
			registrar.done()
		})
	}
}

// TestCallsGoThroughATLSTrunk has the lab's carrier at the other end: sipp as
// Debian builds it speaks no TLS.
func TestCallsGoThroughATLSTrunk(t *testing.T) {
	for _, host := range []string{"localhost", "127.0.0.1"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			cert, ca := certificate(t, "localhost", "127.0.0.1")
			carrier := tlsCarrier(t, cert)
			o := openOffice(t, dialer.TrunkConfig{Host: at(host, carrier), Transport: "tls", CAFile: ca})
			o.awaitKind("trunk.state", "up")
			phone := o.deskPhone()
			o.start(1, noDetector)
			o.asks(phone)
			o.awaitKind("call.bridged", "")
			phone.press("1")
			r := o.records(1)[0]
			if diff := cmp.Diff(result{"human", 200, 0, "customer", true, true, true, "sale"}, resultOf(r)); diff != "" {
				t.Errorf("the record (-want +got):\n%s\n%s", diff, o.story())
			}
			seen := carrier.Seen()
			if len(seen) != 1 || seen[0].CallID != r.SIPCallID || seen[0].Acked.IsZero() || len(seen[0].Violations) > 0 {
				t.Errorf("the carrier saw %+v", seen)
			}
		})
	}
}

// TestATLSTrunkWithAStrangersCertificateStaysDown: no call is sent to it.
func TestATLSTrunkWithAStrangersCertificateStaysDown(t *testing.T) {
	cases := []struct{ name, certificateOf, trusts string }{
		{"another name", "carrier.example", "its own authority"},
		{"another authority", "localhost", "another"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cert, ca := certificate(t, tc.certificateOf)
			if tc.trusts == "another" {
				_, ca = certificate(t, tc.certificateOf)
			}
			carrier := tlsCarrier(t, cert)
			o := openOffice(t, dialer.TrunkConfig{Host: at("localhost", carrier), Transport: "tls", CAFile: ca})
			e := o.awaitKind("trunk.state", "")
			if e.State != "down" {
				t.Errorf("the trunk is %s", e.State)
			}
			if n := carrier.Stats().Requests; n > 0 {
				t.Errorf("%d requests have reached the stranger", n)
			}
		})
	}
}

func at(host string, c *lab.Carrier) string { return fmt.Sprintf("%s:%d", host, c.Addr().Port()) }

// tlsCarrier answers with a person who says hello and hangs up after a while.
func tlsCarrier(t *testing.T, cert tls.Certificate) *lab.Carrier {
	t.Helper()
	c, err := lab.StartCarrier(context.Background(), lab.CarrierConfig{Addr: "127.0.0.1:0", Transport: "tls",
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		Persona: func(string, int) lab.Persona {
			return lab.Persona{Kind: lab.Hello, Lang: "en", Progress: 180, Ring: 200 * time.Millisecond, Status: 200,
				Voice: []lab.Sound{lab.Say("en-hello-anna")}, HangUpAt: 1500 * time.Millisecond}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// certificate makes a certificate that vouches for itself, and a file to trust it by.
func certificate(t *testing.T, names ...string) (cert tls.Certificate, caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), strings.ReplaceAll(names[0], "/", "-")+".pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caFile
}
