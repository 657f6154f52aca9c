package contactdb

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAContactsRowGivesBackWhatWasWritten(t *testing.T) {
	s := newStore(t)
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.Just(""), rapid.StringN(1, 20, 40))
		zones := rapid.SampledFrom([][]string{nil, {}, {bucharest}, {bucharest, chisinau}})
		at := rapid.Map(rapid.Int64Range(-1e18, 4e18), func(ns int64) time.Time { return time.Unix(0, ns).UTC() })
		c := Contact{
			ID: rapid.Uint64Range(1, 1<<62).Draw(rt, "id"), List: text.Draw(rt, "list"),
			Phone:      rapid.SampledFrom([]string{"+40722000001", "+1", "+0123", "0722", "+999999999999999", "+9999999999999999999", "", "sip:x"}).Draw(rt, "phone"),
			NumberType: text.Draw(rt, "type"), Region: text.Draw(rt, "region"), Zones: zones.Draw(rt, "zones"), Name: text.Draw(rt, "name"),
			FirstName: text.Draw(rt, "first"), LastName: text.Draw(rt, "last"), Email: text.Draw(rt, "email"), City: text.Draw(rt, "city"),
			ExternalID: text.Draw(rt, "external"), Client: text.Draw(rt, "client"), Zone: text.Draw(rt, "zone"), Language: text.Draw(rt, "language"),
			Notes: text.Draw(rt, "notes"), ImportedAt: at.Draw(rt, "imported"),
		}
		if rapid.Bool().Draw(rt, "joined") {
			c.Name = c.FirstName + " " + c.LastName
		}
		if rapid.Bool().Draw(rt, "more") {
			c.Numbers = []Number{{Phone: c.Phone, Kind: Work, Zones: zones.Draw(rt, "its zones")}, {Phone: "+40312000001", Type: "voip"}}
			c.Tags = []string{"a", text.Draw(rt, "tag")}
			c.Consent = &Consent{Kind: text.Draw(rt, "kind"), At: at.Draw(rt, "at"), Source: "form", Text: "v1"}
			c.Fields = rapid.MapOfN(rapid.String(), rapid.String(), 1, 5).Draw(rt, "fields")
		}
		if err := s.update("write", func(t *tx) error { t.put(bMemory, []byte("row"), t.encodeContact(&c)); return nil }); err != nil {
			rt.Fatal(err)
		}
		if err := s.view("read", func(t *tx) error {
			row := t.get(bMemory, []byte("row"))
			got, _, err := readContact(t, contactKey(1, c.ID), row)
			if diff := cmp.Diff(c, got); diff != "" || err != nil {
				rt.Fatal(err, diff)
			}
			for n := range row { // what is cut off is damage, never a wrong contact or a panic
				if _, _, err := readContact(t, contactKey(1, c.ID), row[:n]); err == nil {
					rt.Fatalf("%d of %d bytes were taken for a contact", n, len(row))
				}
			}
			return nil
		}); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestARowOfTheFirstVersionIsRead(t *testing.T) {
	c, _, err := readContact(nil, contactKey(1, 7), []byte(`{"id":7,"list":"a","phone":"+40722000001","number_type":"mobile","region":"RO","zones":["Europe/Bucharest"],"fields":{"x":"y"},"imported_at":"2026-03-02T09:00:00Z"}`))
	want := Contact{ID: 7, List: "a", Phone: "+40722000001", NumberType: "mobile", Region: "RO", Zones: []string{bucharest}, Fields: map[string]string{"x": "y"}, ImportedAt: monday}
	if diff := cmp.Diff(want, c); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
