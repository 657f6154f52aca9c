package contactdb

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"
)

// Evidence must verify in ten years: the bytes that are hashed may gain columns
// before the hash, and change in no other way.
func TestTheBytesOfARecordNeverChange(t *testing.T) {
	golden, err := os.ReadFile("testdata/record.json")
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(0))
	a := mustLease(t, s, request("c", 1, "a")).Attempts[0]
	at := monday.Add(1500 * time.Microsecond)
	mustSettle(t, s, Settlement{Final: "sold", Record: Record{
		ID: a.ID, SIPCallID: "0123", PlacedAt: at, AnsweredAt: at.In(time.FixedZone("", 7200)), EndedAt: at, Outcome: Human, SIPStatus: 200, EndedBy: "customer",
		Operator: "ana", Note: "<Ștefan & co>\n", ScriptAnswers: map[string]string{"b": "2", "a": "1"}, TalkMS: 7,
	}})
	if err := s.view("look", func(t2 *tx) error {
		if got := string(t2.get(bRecords, be64(nil, 1))); got != strings.TrimSpace(string(golden)) {
			t.Errorf("stored:\n%s\nwant:\n%s", got, golden)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// By the rule in words: SHA-256 of prev_hash and of the JSON with an empty hash.
	text := strings.TrimSpace(string(golden))
	hash := text[len(text)-66 : len(text)-2]
	sum := sha256.Sum256([]byte(strings.Repeat("0", 64) + strings.Replace(text, hash, "", 1)))
	if hex.EncodeToString(sum[:]) != hash {
		t.Errorf("the hash of the golden record is %x", sum)
	}
}
