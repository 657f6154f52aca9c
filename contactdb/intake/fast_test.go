package intake

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
)

var numbersPer = flag.Int("numbers", 0, "numbers of each region of the world that are read both ways; 0: a few of some regions")

// The fast way must never say anything else than libphonenumber.
func TestTheFastWayReadsEveryNumberAsTheLongWayDoes(t *testing.T) {
	regions, per := strings.Fields("RO MD US CA GB GG DE FR IT HU BG UA RU AU JP BR"), 20
	if *numbersPer > 0 {
		regions, per = slices.Sorted(maps.Keys(regionRules)), *numbersPer
	}
	r := rand.New(rand.NewPCG(7, 7))
	fast, asked := 0, 0
	for _, region := range regions {
		if len(region) != 2 {
			continue
		}
		f := newFastNumbers(region)
		code := phonenumbers.GetCountryCodeForRegion(region)
		for i := range per {
			text := someNumber(r, region, code, i)
			got, gotErr := f.parse(text)
			want, wantErr := ParseNumber(text, region)
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Fatalf("%s %q: error %v, want %v", region, text, gotErr, wantErr)
			}
			if diff := cmp.Diff(want, got); diff != "" && wantErr == nil {
				t.Fatalf("%s %q: %s", region, text, diff)
			}
			if wantErr == nil {
				asked++
				if c, national := f.split(text); c != nil {
					if _, ok := f.look(c, national); ok {
						fast++
					}
				}
			}
		}
	}
	t.Logf("%d of %d valid numbers went the fast way", fast, asked)
	if fast*3 < asked {
		t.Errorf("only %d of %d valid numbers went the fast way", fast, asked)
	}
}

// someNumber is an example of a region with other digits at its end, or in the
// middle, or none at all, in one of the ways in which numbers are written.
func someNumber(r *rand.Rand, region string, code, i int) string {
	types := []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE, phonenumbers.TOLL_FREE, phonenumbers.VOIP, phonenumbers.PREMIUM_RATE}
	national := fmt.Sprint(r.IntN(1_000_000_000))
	if e := phonenumbers.GetExampleNumberForType(region, types[i%len(types)]); e != nil && i%7 > 0 {
		digits := []byte(phonenumbers.GetNationalSignificantNumber(e))
		for range r.IntN(len(digits)) {
			digits[r.IntN(len(digits))] = '0' + byte(r.IntN(10))
		}
		if i%3 > 0 { // only the end is another's
			digits = []byte(phonenumbers.GetNationalSignificantNumber(e))
			for j := len(digits) - 1 - r.IntN(4); j < len(digits); j++ {
				digits[max(0, j)] = '0' + byte(r.IntN(10))
			}
		}
		national = string(digits)
	}
	switch r.IntN(6) {
	case 0:
		return "0" + national
	case 1:
		return national
	case 2:
		return fmt.Sprintf("00%d %s", code, national)
	case 3:
		return fmt.Sprintf("%d%s", code, national)
	case 4:
		return fmt.Sprintf("+%d (0) %s", code, national)
	}
	return fmt.Sprintf("+%d %s", code, national)
}

func BenchmarkNumbers(b *testing.B) {
	numbers := make([]string, 10_000)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("07%08d", 20_000_000+rand.IntN(50_000_000))
	}
	b.Run("libphonenumber", func(b *testing.B) {
		for i := range b.N {
			_, _ = ParseNumber(numbers[i%len(numbers)], "RO")
		}
	})
	b.Run("fast", func(b *testing.B) {
		f := newFastNumbers("RO")
		for i := range b.N {
			_, _ = f.parse(numbers[i%len(numbers)])
		}
	})
}
