package dialer

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"apel/contactdb"
	"apel/media/amd"

	"go.uber.org/zap"
)

func TestACallIsLabelledByWhoKnowsWhoAnswered(t *testing.T) {
	bridged := time.Now()
	beeped := amd.Account{Verdicts: []amd.Verdict{{Kind: amd.Machine}, {Kind: amd.Beep}}}
	for name, c := range map[string]struct {
		r       contactdb.Record
		a       amd.Account
		machine bool
		known   bool
	}{
		"the operator said machine":      {r: contactdb.Record{BridgedAt: bridged, Outcome: contactdb.Human, Disposition: "machine"}, machine: true, known: true},
		"an operator talked with them":   {r: contactdb.Record{BridgedAt: bridged, Outcome: contactdb.Human, Disposition: "refused", TalkMS: 40_000}, known: true},
		"hung up at once":                {r: contactdb.Record{BridgedAt: bridged, Outcome: contactdb.Human, Disposition: "refused", TalkMS: 2_000}},
		"the operator said nothing":      {r: contactdb.Record{BridgedAt: bridged, Outcome: contactdb.Human, Disposition: "unset", TalkMS: 40_000}},
		"a machine, and its beep came":   {r: contactdb.Record{Outcome: contactdb.Machine}, a: beeped, machine: true, known: true},
		"called a machine, no beep came": {r: contactdb.Record{Outcome: contactdb.Machine}},
		"abandoned":                      {r: contactdb.Record{Outcome: contactdb.Abandoned}},
	} {
		machine, why := label(c.r, c.a)
		if machine != c.machine || (why != "") != c.known {
			t.Errorf("%s: machine %t because %q", name, machine, why)
		}
	}
}

func TestARetrainedModelJudgesFromTheNextCallOn(t *testing.T) {
	s := &Service{cfg: Config{Data: t.TempDir()}, log: zap.NewNop()}
	if s.model() != nil {
		t.Error("there is a model in an empty data directory")
	}
	path := ModelFile(s.cfg.Data)
	write := func(text []byte, at time.Time) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	text := append([]byte("# another\n"), amd.Builtin().Text()...)
	write(text, time.Unix(1000, 0))
	own := s.model()
	if own == nil || own.ID() == amd.Builtin().ID() {
		t.Fatal("the data directory's model is not taken")
	}
	write([]byte("nothing"), time.Unix(2000, 0))
	if s.model() != own {
		t.Error("a model that cannot be read takes the place of the one before")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if s.model() != nil {
		t.Error("a model that is gone still judges")
	}
}
