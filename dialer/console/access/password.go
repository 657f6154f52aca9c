package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost is what one guess at a password costs. The hash carries it, so that it
// can be raised later.
type Cost struct {
	MemoryKB uint32
	Passes   uint32
}

// Standard is the cost of new hashes: more memory than the least that OWASP's
// Password Storage Cheat Sheet asks of argon2id (19 MiB, 2 passes).
var Standard = Cost{MemoryKB: 32 << 10, Passes: 3}

const (
	saltBytes = 16 // RFC 9106 §3.1
	hashBytes = 32
	lanes     = 1
	// MinPassword is the fewest characters of a password (NIST SP 800-63B §3.1.1.2
	// asks for 8 where it is not the only factor, we take more).
	MinPassword = 10
	// maxPassword bounds the work of hashing, in bytes.
	maxPassword = 1024
)

// CheckNew says whether a password may be chosen by an account.
func CheckNew(password, account string) error {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return fmt.Errorf("the password has fewer than %d characters; take some words", MinPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("the password is longer than %d bytes; take a shorter one", maxPassword)
	case account != "" && strings.Contains(strings.ToLower(password), strings.ToLower(account)):
		return errors.New("the password contains the account's name; take another")
	case len(distinct(password)) < 4:
		return errors.New("the password repeats too few characters; take some words")
	}
	return nil
}

func distinct(s string) map[rune]bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return seen
}

// Hash makes a hash of a password with argon2id (RFC 9106), in the PHC string
// format.
func Hash(password string, c Cost) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	return encode(c, salt, argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKB, lanes, hashBytes))
}

func encode(c Cost, salt, sum []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKB, c.Passes, lanes, b.EncodeToString(salt), b.EncodeToString(sum))
}

// Verify says whether a password fits a hash. A hash that cannot be read fits
// none, but takes its time all the same.
func Verify(password, hash string) bool {
	if len(password) > maxPassword {
		return false
	}
	c, salt, want, ok := decode(hash)
	if !ok {
		c, salt, want = Standard, make([]byte, saltBytes), make([]byte, hashBytes)
	}
	got := argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKB, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && ok
}

func decode(hash string) (c Cost, salt, sum []byte, ok bool) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, false
	}
	var p int
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKB, &c.Passes, &p); n != 3 || err != nil || p != lanes {
		return c, nil, nil, false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	ok = err == nil && err2 == nil && len(sum) == hashBytes && c.Passes > 0 && c.MemoryKB >= 8 && c.MemoryKB <= 1<<20
	return c, salt, sum, ok
}
