package conformance

import (
	"errors"
	"time"

	"apel/contactdb"
)

func callbacks(f *fixture) {
	f.importList("a", people(1, 2, 3)...)
	contacts := f.contacts("a")
	due, deputy := monday.Add(time.Hour), monday.Add(90*time.Minute)
	_, err := f.s.PromiseCallback("c", contacts[2], contactdb.Promise{At: due, Operator: "ana", Deputy: deputy, Note: "price"})
	f.must(err)
	_, err = f.s.PromiseCallback("c", contacts[1], contactdb.Promise{At: due})
	f.must(err)
	if all, err := f.s.Callbacks("c", "ana", time.Time{}); err != nil || len(all) != 1 || all[0].Contact.Phone != phone(3) || all[0].Note != "price" {
		f.Errorf("ana's callbacks: %+v, %v", all, err)
	}
	req := request(1, "a")
	req.Now = due.Add(-time.Minute)
	f.gives(req, 1)
	if res := f.gives(req); !res.NextAt.Equal(due) {
		f.Errorf("next at %s, want %s", res.NextAt, due)
	}
	req.Now, req.For = due, "bob"
	f.gives(req)
	req.For = ""
	f.gives(req, 2)
	f.gives(req) // ana's is not for anybody yet
	req.For = "ana"
	if a := f.gives(req, 3).Attempts[0]; a.For != "ana" || a.Promise == nil || !a.Promise.At.Equal(due) {
		f.Errorf("attempt %+v", a)
	}
	if _, err := f.s.CancelCallback("c", contacts[2]); !errors.Is(err, contactdb.ErrNotFound) {
		f.Errorf("cancelled a promise that was kept: %v", err)
	}
	f.importList("a", people(4)...)
	_, err = f.s.PromiseCallback("c", f.contacts("a")[3], contactdb.Promise{At: due, Operator: "gone", Deputy: deputy})
	f.must(err)
	req.For, req.Now = "", deputy
	f.gives(req, 4)
}

func promisedInCall(f *fixture) {
	f.importList("a", people(1, 2)...)
	live := f.lease(request(2, "a")).Attempts
	due := monday.Add(time.Hour)
	for _, a := range live {
		_, err := f.s.PromiseCallback("c", a.Contact, contactdb.Promise{At: due})
		f.must(err)
	}
	for i, a := range live {
		_, err := f.s.Settle(bg, contactdb.Settlement{Final: "talked", Promised: i == 0, Record: contactdb.Record{ID: a.ID, Outcome: contactdb.Human, EndedAt: monday}})
		f.must(err)
	}
	req := request(9, "a")
	f.gives(req)
	req.Now = due
	f.gives(req, 1)
}
