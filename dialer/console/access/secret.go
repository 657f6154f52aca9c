package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// NewSecret makes a secret of at least 128 random bits, of letters and digits.
func NewSecret() string { return rand.Text() }

// Digest is what is kept of a secret: from it nobody can sign in.
func Digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// SameDigest compares in constant time.
func SameDigest(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// tokenPrefix makes a leaked token recognisable to those who search for them.
const tokenPrefix = "apel_"

// TokenText is a token as a machine presents it: its name to look it up by, and
// its secret.
func TokenText(name, secret string) string { return tokenPrefix + secret + "_" + name }

// ParseToken takes it apart.
func ParseToken(text string) (name, secret string, ok bool) {
	rest, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok {
		return "", "", false
	}
	secret, name, ok = strings.Cut(rest, "_")
	return name, secret, ok && name != "" && secret != ""
}
