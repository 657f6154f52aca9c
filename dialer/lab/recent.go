package lab

import "time"

// recent is a map whose entries live for one to two periods after they were
// last put or got: long enough for every retransmission (RFC 3261: 32 s), with
// no timer for each.
type recent[V any] struct {
	young, old map[string]V
	turned     time.Time
}

const recentPeriod = 64 * time.Second

func (r *recent[V]) turn() {
	now := time.Now()
	if r.young == nil {
		r.young, r.turned = map[string]V{}, now
	}
	if now.Sub(r.turned) > recentPeriod {
		r.young, r.old, r.turned = map[string]V{}, r.young, now
	}
}

func (r *recent[V]) put(key string, v V) {
	r.turn()
	r.young[key] = v
}

func (r *recent[V]) get(key string) V {
	if v, ok := r.young[key]; ok {
		return v
	}
	return r.old[key]
}
