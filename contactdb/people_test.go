package contactdb

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnAccountKeepsItsDigestsAndNeverShowsThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openStore(t, path)
	ana := Operator{Name: "ana.pop-1_x", FullName: "Ana Pop", Team: "north", HA1MD5: "md5secret", HA1SHA256: "sha256secret", CreatedAt: monday}
	if err := s.PutOperator(ana); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	got, err := s.Operator(ana.Name)
	if diff := cmp.Diff(ana, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	shown, err := json.Marshal(got)
	if err != nil || strings.Contains(string(shown), "secret") {
		t.Errorf("its JSON is %s, %v", shown, err)
	}
}

func TestOperatorsAndTeams(t *testing.T) {
	s := newStore(t)
	for _, name := range []string{"ion", "ana"} {
		if err := s.PutOperator(Operator{Name: name, Team: "north", CreatedAt: monday}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"north", "empty"} {
		if err := s.PutTeam(Team{Name: name, Leader: "ana"}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Operators()
	if err != nil || len(all) != 2 || all[0].Name != "ana" {
		t.Errorf("operators %v, %v", all, err)
	}
	teams, err := s.Teams()
	if diff := cmp.Diff([]Team{{"empty", "ana"}, {"north", "ana"}}, teams); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_, noOperator := s.Operator("eva")
	for what, tc := range map[string]struct{ got, want error }{
		"an operator that is not there": {noOperator, ErrNotFound},
		"removing it":                   {s.RemoveOperator("eva"), ErrNotFound},
		"a team with operators":         {s.RemoveTeam("north"), ErrState},
		"a team that is not there":      {s.RemoveTeam("south"), ErrNotFound},
		"an empty team":                 {s.RemoveTeam("empty"), nil},
		"an operator":                   {s.RemoveOperator("ana"), nil},
	} {
		if !errors.Is(tc.got, tc.want) {
			t.Errorf("%s: error %v, want %v", what, tc.got, tc.want)
		}
	}
	for _, name := range []string{"", "ana pop", "ana@x", "ană", "a\r\nb", strings.Repeat("a", 65)} {
		if err := s.PutOperator(Operator{Name: name}); err == nil {
			t.Errorf("the account name %q was taken", name)
		}
	}
}

func TestRememberKeepsSmallValues(t *testing.T) {
	s := newStore(t)
	for _, value := range [][]byte{[]byte("x"), {}, nil} {
		if err := s.Remember("", value); err != nil {
			t.Fatal(err)
		}
		got, err := s.Recall("")
		if (got == nil) != (value == nil) || string(got) != string(value) || err != nil {
			t.Errorf("recalled %v of %v, %v", got, value, err)
		}
	}
}

func TestCampaignsHaveImmutableVersions(t *testing.T) {
	s := newStore(t)
	first := mustApply(t, s, "c", "v1")
	if want := (Campaign{Name: "c", State: Draft, Version: 1, Versions: 1, ChangedAt: monday}); first != want {
		t.Errorf("%+v, want %+v", first, want)
	}
	mustApply(t, s, "c", "v2")
	if same := mustApply(t, s, "c", "v2"); same.Version != 2 || same.Versions != 2 {
		t.Errorf("the same source again: %+v", same)
	}
	back, err := s.SelectVersion("c", 1, monday)
	if err != nil || back.Version != 1 || back.Versions != 2 {
		t.Errorf("back: %+v, %v", back, err)
	}
	if third := mustApply(t, s, "c", "v2"); third.Version != 3 {
		t.Errorf("applied over an older version: %+v", third)
	}
	for version, source := range map[int]string{0: "v2", 1: "v1", 2: "v2", 3: "v2"} {
		v, err := s.CampaignVersion("c", version)
		if err != nil || string(v.Source) != source || len(v.SHA256) != 64 {
			t.Errorf("version %d: %+v, %v", version, v, err)
		}
	}
	_, noVersion := s.CampaignVersion("c", 9)
	_, noSelect := s.SelectVersion("c", 9, monday)
	_, noCampaign := s.Campaign("d")
	_, noApply := s.ApplyCampaign("", nil, monday)
	for what, err := range map[string]error{"version": noVersion, "select": noSelect, "campaign": noCampaign, "rejudge": s.Rejudge("d")} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: error %v, want %v", what, err, ErrNotFound)
		}
	}
	if noApply == nil {
		t.Error("a campaign without a name was applied")
	}
}

func TestACampaignMovesOnlyFromTheStatesThatAreAllowed(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	if _, err := s.SetCampaignState("c", Paused, "", monday, Running, Draining); !errors.Is(err, ErrState) {
		t.Errorf("error %v, want %v", err, ErrState)
	}
	got, err := s.SetCampaignState("c", Running, "started by ana", monday, Draft, Paused)
	if err != nil || got.State != Running || got.Reason != "started by ana" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.SetCampaignState("c", Done, "", monday); err != nil || got.State != Done {
		t.Errorf("%+v, %v", got, err)
	}
	all, err := s.Campaigns()
	if err != nil || len(all) != 1 || all[0].State != Done {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := s.SetCampaignState("d", Running, "", monday); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want %v", err, ErrNotFound)
	}
}

func TestSuppressionsKeepTheFirstEntryOfANumber(t *testing.T) {
	s := newStore(t)
	entries := []Suppression{{Phone: "+402", List: OwnList, Reason: "b"}, {Phone: "+401", List: OwnList, Reason: "a", Source: "file", AddedAt: monday}, {Phone: "+402", Reason: "c"}}
	add := func(yield func(Suppression, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
	if added, err := s.Suppress(bg, add); added != 2 || err != nil {
		t.Errorf("added %d, %v", added, err)
	}
	if added, err := s.Suppress(bg, add); added != 0 || err != nil {
		t.Errorf("added again %d, %v", added, err)
	}
	if diff := cmp.Diff([]Suppression{entries[1], entries[0]}, collect(t, s.Suppressions(""))); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Unsuppress(Suppression{Phone: "+402"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Unsuppress(Suppression{Phone: "+402"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want %v", err, ErrNotFound)
	}
	if _, err := s.Suppress(bg, oneEntry("")); err == nil {
		t.Error("an entry without a number was added")
	}
	broken := func(yield func(Suppression, error) bool) {
		_ = yield(Suppression{Phone: "+409"}, nil) && yield(Suppression{}, errors.New("line 2"))
	}
	if _, err := s.Suppress(bg, broken); err == nil {
		t.Error("a broken file was taken")
	}
}
