package ua

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// number accepts what may stand as the user part of our URIs: an optional
// plus and 2 to 20 of digits, * and #. sipgo writes a user part as it is, so
// anything else could end the line and add a header.
func number(s string) (string, error) {
	digits := strings.TrimPrefix(s, "+")
	if len(digits) < 2 || len(digits) > 20 || strings.Trim(digits, "0123456789*#") != "" {
		return "", fmt.Errorf("%q cannot be dialed: a number is an optional + and 2 to 20 of 0-9 * #", s)
	}
	return strings.ReplaceAll(s, "#", "%23"), nil // RFC 3261 §25.1: # is not allowed in a user part
}

// token accepts what may stand as a user name of an operator's phone.
func token(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)) {
			return false
		}
	}
	return true
}

// printable accepts a value from the far end that is to be written back, such
// as a tag or a Call-ID: visible ASCII without what ends or splits a header.
func printable(s string) bool {
	if len(s) > 256 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte(",;\"<>", c) >= 0 {
			return false
		}
	}
	return true
}

// derive makes the values that a restarted service must be able to make
// again: the tag of our side and the branch of an INVITE come from the Call-ID
// alone, which comes from the attempt.
func derive(what, callID string) string {
	sum := sha256.Sum256([]byte("apel " + what + " " + callID))
	return hex.EncodeToString(sum[:10])
}

func localTag(callID string) string { return derive("tag", callID) }

// branch starts with the magic cookie of RFC 3261 §8.1.1.7. The far end's tag
// keeps apart the two dialogs of a call that was answered twice; an INVITE that
// opens a dialog has none.
func branch(callID string, cseq uint32, method sip.RequestMethod, remoteTag string) string {
	return sip.RFC3261BranchMagicCookie + derive(fmt.Sprint("branch ", cseq, " ", method, " ", remoteTag), callID)
}

// hostPort adds the default port to a host that has none.
func hostPort(host, port string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}
