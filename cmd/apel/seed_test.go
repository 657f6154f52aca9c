package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"apel/contactdb"
	"apel/media"
	"apel/media/amd"
	"apel/testdata/voices"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/zaf/g711"
)

// storeFile finds the database in a data directory.
func storeFile(ts *testscript.TestScript, data string) string {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(data), "*.db"))
	ts.Check(err)
	if len(files) != 1 {
		ts.Fatalf("%d databases in %s", len(files), data)
	}
	return files[0]
}

// outcomes of the calls that scriptCalls makes, in turn.
var seeded = []contactdb.Record{
	{Outcome: contactdb.Human, Operator: "ana", Team: "south", Disposition: "sale", TalkMS: 60_000, WrapMS: 5_000, SIPStatus: 200, Q850Cause: 16, EndedBy: "customer", Note: "=2+5", ScriptAnswers: map[string]string{"age": "42"}},
	{Outcome: contactdb.Human, Operator: "ana", Team: "south", Disposition: "refused", TalkMS: 20_000, WrapMS: 1_000, SIPStatus: 200, Q850Cause: 16, EndedBy: "operator"},
	{Outcome: contactdb.NoAnswer, SIPStatus: 487, EndedBy: "dialer"},
	{Outcome: contactdb.Abandoned, SIPStatus: 200, EndedBy: "customer"},
	{Outcome: contactdb.Human, Operator: "ion", Team: "south", Disposition: "sale", TalkMS: 90_000, SIPStatus: 200, EndedBy: "customer"},
	{Outcome: contactdb.Busy, SIPStatus: 486, Q850Cause: 17, EndedBy: "network"},
}

// seedTime is when the first of them was placed; each next one a minute later.
var seedTime = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// scriptCalls leases and settles the contacts of a campaign's list, so that
// there are call records: calls CAMPAIGN LIST.
func scriptCalls(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: calls CAMPAIGN LIST")
	}
	store, err := contactdb.Open(contactdb.Config{Path: storeFile(ts, "apel-data")})
	ts.Check(err)
	ts.Check(errors.Join(seedCalls(store, args[0], args[1]), store.Close()))
}

func seedCalls(store *contactdb.Store, campaign, list string) error {
	ctx := context.Background()
	leased, err := store.Lease(ctx, contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: campaign, Now: seedTime}, Version: 1, Lists: []contactdb.Source{{List: list}}, Max: len(seeded), Owner: "test", TTL: time.Hour,
		Open: func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict {
			return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "carrier", CallerID: "+40312345678"}
		},
	})
	if err != nil {
		return err
	}
	for i, at := range leased.Attempts {
		if _, err := store.Settle(ctx, contactdb.Settlement{Record: recordOf(at, i), Final: "done"}); err != nil {
			return err
		}
	}
	return nil
}

func recordOf(at contactdb.Attempt, i int) contactdb.Record {
	r := seeded[i%len(seeded)]
	placed := seedTime.Add(time.Duration(i) * time.Minute)
	r.ID, r.Campaign, r.CampaignVersion, r.List, r.ContactID, r.Phone = at.ID, at.Campaign, at.Version, at.Contact.List, at.Contact.ID, at.Contact.Phone
	r.Attempt, r.Trunk, r.CallerID, r.SIPCallID = at.Number, at.Trunk, at.CallerID, at.SIPCallID
	r.PlacedAt, r.EndedAt = placed, placed.Add(30*time.Second)
	if r.SIPStatus == 200 {
		r.AnsweredAt = placed.Add(8 * time.Second)
	}
	if r.Operator != "" {
		r.BridgedAt = placed.Add(9 * time.Second)
	}
	return r
}

// scriptJudged makes 120 calls that the detector has heard, half of them machines
// of which operators said so, and ten recorded ones that were taken for machines;
// the last recording is encrypted: judged CAMPAIGN LIST IDENTITY.
func scriptJudged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: judged CAMPAIGN LIST IDENTITY")
	}
	store, err := contactdb.Open(contactdb.Config{Path: storeFile(ts, "apel-data")})
	ts.Check(err)
	ts.Check(errors.Join(judgedCalls(store, args[0], args[1], ts.MkAbs("apel-data")), store.Close()))
	last := filepath.Join("apel-data", "recordings", "a000000000120.wav")
	scriptSeal(ts, false, []string{args[2], last, last + ".age"})
	ts.Check(os.Remove(ts.MkAbs(last)))
}

