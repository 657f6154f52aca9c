package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
)

// leg is the dialer's call to a phone, from its answer to its end.
type leg struct {
	phone  *Phone
	dialog *dialog
	stream *stream
	law    media.Codec
	dtmf   uint8
	rng    *rand.Rand

	keys   sync.Mutex  // one key at a time
	visits chan *visit // customers, as their connect tones are heard

	ear     toneEar // the listener's own
	mu      sync.Mutex
	current *visit // between the tones
}

// answer takes the dialer's call: 180, 200, and the leg is up.
func (p *Phone) answer(req *sip.Request, from peer, offer offer, law media.Codec) {
	network := p.cfg.Network
	if network == nil {
		network = &net.ListenConfig{}
	}
	conn, err := network.ListenPacket(context.Background(), "udp", netip.AddrPortFrom(from.end.local.Addr(), 0).String())
	if err != nil {
		answerTo(from, req, 500, "No Socket", "lab")
		return
	}
	rng := rand.New(rand.NewPCG(p.draw(), 0))
	tag := fmt.Sprintf("%016x", hashString(p.cfg.User+branchOf(req.Via())))
	l := &leg{phone: p, dialog: newDialog(from.end, from, req, tag, p.cfg.User), law: law, dtmf: offer.dtmf,
		stream: newStream(conn, rng, newNoise(rng, -62)), rng: rng, visits: make(chan *visit, 4)}
	l.stream.onFrame = l.hear
	if p.cfg.Continuous {
		l.stream.continuous = time.Now().Add(365 * 24 * time.Hour)
	}
	l.stream.aim(offer, law)
	l.stream.listen()
	if !p.adopt(l) {
		l.stream.close()
		answerTo(from, req, 480, "Temporarily Unavailable", "lab")
		return
	}
	l.dialog.respond(180, "Ringing", nil)
	l.dialog.respond(200, "OK", writeSDP(l.stream.local(), []media.Codec{law}, l.dtmf, mirror(offer.direction), 1))
}

// adopt starts a leg, unless the phone is closing.
func (p *Phone) adopt(l *leg) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if closed(p.quit) {
		return false
	}
	p.leg = l
	p.stats.Legs++
	p.stats.LegUp = true
	p.work.Go(l.run)
	return true
}

// reoffered takes a re-INVITE or UPDATE.
func (l *leg) reoffered(req *sip.Request, from peer) {
	direction := "sendrecv"
	if offer, err := readSDP(req.Body()); err == nil {
		law, ok := choose(offer.laws, l.phone.cfg.Laws)
		if !ok {
			answerTo(from, req, 488, "Not Acceptable Here", l.dialog.tag)
			return
		}
		l.stream.aim(offer, law)
		direction = mirror(offer.direction)
	}
	res := reply(req, 200, "OK", l.dialog.tag, l.dialog.contact(), sip.NewHeader("Content-Type", "application/sdp"))
	res.SetBody(writeSDP(l.stream.local(), []media.Codec{l.law}, l.dtmf, direction, 2))
	from.send([]byte(res.String()))
}

// run works the leg until it is over.
func (l *leg) run() {
	l.phone.work.Go(l.misbehave)
	ended := make(chan struct{})
	go func() { // the phone closing ends the leg, and the leg's end a visit
		select {
		case <-l.phone.quit:
			l.hangUp()
		case <-l.dialog.over:
		}
		l.part(false)
		close(ended)
	}()
	l.operate()
	<-ended
	l.stream.close()
	p := l.phone
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leg, p.stats.LegUp = nil, false
	p.stats.Said += l.said()
}

func (l *leg) said() time.Duration {
	return time.Duration(l.stream.sent.Load()) * media.FrameTime
}

// misbehave commits the faults, each at its time, until the leg is over.
func (l *leg) misbehave() {
	f, start := l.phone.cfg.Faults, time.Now()
	faults := []struct {
		after  time.Duration
		commit func()
	}{
		{f.Drop, l.dialog.hangUp},
		{f.Bye, l.hangUp},
		{f.Deaf, func() { l.stream.deaf.Store(true) }},
		{f.Mute, l.stream.fallSilent},
		{f.Move, l.phone.move},
	}
	slices.SortFunc(faults, func(a, b struct {
		after  time.Duration
		commit func()
	}) int {
		return int(a.after - b.after)
	})
	for _, fault := range faults {
		if fault.after == 0 {
			continue
		}
		timer := time.NewTimer(time.Until(start.Add(fault.after)))
		select {
		case <-timer.C:
			fault.commit()
		case <-l.dialog.over:
			timer.Stop()
			return
		}
	}
}

// hangUp sends a BYE and does not wait long for the answer.
func (l *leg) hangUp() {
	give, stop := giveUp(2 * time.Second)
	defer stop()
	_ = l.dialog.bye(give) // what goes wrong with it is a violation of the caller's, and noted there
	l.dialog.hangUp()
}
