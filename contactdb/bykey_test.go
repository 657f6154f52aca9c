package contactdb

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSortingByKeyIsStableSorting(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		few := rapid.Uint64Range(0, 3)
		keys := rapid.SliceOfN(rapid.OneOf(rapid.Uint64(), few, rapid.Map(few, func(n uint64) uint64 { return n << 61 })), 0, 3*radixLeast).Draw(rt, "keys")
		all := make([]entry, len(keys))
		for i, k := range keys {
			all[i] = entry{key: k, local: uint32(i)}
		}
		want := slices.Clone(all)
		slices.SortStableFunc(want, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
		sortByKey(all, func(e *entry) uint64 { return e.key })
		if !slices.Equal(all, want) {
			rt.Fatalf("%v, want %v", all, want)
		}
	})
}
