package amd

// talk joins active frames that are no tone into speech and pauses. Speech
// begins with three voiced frames among the last six, or with eight that are
// loud in the low bands and rise and fall as a creaking voice does; it is then
// dated back to its first active frame. Clicks, breath and steady noise begin
// nothing.
type talk struct {
	begun   int // first frame of the first speech; valid if heard
	until   int // end of the last active frame of speech
	heard   bool
	active  int    // active frames of speech so far
	pauses  tally  // pauses of 100 ms and more inside it, in frames
	longest int    // the longest of them
	long    int    // those of 250 ms and more
	first   int    // length of the first burst, in frames; 0 while it lasts
	gap     int    // length of the pause after it
	run     int    // first frame of the speech that has gone on since with pauses under half a second
	burst   int    // first frame of the burst being heard, or of the last one
	widest  int    // longest burst that ended
	words   int    // bursts separated by 100 ms and more
	history uint64 // newest bit first: active
	voiced  uint64
	recent  [8]float64 // levels of the newest frames
	style   style
}

// Pauses, in frames, that separate two words, two parts of a sentence, two turns of speech.
const (
	wordGap = 5
	longGap = 12
	runGap  = 25
)

// add takes frame n. Toneless are the newest frames, newest bit first, that
// were active without a tone.
func (t *talk) add(n int, s sound, toneless uint64) {
	t.history = t.history<<1 | bit(s.active)
	t.voiced = t.voiced<<1 | bit(s.voiced)
	t.recent[n%len(t.recent)] = s.db
	if s.db <= silentDB {
		t.style.digital++
	}
	if !t.running(n) {
		if ones(t.voiced, 6) >= 3 || t.creaks(s, toneless) {
			t.start(n)
			t.style.speech(n, s)
		} else {
			t.rest(n, s)
		}
		return
	}
	t.style.envelope(n, s)
	if !s.active {
		t.rest(n, s)
		return
	}
	if n-t.until >= wordGap {
		t.resume(n)
	}
	t.until = n + 1
	t.active++
	t.style.speech(n, s)
}

// creaks tells a voice too low or too rough to be periodic within the window.
func (t *talk) creaks(s sound, toneless uint64) bool {
	if ones(t.history, 8) < 7 || ones(toneless, 8) < 5 || s.db < s.floor+12 {
		return false
	}
	low, high := s.db, s.db
	for _, v := range t.recent {
		low, high = min(low, v), max(high, v)
	}
	return high-low > 8 && s.db < high-3 && max(s.bands[1], s.bands[2]) > s.bands[4]+6
}

// rest takes a frame that is no speech.
func (t *talk) rest(n int, s sound) {
	if t.heard {
		t.style.ending.rest(n-t.until, s.db)
	}
	switch {
	case s.active:
		t.style.bumps++
	case !t.heard:
		t.style.before.add(max(s.db, -80))
	case n-t.until >= 3: // the room's answer has died away
		t.style.after.add(max(s.db, -80))
	}
}

// running tells whether speech is going on at frame n, 200 ms of pause included.
func (t *talk) running(n int) bool { return t.heard && n-t.until < 10 }

// start begins or resumes speech, dated back to its first active frame.
func (t *talk) start(n int) {
	from := n + 1
	for i := 0; i < 12 && (t.history>>i)&3 != 0; i++ {
		from = n - i
	}
	if !t.heard {
		t.heard, t.begun, t.run, t.burst, t.words = true, from, from, from, 1
		t.style.valley, t.style.smooth = -70, -70
	} else {
		from = max(from, t.until)
		t.resume(from)
	}
	dated := ones(t.history, n+1-from)
	t.style.bumps = max(0, t.style.bumps-dated+1)
	t.active += dated
	t.until = n + 1
}

// resume begins a new burst at frame n, after a pause since until.
func (t *talk) resume(n int) {
	pause := n - t.until
	t.widest = max(t.widest, t.until-t.burst)
	if t.first == 0 {
		t.first, t.gap = t.until-t.burst, pause
	}
	if pause >= wordGap {
		t.pauses.add(float64(pause))
		t.longest = max(t.longest, pause)
		if pause >= longGap {
			t.long++
		}
	}
	if pause >= runGap {
		t.run = n
	}
	t.words++
	t.burst = n
	t.style.ending.falls = trend{}
}

// span is the length from the first speech to the last, in frames.
func (t *talk) span() int { return t.until - t.begun }

// spoke tells whether there was more than a click.
func (t *talk) spoke() bool { return t.heard && t.active >= 5 }

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func ones(v uint64, n int) int {
	c := 0
	for range n {
		c += int(v & 1)
		v >>= 1
	}
	return c
}
