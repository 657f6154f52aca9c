package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"apel/dialer/console"
)

// The console's own certificate, made at the first start if none is given.
const (
	certificateFile = "console-cert.pem"
	keyFile         = "console-key.pem"
	// certificateLasts: browsers take no longer ones (CA/Browser Forum
	// Baseline Requirements §6.3.2).
	certificateLasts = 397 * 24 * time.Hour
	renewBefore      = 30 * 24 * time.Hour
)

// consoleTLS gives the certificate of the settings, or our own.
func consoleTLS(s consoleSettings, dir string, now time.Time) (*tls.Config, error) {
	certificate, key := s.Certificate, s.Key
	if certificate == "" {
		certificate, key = filepath.Join(dir, certificateFile), filepath.Join(dir, keyFile)
		if err := ownCertificate(certificate, key, s.Listen, now); err != nil {
			return nil, fmt.Errorf("make the console's certificate: %w", err)
		}
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, problem(console.Input, "the console's certificate %s with its key %s cannot be used: %v; give both in PEM, or neither", certificate, key, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// ownCertificate makes a certificate unless there is one that is good for a while.
func ownCertificate(certificate, key, listen string, now time.Time) error {
	if old, err := readCertificate(certificate); err == nil && now.Add(renewBefore).Before(old.NotAfter) {
		if _, err := os.Stat(key); err == nil {
			return nil
		}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	names, addresses := reachedAs(listen)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: names[0], Organization: []string{"apel"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLasts),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: names, IPAddresses: addresses,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	return errors.Join(
		writeOwn(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})),
		writeOwn(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

// reachedAs are the names and addresses that this machine may be called by.
func reachedAs(listen string) (names []string, addresses []net.IP) {
	names = []string{"localhost"}
	if host, err := os.Hostname(); err == nil && host != "" && host != "localhost" {
		names = append([]string{host}, names...)
	}
	host, _, _ := net.SplitHostPort(listen) // checked with the settings
	if ip := net.ParseIP(host); ip != nil && !ip.IsUnspecified() {
		addresses = append(addresses, ip)
	} else if host != "" && ip == nil && host != "localhost" {
		names = append(names, host)
	}
	local, _ := net.InterfaceAddrs() // without them the certificate names fewer
	for _, a := range local {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
			addresses = append(addresses, n.IP)
		}
	}
	return names, append(addresses, net.IPv4(127, 0, 0, 1), net.IPv6loopback)
}

func readCertificate(path string) (*x509.Certificate, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// writeOwn writes a file for its owner alone; it is there whole or not at all.
func writeOwn(path string, body []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, body, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// fingerprint names a certificate so that two people can compare it.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
