package access

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Limiter slows down guessing: after some failures for the same key within a
// while, the key is locked; each further failure after that locks it for twice
// as long. A success clears the key. The zero value is not usable.
type Limiter struct {
	free   int           // failures that cost nothing
	first  time.Duration // of the first lock
	most   time.Duration // of any lock
	forget time.Duration // a key without failures for so long is forgotten

	mu   sync.Mutex // guards keys
	keys map[string]*guesses
}

type guesses struct {
	failed int
	last   time.Time
	until  time.Time // locked until
}

// NewLimiter locks a key after free failures for first, and for at most most.
func NewLimiter(free int, first, most time.Duration) *Limiter {
	return &Limiter{free: free, first: first, most: most, forget: 2 * most, keys: map[string]*guesses{}}
}

// maxKeys bounds the memory that strangers can make us use. Beyond it a tenth is
// forgotten, those with the fewest failures, of those the ones that rested
// longest: a flood of new keys does not clear the count of one that is being guessed.
const maxKeys = 10_000

// Wait says how long a key is still locked; 0: it is not.
func (l *Limiter) Wait(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.keys[key]; g != nil {
		return max(0, g.until.Sub(now))
	}
	return 0
}

// Failed counts a failure.
func (l *Limiter) Failed(key string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.keys[key]
	if g == nil || now.Sub(g.last) > l.forget {
		l.makeRoom(now)
		g = &guesses{}
		l.keys[key] = g
	}
	g.failed++
	g.last = now
	if over := g.failed - l.free; over > 0 {
		lock := l.first
		for ; over > 1 && lock < l.most; over-- {
			lock *= 2
		}
		g.until = now.Add(min(lock, l.most))
	}
}

func (l *Limiter) makeRoom(now time.Time) {
	if len(l.keys) < maxKeys {
		return
	}
	maps.DeleteFunc(l.keys, func(_ string, g *guesses) bool { return now.Sub(g.last) > l.forget })
	all := slices.SortedFunc(maps.Keys(l.keys), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.keys[a].failed, l.keys[b].failed), l.keys[a].last.Compare(l.keys[b].last))
	})
	for _, k := range all[:max(0, len(all)-maxKeys*9/10)] {
		delete(l.keys, k)
	}
}

// Clear forgets the failures of a key.
func (l *Limiter) Clear(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, key)
}
