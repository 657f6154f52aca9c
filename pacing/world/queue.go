package world

import "time"

// due is something that the world will do.
type due struct {
	at   time.Duration
	seq  uint32 // of two at once the one set first comes first
	what what
	id   int32 // call or operator
	gen  uint32
}

type what uint8

const (
	ringStarts what = iota
	ringEnds
	verdictDue
	talkEnds
	wrapEnds
	wake // the floor asked for it
	comesBack
	shockStarts
	shockEnds
	minute
)

// queue is a binary heap of what is due.
type queue struct {
	a   []due
	seq uint32
}

func (q *queue) less(i, j int) bool {
	if q.a[i].at != q.a[j].at {
		return q.a[i].at < q.a[j].at
	}
	return q.a[i].seq < q.a[j].seq
}

func (q *queue) push(d due) {
	q.seq++
	d.seq = q.seq
	q.a = append(q.a, d)
	for i := len(q.a) - 1; i > 0; {
		up := (i - 1) / 2
		if !q.less(i, up) {
			break
		}
		q.a[i], q.a[up] = q.a[up], q.a[i]
		i = up
	}
}

func (q *queue) pop() (due, bool) {
	if len(q.a) == 0 {
		return due{}, false
	}
	top, last := q.a[0], len(q.a)-1
	q.a[0] = q.a[last]
	q.a = q.a[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if q.less(c, least) {
				least = c
			}
		}
		if least == i {
			return top, true
		}
		q.a[i], q.a[least] = q.a[least], q.a[i]
		i = least
	}
}
