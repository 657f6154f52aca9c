package lab

import "time"

// recent is a map whose entries live for as long as they are pinned, and for
// one to two periods more: long enough for every retransmission (RFC 3261:
// 32 s), with no timer for each.
type recent[V any] struct {
	pinned, young, old map[string]V
	turned             time.Time
}

const recentPeriod = 64 * time.Second

// put adds an entry that is not pinned.
func (r *recent[V]) put(key string, v V) {
	now := time.Now()
	if r.young == nil {
		r.young, r.turned = map[string]V{}, now
	}
	if now.Sub(r.turned) > recentPeriod {
		r.young, r.old, r.turned = map[string]V{}, r.young, now
	}
	r.young[key] = v
}

// pin adds an entry that stays until unpin.
func (r *recent[V]) pin(key string, v V) {
	if r.pinned == nil {
		r.pinned = map[string]V{}
	}
	r.pinned[key] = v
}

// unpin lets an entry grow old.
func (r *recent[V]) unpin(key string) {
	if v, ok := r.pinned[key]; ok {
		delete(r.pinned, key)
		r.put(key, v)
	}
}

func (r *recent[V]) get(key string) V {
	for _, m := range [3]map[string]V{r.pinned, r.young, r.old} {
		if v, ok := m[key]; ok {
			return v
		}
	}
	var none V
	return none
}
