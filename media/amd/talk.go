package amd

// talk joins active frames that are no tone into speech and pauses. Speech
// begins with three voiced frames among the last six and is then dated back to
// its first active frame; clicks and breath begin nothing.
type talk struct {
	begun    int // first frame of the first speech; valid if heard
	until    int // end of the last active frame of speech
	heard    bool
	active   int    // active frames of speech so far
	longest  int    // longest pause inside it
	words    int    // bursts separated by 100 ms and more
	history  uint64 // newest bit first: active, not tonal
	voiced   uint64
	restarts int // pauses of 0.4 s and more after which speech went on
}

const wordGap = 5 // frames of pause that separate two words

func (t *talk) add(n int, s sound) {
	speech := s.active
	t.history = t.history<<1 | bit(speech)
	t.voiced = t.voiced<<1 | bit(speech && s.voiced)
	if !t.running(n) {
		if ones(t.voiced, 6) >= 3 {
			t.start(n)
		}
		return
	}
	if speech {
		if pause := n - t.until; pause >= wordGap {
			t.words++
			t.longest = max(t.longest, pause)
		}
		t.until = n + 1
		t.active++
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
		t.heard, t.begun = true, from
	} else {
		from = max(from, t.until)
		pause := from - t.until
		t.longest = max(t.longest, pause)
		if pause >= 20 {
			t.restarts++
		}
	}
	t.words++
	t.active += ones(t.history, n+1-from)
	t.until = n + 1
}

// spoke tells whether there was more than a click.
func (t *talk) spoke() bool { return t.heard && t.active >= 5 }

// span is the length from the first speech to the last, in frames.
func (t *talk) span() int { return t.until - t.begun }

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
