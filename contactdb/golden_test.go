package contactdb

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"
)

// byWords computes the hash of a row by the rule as seal.go says it in words,
// with nothing but string functions: salts are pairs of a value's JSON and its salt.
func byWords(t *testing.T, row string, salts ...[2]string) (hash, computed string) {
	t.Helper()
	body, rest, ok := strings.Cut(row, `,"hash":"`)
	if !ok {
		t.Fatalf("no hash in %s", row)
	}
	_, prev, _ := strings.Cut(body, `"prev_hash":"`)
	prev, hash = prev[:64], rest[:64]
	for _, s := range salts {
		salt, err := hex.DecodeString(s[1])
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, salt)
		mac.Write([]byte(s[0]))
		stands := `"erased:` + hex.EncodeToString(mac.Sum(nil)) + `"`
		if s[0][0] == '{' {
			stands = `{"erased":"` + hex.EncodeToString(mac.Sum(nil)) + `"}`
		}
		body = strings.Replace(body, s[0], stands, 1)
	}
	sum := sha256.Sum256([]byte(prev + body + `,"hash":""}`))
	return hash, hex.EncodeToString(sum[:])
}

func golden(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// Evidence must verify in ten years: the bytes that are hashed may gain members
// before the hash, and change in no other way.
func TestTheBytesOfARecordNeverChange(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(0))
	a := mustLease(t, s, request("c", 1, "a")).Attempts[0]
	at := monday.Add(1500 * time.Microsecond)
	mustSettle(t, s, Settlement{Final: "sold", Record: Record{
		ID: a.ID, SIPCallID: "0123", PlacedAt: at, AnsweredAt: at.In(time.FixedZone("", 7200)), EndedAt: at, Outcome: Human, SIPStatus: 200, EndedBy: "customer",
		Operator: "ana", Note: "<Ștefan & co>\n", ScriptAnswers: map[string]string{"b": "2", "a": "1"}, TalkMS: 7,
	}})
	var stored string
	if err := s.view("look", func(t2 *tx) error {
		stored = string(t2.get(bRecords, be64(nil, 1)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	got, _, _ := strings.Cut(stored, `,"hash":`)
	want, _, _ := strings.Cut(golden(t, "record2.json"), `,"hash":`)
	if got != want {
		t.Errorf("stored:\n%s\nwant:\n%s", got, want)
	}
}

// Rows that were written once verify for ever, by the rule in words and by the program.
func TestOldRowsVerify(t *testing.T) {
	note := `"\u003cȘtefan \u0026 co\u003e\n"`
	for _, tc := range []struct {
		file  string
		salts [][2]string
	}{
		{"record.json", nil}, // of schema 1: without salts
		{"record2.json", [][2]string{
			{`"+40700000000"`, "7f1d0c25ab6a1a9e2ff8ed4d3eb8ea10"}, {note, "00112233445566778899aabbccddeeff"}, {`{"a":"1","b":"2"}`, "a2c4e6f80a1b2c3d4e5f60718293a4b5"},
		}},
		{"record2-erased.json", nil},
	} {
		row := golden(t, tc.file)
		hash, computed := byWords(t, row, tc.salts...)
		if hash != computed {
			t.Errorf("%s: its hash is %s, by the rule %s", tc.file, hash, computed)
		}
		s, err := openSeal([]byte(row), nil)
		if err != nil || s.sum() != hash || !s.whole() {
			t.Errorf("%s: the program computes %s (%v)", tc.file, s.sum(), err)
		}
	}
}

func TestAnErasedRowIsTheGoldenOne(t *testing.T) {
	s, err := openSeal([]byte(golden(t, "record2.json")), nil)
	if err != nil {
		t.Fatal(err)
	}
	part, _ := s.erase(map[string]bool{"note": true})
	s2, err := openSeal(part, nil)
	if err != nil || s2.sum() != s.text() || !s2.whole() || !s2.erased(records.personal) {
		t.Errorf("only its note erased: %v\n%s", err, part)
	}
	if row, erased := s2.erase(nil); !erased || string(row) != golden(t, "record2-erased.json") {
		t.Errorf("erased:\n%s\nwant:\n%s", row, golden(t, "record2-erased.json"))
	}
}
