package lab

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"apel/media"
	"apel/testdata/voices"
)

// Law is a distribution of durations: log-normal with a mean and the standard
// deviation of the logarithm, cut at both ends. Spread 0 is always the mean.
type Law struct {
	Mean   time.Duration
	Spread float64
	Least  time.Duration
	Most   time.Duration // 0: no limit
}

func (l Law) draw(rng *rand.Rand) time.Duration {
	x := rng.NormFloat64()
	d := time.Duration(float64(l.Mean) * math.Exp(l.Spread*x-l.Spread*l.Spread/2))
	if d = max(d, l.Least); l.Most > 0 {
		d = min(d, l.Most)
	}
	return d
}

func (l Law) scale(f float64) Law {
	l.Mean, l.Least, l.Most = scale(l.Mean, f), scale(l.Least, f), scale(l.Most, f)
	return l
}

func scale(d time.Duration, f float64) time.Duration { return time.Duration(float64(d) * f) }

// PopulationConfig says who lives behind a carrier.
type PopulationConfig struct {
	Seed uint64

	// Shares of what a call meets; they are weights, and all zero means
	// 25 % people, 30 % machines, 35 % no answer, 10 % failed.
	People, Machines, NoAnswer, Failed float64
	// Kinds, when not empty, replaces all shares by weights of its own.
	Kinds map[Kind]float64

	Ring     Law     // until the answer; default mean 12 s, 2 to 40 s
	Talk     Law     // of a conversation; default mean 120 s, from 10 s
	Turn     Law     // quiet before taking a turn; default mean 700 ms, from 300 ms
	Scale    float64 // of ringing, talk and patience, not of speech; default 1
	Romanian float64 // share that speaks Romanian; default 0.5, negative: none
	Quirks   float64 // share of callees with one odd habit in SIP or RTP; default 0
}

// Population draws callees.
type Population struct {
	cfg   PopulationConfig
	kinds []Kind
	upTo  []float64 // cumulative weights of kinds
}

// shares within a group, after what dialers meet on ordinary lists.
var (
	people   = map[Kind]float64{Hello: .55, Phrase: .25, Business: .10, Silent: .04, HangsUpEarly: .03, LateAnswer: .03}
	machines = map[Kind]float64{MachineShort: .35, MachineLong: .61, Fax: .02, SITAnswered: .02}
	failed   = map[Kind]float64{Busy: .5, SIT: .15, Congestion: .05, Refused: .3}
)

// NewPopulation sets the defaults.
func NewPopulation(cfg PopulationConfig) *Population {
	if cfg.People+cfg.Machines+cfg.NoAnswer+cfg.Failed == 0 {
		cfg.People, cfg.Machines, cfg.NoAnswer, cfg.Failed = .25, .30, .35, .10
	}
	if cfg.Ring == (Law{}) {
		cfg.Ring = Law{Mean: 12 * time.Second, Spread: .5, Least: 2 * time.Second, Most: 40 * time.Second}
	}
	if cfg.Talk == (Law{}) {
		cfg.Talk = Law{Mean: 120 * time.Second, Spread: .8, Least: 10 * time.Second}
	}
	if cfg.Turn == (Law{}) {
		cfg.Turn = Law{Mean: 700 * time.Millisecond, Spread: .4, Least: 300 * time.Millisecond}
	}
	if cfg.Scale == 0 {
		cfg.Scale = 1
	}
	if cfg.Romanian == 0 {
		cfg.Romanian = .5
	}
	p := &Population{cfg: cfg}
	p.weigh()
	return p
}

func (p *Population) weigh() {
	weights := p.cfg.Kinds
	if len(weights) == 0 {
		weights = map[Kind]float64{NoAnswer: p.cfg.NoAnswer}
		add(weights, people, p.cfg.People)
		add(weights, machines, p.cfg.Machines)
		add(weights, failed, p.cfg.Failed)
	}
	sum := 0.0
	for k := range weights {
		p.kinds = append(p.kinds, k)
	}
	slices.Sort(p.kinds)
	for _, k := range p.kinds {
		sum += weights[k]
		p.upTo = append(p.upTo, sum)
	}
}

func add(weights, group map[Kind]float64, share float64) {
	for k, w := range group {
		weights[k] = w * share
	}
}

// Persona is who answers a number at an attempt, counted from 1. The voice, the
// line and the habits belong to the number; the rest to the attempt.
func (p *Population) Persona(number string, attempt int) Persona {
	who := rand.New(rand.NewPCG(p.cfg.Seed, hashString(number)))
	when := rand.New(rand.NewPCG(p.cfg.Seed^uint64(attempt)<<32, hashString(number)+1))
	lang := "en"
	if who.Float64() < p.cfg.Romanian {
		lang = "ro"
	}
	out := p.persona(p.pick(when), lang, who, when)
	if odd := rand.New(rand.NewPCG(p.cfg.Seed, hashString(number)+2)); odd.Float64() < p.cfg.Quirks {
		out.addQuirk(odd)
	}
	return out
}

func (p *Population) pick(rng *rand.Rand) Kind {
	x := rng.Float64() * p.upTo[len(p.upTo)-1]
	i, _ := slices.BinarySearch(p.upTo, x)
	return p.kinds[min(i, len(p.kinds)-1)]
}

// persona makes a callee of a kind.
func (p *Population) persona(kind Kind, lang string, who, when *rand.Rand) Persona {
	f := p.cfg.Scale
	out := Persona{
		Kind: kind, Lang: lang, Status: 200, Progress: 180,
		Delay: scale(between(when, 300, 1500), f),
		Ring:  p.cfg.Ring.scale(f).draw(when),
		Level: -9 * who.Float64(),
		Noise: -68 + 18*who.Float64(),
		Line:  Line{Laws: laws(who)},
	}
	switch kind.Truth() {
	case IsHuman:
		p.human(&out, who, when)
	case IsMachine:
		machine(&out, who, when)
	default:
		signal(&out, who, when, f)
	}
	return out
}

