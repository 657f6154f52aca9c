package campaign

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tenLines = `name: spring
lists: [spring-leads]
trunks: [acme]
caller-id: "+40312345678"
pacing: predictive
windows: {mon-fri: 09:00-20:00, sat: 10:00-14:00}
attempts: {max: 4, per-day: 2, retry: {busy: 15m, no-answer: 4h, abandoned: 72h}}
abandonment: {limit: 3%, window: 24h, within: 2s, message: sorry.wav}
ring-time: 25s
dispositions: [{name: sale, final: true, success: true}, later]
`

func TestTenLinesMakeACampaign(t *testing.T) {
	d, err := Parse([]byte(tenLines))
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(d, again); diff != "" {
		t.Errorf("the printed campaign differs (-parsed +printed):\n%s", diff)
	}
	t.Logf("\n%s", out)
}
