package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"apel/dialer/console"
)

// remote is a client of a console elsewhere, as a machine with a token. Its
// certificate is checked as a browser does, or against the fingerprint that
// apel serve prints there, or against a file.
func (a *app) remote(address string) (*client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, problem(console.Usage, "--address %q is not https://HOST:PORT", address)
	}
	token, _ := a.env("APEL_TOKEN")
	if token == "" {
		return nil, problem(console.NotAllowed, "there is no token for %s; make one there with apel token add, and give it as APEL_TOKEN", u.Host)
	}
	trust, err := a.trust()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second}
	closeIdle := func() error { transport.CloseIdleConnections(); return nil }
	return &client{
		http: &http.Client{Transport: &bearer{transport, token}, CheckRedirect: noRedirect},
		base: "https://" + u.Host, dir: u.Host, alive: true, close: closeIdle,
	}, nil
}

// noRedirect: the API never redirects, and a token goes nowhere else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// bearer adds the token to each request.
type bearer struct {
	next  http.RoundTripper
	token string
}

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// trust says which certificate of the console is taken.
func (a *app) trust() (*tls.Config, error) {
	known, given := a.pick(a.flags.certificate, "APEL_CERTIFICATE", "")
	if !given {
		return &tls.Config{MinVersion: tls.VersionTLS12}, nil
	}
	if mark, err := hex.DecodeString(known); err == nil && len(mark) == sha256.Size {
		return &tls.Config{
			MinVersion:         tls.VersionTLS12,
			InsecureSkipVerify: true, //nolint:gosec // checked by fingerprint below
			VerifyConnection: func(s tls.ConnectionState) error {
				sum := sha256.Sum256(s.PeerCertificates[0].Raw)
				if subtle.ConstantTimeCompare(sum[:], mark) != 1 {
					return &otherFingerprint{hex.EncodeToString(sum[:])}
				}
				return nil
			},
		}, nil
	}
	pem, err := os.ReadFile(known)
	if err != nil {
		return nil, problem(console.Usage, "--certificate %q is neither a SHA-256 fingerprint in hex nor a file that can be read: %v", known, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, problem(console.Input, "%s has no certificate in PEM", known)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, nil
}

// otherFingerprint: the console has not the certificate that was named.
type otherFingerprint struct{ has string }

func (e *otherFingerprint) Error() string { return "its certificate has another fingerprint: " + e.has }

// distrusted is why a certificate was not taken, nil if that is not what went wrong.
func distrusted(err error) error {
	var other *otherFingerprint
	if errors.As(err, &other) {
		return other
	}
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) {
		return unverified.Err
	}
	return nil
}
