package access

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var cheap = Cost{MemoryKB: 64, Passes: 1}

func TestAPasswordFitsOnlyItsHash(t *testing.T) {
	h := Hash("some words of mine", cheap)
	if !strings.HasPrefix(h, "$argon2id$v=19$m=64,t=1,p=1$") || h == Hash("some words of mine", cheap) {
		t.Errorf("hash %s: no argon2id, or without salt", h)
	}
	for password, fits := range map[string]bool{"some words of mine": true, "some words of mine ": false, "": false} {
		if Verify(password, h) != fits {
			t.Errorf("%q: %v", password, !fits)
		}
	}
	for _, broken := range []string{"", "x", "$argon2id$v=19$m=64,t=1,p=1$$", h[:len(h)-4], strings.Replace(h, "m=64", "m=4294967295", 1), strings.Replace(h, "t=1", "t=0", 1)} {
		if Verify("some words of mine", broken) {
			t.Errorf("fits the broken hash %q", broken)
		}
	}
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	for password, good := range map[string]bool{
		"correct horse battery": true, "șaptezeci și șapte": true,
		"short": false, "aaaaaaaaaaaaaaaa": false, "abababababab": false, "the-ana-password": false, strings.Repeat("long words ", 200): false,
	} {
		if err := CheckNew(password, "Ana"); (err == nil) != good {
			t.Errorf("%.20q: %v", password, err)
		}
	}
}

func TestATokenIsTakenApartAgain(t *testing.T) {
	secret := NewSecret()
	name, got, ok := ParseToken(TokenText("crm_of-ours.1", secret))
	if !ok || name != "crm_of-ours.1" || got != secret {
		t.Errorf("%q %q %v", name, got, ok)
	}
	for _, bad := range []string{"", "apel_", "apel_x", "apel__x", "apel_x_", "Bearer apel_x_y"} {
		if _, _, ok := ParseToken(bad); ok {
			t.Errorf("%q is taken for a token", bad)
		}
	}
}

func TestGuessingIsLockedOutLongerAndLonger(t *testing.T) {
	l := NewLimiter(3, time.Minute, 10*time.Minute)
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	for i, want := range []time.Duration{0, 0, 0, 1, 2, 4, 8, 10, 10} {
		l.Failed("ana", now)
		if got := l.Wait("ana", now); got != want*time.Minute {
			t.Errorf("after failure %d locked for %s, want %s", i+1, got, want*time.Minute)
		}
	}
	if l.Wait("bob", now) != 0 {
		t.Error("another is locked too")
	}
	if got := l.Wait("ana", now.Add(9*time.Minute)); got != time.Minute {
		t.Errorf("nine minutes later locked for %s", got)
	}
	l.Clear("ana")
	l.Failed("ana", now)
	if l.Wait("ana", now) != 0 {
		t.Error("locked after a success and one failure")
	}
}

func TestALimiterForgetsWhatIsOld(t *testing.T) {
	l := NewLimiter(1, time.Minute, time.Minute)
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	l.Failed("ana", now)
	l.Failed("ana", now.Add(time.Hour))
	if l.Wait("ana", now.Add(time.Hour)) != 0 {
		t.Error("a failure of an hour ago counts")
	}
	for i := range 3 * maxKeys {
		l.Failed(strings.Repeat("x", i%100)+NewSecret(), now.Add(2*time.Hour))
	}
	if len(l.keys) > maxKeys {
		t.Errorf("%d keys are kept", len(l.keys))
	}
}

func TestAFloodOfNamesDoesNotClearTheCountOfOneThatIsBeingGuessed(t *testing.T) {
	l, now := NewLimiter(5, 30*time.Second, 15*time.Minute), time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	for range 5 {
		l.Failed("victim", now)
	}
	for i := range 3 * maxKeys {
		l.Failed(fmt.Sprint("flood", i), now.Add(time.Second))
	}
	if len(l.keys) > maxKeys {
		t.Errorf("%d keys are kept", len(l.keys))
	}
	if l.Failed("victim", now.Add(2*time.Second)); l.Wait("victim", now.Add(2*time.Second)) == 0 {
		t.Error("a sixth guess costs nothing")
	}
}