func judgedCalls(store *contactdb.Store, campaign, list, data string) error {
	ctx := context.Background()
	leased, err := store.Lease(ctx, contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: campaign, Now: seedTime}, Version: 1, Lists: []contactdb.Source{{List: list}}, Max: 120, Owner: "test", TTL: time.Hour,
		Open: func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict {
			return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "carrier", CallerID: "+40312345678"}
		},
	})
	if err != nil {
		return err
	}
	for i, at := range leased.Attempts {
		machine := i%2 == 0
		evidence, sound, err := heardAnswer(i, machine)
		if err != nil {
			return err
		}
		r := recordOf(at, 0) // bridged, and talked
		r.PlacedAt, r.EndedAt = seedTime.Add(time.Duration(i)*time.Minute), seedTime.Add(time.Duration(i)*time.Minute+time.Hour)
		if machine {
			r.Disposition = "machine"
		}
		if i >= 110 { // taken for machines, and recorded for a supervisor to hear
			r.Outcome, r.BridgedAt, r.Operator, r.Team, r.Disposition, r.TalkMS = contactdb.Machine, time.Time{}, "", "", "", 0
			r.Recording = "recordings/" + r.ID + ".wav"
			path := filepath.Join(data, r.Recording)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), media.WriteWAV(path, sound, make([]int16, len(sound)))); err != nil {
				return err
			}
			if i == len(leased.Attempts)-1 {
				r.Recording += ".age"
			}
		}
		if _, err := store.Settle(ctx, contactdb.Settlement{Record: r, Final: "done", Evidence: evidence}); err != nil {
			return err
		}
	}
	return nil
}

// heardAnswer is the evidence of the detector's on one of the project's voices,
// after another lead and at another level each time.
func heardAnswer(i int, machine bool) (evidence []byte, sound []int16, err error) {
	uses := map[bool][]string{true: {"-long-", "-short-"}, false: {"-hello-", "-phrase-", "-business-"}}
	var names []string
	for _, name := range voices.Names() {
		for _, use := range uses[machine] {
			if strings.Contains(name, use) {
				names = append(names, name)
			}
		}
	}
	ulaw, err := voices.Ulaw(names[i/2%len(names)])
	if err != nil {
		return nil, nil, err
	}
	sound = make([]int16, 2000+170*(i%40))
	if machine {
		sound = append(sound, make([]int16, 8000)...) // the machines of this centre's calls are slow: that can be learned
	}
	for _, b := range ulaw {
		sound = append(sound, int16(float64(g711.DecodeUlawFrame(b))/float64(1+i%5)))
	}
	d := amd.New(amd.Settings{})
	sound = append(sound, make([]int16, 16000)...)
	d.Feed(sound)
	return d.Evidence(), sound, nil
}

// scriptSeal encrypts a file to an identity as recordings are: seal IDENTITY FILE OUT.
func scriptSeal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: seal IDENTITY FILE OUT")
	}
	identities, err := age.ParseIdentities(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, identities[0].(*age.X25519Identity).Recipient())
	ts.Check(err)
	_, err = w.Write([]byte(ts.ReadFile(args[1])))
	ts.Check(errors.Join(err, w.Close(), os.WriteFile(ts.MkAbs(args[2]), sealed.Bytes(), 0o600)))
}

// scriptForge changes bytes of the database behind its back: forge OLD NEW,
// of one length.
func scriptForge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || len(args[0]) != len(args[1]) {
		ts.Fatalf("usage: forge OLD NEW, of one length")
	}
	path := storeFile(ts, "apel-data")
	b, err := os.ReadFile(path)
	ts.Check(err)
	if n := bytes.Count(b, []byte(args[0])); n == 0 {
		ts.Fatalf("%s is not in the database", strconv.Quote(args[0]))
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(b, []byte(args[0]), []byte(args[1])), 0o600))
}

// scriptHold opens the store as a command at work does, until release: hold DATA.
func scriptHold(ts *testscript.TestScript, neg bool, args []string) {
	store, err := contactdb.Open(contactdb.Config{Path: storeFile(ts, args[0])})
	ts.Check(err)
	held.Store(ts, store)
	ts.Defer(func() { letGo(ts) })
}

func scriptRelease(ts *testscript.TestScript, neg bool, args []string) { letGo(ts) }

// held are the stores that scripts hold open.
var held sync.Map // of *testscript.TestScript to *contactdb.Store

func letGo(ts *testscript.TestScript) {
	if store, ok := held.LoadAndDelete(ts); ok {
		ts.Check(store.(*contactdb.Store).Close())
	}
}
