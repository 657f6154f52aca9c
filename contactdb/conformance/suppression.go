package conformance

import (
	"errors"
	"time"

	"apel/contactdb"
)

func suppressed(f *fixture) {
	f.importList("a", people(1, 2, 3, 4, 5)...)
	f.suppress(contactdb.Suppression{Phone: phone(1)})
	f.suppress(contactdb.Suppression{Prefix: phone(2)})
	f.suppress(contactdb.Suppression{Contact: f.contacts("a")[2].ID, List: "people"})
	f.register(contactdb.Register{Name: "national"}, 4)
	if res := f.gives(request(9, "a"), 5); res.Passed["do-not-call"] != 4 {
		f.Errorf("passed over: %v", res.Passed)
	}
	if by, err := f.s.SuppressedBy(phone(4)); err != nil || len(by) != 1 || by[0].List != "national" {
		f.Errorf("covered by %+v, %v", by, err)
	}
	_, err := f.s.Unsuppress(contactdb.Suppression{Phone: phone(1)})
	f.must(err)
	f.gives(request(9, "a"), 1)
	if _, err := f.s.Unsuppress(contactdb.Suppression{Phone: phone(1)}); !errors.Is(err, contactdb.ErrNotFound) {
		f.Errorf("removed twice: %v", err)
	}
}

func scopes(f *fixture) {
	f.suppress(contactdb.Suppression{Phone: phone(1), Scope: "client:bank"})
	f.suppress(contactdb.Suppression{Phone: phone(2), Scope: "campaign:c", Expires: monday.Add(time.Hour)})
	for _, tt := range []struct {
		g    contactdb.Target
		at   time.Time
		want bool
	}{
		{contactdb.Target{Phone: phone(1), Client: "bank"}, monday, true},
		{contactdb.Target{Phone: phone(1), Client: "shop"}, monday, false},
		{contactdb.Target{Phone: phone(1)}, monday, false},
		{contactdb.Target{Phone: phone(2), Campaign: "c"}, monday, true},
		{contactdb.Target{Phone: phone(2), Campaign: "c"}, monday.Add(time.Hour), false},
		{contactdb.Target{Phone: phone(2), Campaign: "d"}, monday, false},
	} {
		if e, err := f.s.Suppressed(tt.g, tt.at); err != nil || (e != nil) != tt.want {
			f.Errorf("%+v at %s: %+v, %v", tt.g, tt.at, e, err)
		}
	}
}

func registers(f *fixture) {
	f.importList("a", people(1, 2)...)
	f.register(contactdb.Register{Name: "r"}, 1, 2)
	f.gives(request(9, "a"))
	f.register(contactdb.Register{Name: "r"}, 2)
	f.gives(request(9, "a"), 1)
	broken := func(yield func(string, error) bool) { _ = yield(phone(9), nil) && yield("", errors.New("line 2")) }
	if _, err := f.s.ReplaceRegister(bg, contactdb.Register{Name: "r"}, false, monday, broken); err == nil {
		f.Error("a broken issue was taken")
	}
	f.gives(request(9, "a"))
	f.must(f.s.RemoveRegister("r"))
	f.gives(request(9, "a"), 2)
}

func neededRegister(f *fixture) {
	f.importList("a", people(1)...)
	req := request(1, "a")
	req.Registers = []string{"r"}
	held := func(when string) {
		f.Helper()
		res := f.gives(req)
		h, err := f.s.Hold(req.Viewpoint)
		if res.Held != contactdb.RegisterExpired || err != nil || h.Reason != res.Held || !res.NextAt.After(monday) {
			f.Errorf("%s: %+v, asked otherwise %+v, %v", when, res, h, err)
		}
	}
	held("missing")
	f.register(contactdb.Register{Name: "r", Issued: monday.Add(-time.Hour), Expires: monday}, 7)
	held("expired")
	f.register(contactdb.Register{Name: "r", Issued: monday, Expires: monday.Add(time.Hour)}, 7)
	f.gives(req, 1)
}
