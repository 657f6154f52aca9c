package dialer

import (
	"context"
	"errors"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"

	"go.uber.org/zap"
)

func (c *call) note() {
	if err := c.l.s.store.Note(c.a.ID, c.notes); err != nil {
		c.l.log.Error("progress of an attempt could not be noted", zap.String("attempt", c.a.ID), zap.Error(err))
	}
}

// settle makes the call record, tells what is in it, and lets the floor know.
func (c *call) settle() {
	c.closeRecording()
	c.farEnds()
	if c.rec.EndedAt.IsZero() {
		c.rec.EndedAt = time.Now()
	}
	c.worked()
	st := c.settlement()
	next := c.l.rules.Load().ask(st.NextTry)
	free := sync.OnceFunc(func() {
		c.l.tell(floor.Input{Kind: floor.InSettled, Call: c.a.ID, Outcome: c.rec.Outcome, Disposition: st.Record.Disposition, NextAt: next})
	})
	defer free()
	if len(st.Record.ScriptAnswers) > 0 {
		c.l.s.surveys.recording(c.a.ID)
	}
	rec, kept := c.keep(st, free)
	if !kept {
		return
	}
	free() // not after count, which waits while somebody reads all records
	c.l.s.surveys.count(c, rec.ScriptAnswers)
	if st.Promise != nil || c.a.For != "" {
		c.l.promisesChanged()
	}
	c.l.publish(Event{Kind: "call.ended", Attempt: c.a.ID, Operator: rec.Operator, Trunk: rec.Trunk, State: rec.Outcome, Detail: rec.Disposition})
}

// settlement is the record, and what becomes of the contact.
func (c *call) settlement() contactdb.Settlement {
	st := contactdb.Settlement{Record: c.rec, Evidence: c.listening.evidence()}
	def := c.rules.def
	said, promised := "", time.Time{}
	if c.key != 0 {
		d := def.Dispositions[c.key-'1']
		said = d.Name
		st.Callback = d.Callback > 0
		promised = c.promised()
		st.Promised = !d.Final
		if d.DNC {
			st.Suppress = &contactdb.Suppression{Phone: c.a.Contact.Phone, Reason: "asked not to be called", Source: "operator " + c.rec.Operator, AddedAt: time.Now()}
		}
	}
	st.Record.Disposition = said
	if said == "" && !c.rec.BridgedAt.IsZero() {
		st.Record.Disposition = "unset"
	}
	st.NextTry, st.Final = def.NextTry(c.a, c.rec.Outcome, said, c.rec.EndedAt)
	st.NextTry = def.InBestHour(*c.l.hours.Load(), c.contact(), c.rec.Outcome, st.NextTry)
	if st.Callback && st.Final == "" && promised.IsZero() {
		st.Promise = def.Promise(st.NextTry, "", c.rec.Operator, st.Record.Note, time.Now())
	}
	if !promised.IsZero() && st.Final == "" {
		st.Promise = def.Promise(promised, c.promisedBy(), c.rec.Operator, st.Record.Note, time.Now())
		st.NextTry = promised
	}
	st.Promised = st.Promised || said == ""
	if st.Owed = st.Final == "" && said == "" && c.rec.PlacedAt.IsZero(); st.Owed && c.rec.EndedBy != endedByOperator {
		st.NextTry = soonAgain(c.a, st.NextTry, c.rec.EndedAt)
	}
	return st
}

// heldFor is how long an operator waits for a record that cannot be kept.
const heldFor = 10 * time.Second

// keep makes the record, even while the service stops. While the store cannot
// be written it tries again, the contact and the operator's word being worth
// it, and after heldFor has the floor go on without; false for what a stop finds
// unkept: the next life recovers it as interrupted.
func (c *call) keep(st contactdb.Settlement, free func()) (rec contactdb.Record, kept bool) {
	began := time.Now()
	for first := true; ; first = false {
		rec, err := c.l.s.settle(context.WithoutCancel(c.l.ctx), st)
		if err == nil || errors.Is(err, contactdb.ErrState) {
			return rec, true
		}
		if first {
			c.l.s.storeFailed(c.l.name, err)
			continue // with the room that was kept for it, also when the service stops
		}
		if time.Since(began) >= heldFor {
			free()
		}
		if !c.l.s.pause(time.Second) {
			return rec, false
		}
	}
}
