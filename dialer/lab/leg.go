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

// visit is one customer on the leg.
type visit struct {
	from   time.Time
	heard  time.Duration
	first  time.Duration // from the connect tone to the first sound; 0: none yet
	gone   chan struct{} // closed by the end tone, or by the leg's end
	byTone bool          // the end tone was heard
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
	l.dialog.bye(give)
	l.dialog.hangUp()
}

// hear judges a frame, in the listening goroutine.
func (l *leg) hear(at time.Time, law media.Codec, payload []byte) {
	if !loud(law, payload) {
		l.ear.run = 0
		return
	}
	switch certain, tone := l.ear.hear(law, payload); {
	case certain == ConnectTone:
		l.arrive(at)
	case certain == EndTone:
		l.part(true)
	case !tone:
		l.mu.Lock()
		if v := l.current; v != nil {
			v.heard += media.FrameTime
			if v.first == 0 {
				v.first = at.Sub(v.from)
			}
		}
		l.mu.Unlock()
	}
}

// arrive begins a visit.
func (l *leg) arrive(at time.Time) {
	v := &visit{from: at, gone: make(chan struct{})}
	l.mu.Lock()
	second := l.current != nil
	if !second {
		l.current = v
	}
	l.mu.Unlock()
	if second {
		l.phone.violate("a connect tone while a customer is on the line")
		return
	}
	l.phone.mu.Lock()
	l.phone.stats.Calls++
	l.phone.mu.Unlock()
	select {
	case l.visits <- v:
	default:
		l.phone.violate("more customers than an operator can notice")
	}
}

// part ends the visit, if there is one.
func (l *leg) part(byTone bool) {
	l.mu.Lock()
	v := l.current
	l.current = nil
	l.mu.Unlock()
	if v == nil {
		return
	}
	v.byTone = byTone
	l.phone.mu.Lock()
	s := &l.phone.stats
	if byTone {
		s.Ended++
	}
	s.Heard += v.heard
	if v.first > 0 {
		s.Delays = append(s.Delays, v.first)
	}
	l.phone.mu.Unlock()
	close(v.gone)
}

// press presses a key for 100 ms.
func (l *leg) press(digit byte) {
	l.keys.Lock()
	defer l.keys.Unlock()
	if l.stream.press(l.dialog.over, digit, 100*time.Millisecond) {
		l.phone.mu.Lock()
		l.phone.stats.Pressed = append(l.phone.stats.Pressed, digit)
		l.phone.mu.Unlock()
	}
}

// operate is the operator: signs in, takes customers, wraps up, until the leg
// is over.
func (l *leg) operate() {
	over, cfg := l.dialog.over, &l.phone.cfg
	if !l.stream.idle(over, time.Now().Add(time.Second), nil) {
		return
	}
	if !cfg.Manual {
		l.press('*')
	}
	for {
		v := l.next()
		if v == nil {
			return
		}
		l.talk(v)
		if !v.byTone { // the leg is over
			return
		}
		if cfg.Manual {
			continue
		}
		if !l.stream.idle(over, time.Now().Add(cfg.Wrap.draw(l.rng)), nil) {
			return
		}
		l.press(l.disposition())
	}
}

// next waits for a customer; nil when the leg is over.
func (l *leg) next() *visit {
	for {
		select {
		case v := <-l.visits:
			return v
		case <-l.dialog.over:
			return nil
		default:
		}
		if !l.stream.idle(l.dialog.over, time.Now().Add(time.Hour), l.stream.sound) {
			return nil
		}
	}
}

// talk takes turns with a customer until the end tone.
func (l *leg) talk(v *visit) {
	cfg := &l.phone.cfg
	gap, until := cfg.Turn.draw(l.rng), time.Now().Add(cfg.Talk.draw(l.rng))
	if cfg.Talk.Mean < 0 {
		until = time.Now().Add(24 * time.Hour)
	}
	for {
		if !l.stream.idle(v.gone, time.Now().Add(gap), nil) || !l.stream.hush(v.gone, gap) {
			return
		}
		if !cfg.Manual && !time.Now().Before(until) {
			l.press('#')
			until = time.Now().Add(5 * time.Second) // pressed again if nothing happens
		}
		pcm, err := render([]Sound{Say(clip(l.rng, cfg.Lang, "operator"))}, -3)
		if err != nil || !l.stream.speak(v.gone, pcm) {
			return
		}
		if _, ok := l.stream.hears(v.gone, 3*time.Second+2*gap); !ok {
			return
		}
	}
}

// disposition draws a digit by its weight.
func (l *leg) disposition() byte {
	weights := l.phone.cfg.Dispositions
	var digits []byte
	sum := 0.0
	for d, w := range weights {
		digits = append(digits, d)
		sum += w
	}
	slices.Sort(digits)
	x := l.rng.Float64() * sum
	for _, d := range digits {
		if x -= weights[d]; x < 0 {
			return d
		}
	}
	return digits[len(digits)-1]
}
