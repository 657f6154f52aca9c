package lab

import (
	"sync"
	"time"
)

// meter counts requests by second.
type meter struct {
	mu     sync.Mutex
	second int64
	now    int
	peak   int
	total  int
}

func (m *meter) count(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := at.Unix(); s != m.second {
		m.second, m.now = s, 0
	}
	m.now++
	m.total++
	m.peak = max(m.peak, m.now)
}