func (p *Population) human(out *Persona, who, when *rand.Rand) {
	f := p.cfg.Scale
	use := map[Kind]string{Phrase: "phrase", Business: "business"}[out.Kind]
	if use == "" {
		use = "hello"
	}
	hello := clip(who, out.Lang, use)
	out.Voice = []Sound{Pause(between(when, 150, 900)), Say(hello)}
	out.Again = []Sound{Say(clip(who, out.Lang, "hello"))}
	for range 4 {
		out.Talk = append(out.Talk, Say(clip(who, out.Lang, "talk")))
	}
	out.Gap = p.cfg.Turn.draw(who)
	out.Patience = between(when, 2500, 5000)
	out.Bored = max(scale(between(when, 20000, 40000), f), 3*out.Gap+5*time.Second)
	out.TalkFor = p.cfg.Talk.scale(f).draw(when)
	switch out.Kind {
	case Silent:
		out.Voice, out.Again = nil, nil
	case HangsUpEarly:
		out.HangUpAt = between(when, 200, 1200)
	case LateAnswer:
		out.Status, out.AnswersCancelled = 0, true
	}
}

func machine(out *Persona, who, when *rand.Rand) {
	use := map[Kind]string{MachineShort: "short", MachineLong: "long", MachineHello: "long"}[out.Kind]
	pitch := []float64{440, 800, 950, 1400, 2000}[who.IntN(5)]
	out.Voice = []Sound{Pause(between(when, 200, 1500)), Say(clip(who, out.Lang, use)),
		Pause(between(who, 200, 1200)), Tone(between(who, 200, 1000), pitch)}
	if out.Kind == MachineHello {
		out.Voice = append([]Sound{out.Voice[0], Say(clip(who, out.Lang, "hello")), Pause(between(who, 800, 1000))}, out.Voice[1:]...)
	}
	out.Bored = 8 * time.Second // of silence, as most machines do
	out.Patience = out.Bored
	out.HangUpAt = 60 * time.Second
}

// signal makes what is neither a person nor a machine.
func signal(out *Persona, who, when *rand.Rand, f float64) {
	quick := scale(between(when, 500, 3000), f)
	announce := append([]Sound{Pause(300 * time.Millisecond)}, sitTones...)
	announce = append(announce, Pause(200*time.Millisecond), Say(clip(who, out.Lang, "announce")), Pause(time.Second))
	switch out.Kind {
	case Fax:
		out.Voice, out.HangUpAt = faxTone, between(when, 20000, 35000)
	case SITAnswered:
		out.Voice, out.HangUpAt, out.Ring = announce, between(when, 9000, 15000), quick
	case SIT:
		out.Progress, out.Early, out.Ring = 183, announce, between(when, 4000, 9000)
		out.Status, out.Cause = 404, 1
		if who.IntN(2) == 0 {
			out.Status, out.Cause = 480, 20
		}
	case Congestion:
		out.Progress, out.Early, out.Ring, out.Status, out.Cause = 183, congestionTone, between(when, 2000, 6000), 503, 34
	case Busy:
		out.Progress, out.Ring, out.Status, out.Cause = 0, quick, 486, 17
	case NoAnswer:
		out.Status = 0
		if who.IntN(4) == 0 { // ringback played by the network
			out.Progress, out.Early = 183, ringbackTone
		}
	case Refused:
		refusals := [][2]int{{404, 1}, {484, 28}, {503, 41}, {603, 21}}
		r := refusals[who.IntN(len(refusals))]
		out.Progress, out.Ring, out.Status, out.Cause = 0, quick, r[0], r[1]
	}
}

// addQuirk gives a callee one odd habit.
func (out *Persona) addQuirk(odd *rand.Rand) {
	switch odd.IntN(9) {
	case 0:
		out.Line.Mute = true
	case 1:
		out.Line.OtherPort = true
	case 2:
		out.Line.Strange = 96 + uint8(odd.IntN(20))
	case 3:
		out.Line.Continuous = time.Nanosecond
	case 4:
		out.Line.NoDTMF = true
	case 5:
		out.AnswersTwice = true
	case 6:
		out.ByeRace = true
	case 7:
		out.HoldAt, out.HoldFor = between(odd, 3000, 8000), between(odd, 1000, 5000)
	case 8:
		out.Line.Laws = out.Line.Laws[:1]
	}
}

// laws: most lines speak both; each has its favourite.
func laws(who *rand.Rand) []media.Codec {
	if who.IntN(2) == 0 {
		return []media.Codec{media.PCMA, media.PCMU}
	}
	return []media.Codec{media.PCMU, media.PCMA}
}

// between draws evenly from a range in milliseconds.
func between(rng *rand.Rand, least, most int) time.Duration {
	return time.Duration(least+rng.IntN(most-least+1)) * time.Millisecond
}

// clip draws a voice for a use.
func clip(rng *rand.Rand, lang, use string) string {
	names := byUse[lang+"-"+use]
	return names[rng.IntN(len(names))]
}

var byUse = func() map[string][]string {
	m := map[string][]string{}
	for _, name := range voices.Names() {
		lang, rest, _ := strings.Cut(name, "-")
		use, _, _ := strings.Cut(rest, "-")
		key := lang + "-" + use
		m[key] = append(m[key], name)
	}
	return m
}()
