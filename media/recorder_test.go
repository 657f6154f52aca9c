package media

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bridged is a customer and an operator, each a peer behind a session.
type bridged struct {
	customer, operator *Session
	far, near          *peer // the customer's end, the operator's end
}

func newBridged(t *testing.T, customer, operator Codec) *bridged {
	t.Helper()
	n := newMemNet()
	b := &bridged{customer: n.open(t), operator: n.open(t)}
	b.far = n.peer(t, "10.0.0.2:4000", b.customer)
	b.near = n.peer(t, "10.0.0.3:4000", b.operator)
	b.far.h.PayloadType, b.near.h.PayloadType = uint8(customer), uint8(operator)
	b.near.h.SSRC = 0x5678
	negotiate(t, b.customer, b.far.describes(customer))
	negotiate(t, b.operator, b.near.describes(operator))
	return b
}

// talk sends sound in packets of 20 ms, in real time.
func (p *peer) talk(sound []int16) {
	for frame := range slices.Chunk(sound, FrameSamples) {
		p.send(Codec(p.h.PayloadType).Encode(nil, frame))
		time.Sleep(FrameTime)
	}
}

func TestARecordingHasBothSidesAsTheySaidIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "2026", "call.wav")
	low, high := Tone(300, 2*time.Second, -10), Tone(900, time.Second, -10)
	var rec Recording
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMU)
		r, err := NewRecorder(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		join := Join(b.customer, b.operator, r)
		go b.far.talk(low)
		time.Sleep(500 * time.Millisecond)
		b.near.talk(high)
		time.Sleep(1500 * time.Millisecond) // 3 s in all
		join.Close()
		time.Sleep(time.Minute) // wrap-up is not recorded
		if rec, err = r.Close(); err != nil {
			t.Fatal(err)
		}
	})
	got, err := ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	quiet := func(d time.Duration) []int16 { return make([]int16, samplesIn(d)) }
	customer := slices.Concat(roundTrip(PCMA, low), quiet(time.Second))
	operator := slices.Concat(quiet(500*time.Millisecond), roundTrip(PCMU, high), quiet(1500*time.Millisecond))
	if diff := cmp.Diff([][]int16{customer, operator}, got); diff != "" {
		t.Error(diff)
	}
	if rec.Duration != 3*time.Second || rec.Path != path || rec.Dropped != 0 {
		t.Errorf("got %+v", rec)
	}
	if rec.SHA256 != hashOf(t, path) {
		t.Errorf("the hash %s is not the file's", rec.SHA256)
	}
	if _, err := os.Stat(path + partSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the .part file is still there: %v", err)
	}
}

func hashOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestLossAndPausesAreSilenceOfTheirLengthInARecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	sound := Tone(300, 400*time.Millisecond, -10)
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		r, _ := NewRecorder(path, nil)
		Join(b.customer, b.operator, r)
		b.far.talk(sound)
		time.Sleep(100 * time.Millisecond) // five packets are lost
		b.far.h.SequenceNumber += 5
		b.far.h.Timestamp += 5 * FrameSamples
		b.far.talk(sound)
		time.Sleep(10 * time.Second) // a pause without packets, longer than the timeline's ring
		b.far.h.Timestamp += 10 * SampleRate
		b.far.talk(sound)
		if _, err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
	got, err := ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	heard := roundTrip(PCMA, sound)
	want := slices.Concat(heard, make([]int16, SampleRate/10), heard, make([]int16, 10*SampleRate), heard)
	if diff := cmp.Diff(want, got[left]); diff != "" {
		t.Error(diff)
	}
	if slices.ContainsFunc(got[right], func(s int16) bool { return s != 0 }) {
		t.Error("the operator said nothing, but is heard")
	}
}

func TestJitterAndReorderingDoNotTearARecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	sound := Tone(300, 2*time.Second, -10)
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		r, _ := NewRecorder(path, nil)
		Join(b.customer, b.operator, r)
		for i, frame := range slices.Collect(slices.Chunk(sound, FrameSamples)) {
			h := b.far.h
			h.SequenceNumber += uint16(i)
			h.Timestamp += uint32(i * FrameSamples)
			late := time.Duration(i*37%7) * 25 * time.Millisecond // up to 150 ms
			time.AfterFunc(time.Duration(i)*FrameTime+late, func() {
				p := *b.far
				p.h = h
				p.send(PCMA.Encode(nil, frame))
			})
		}
		time.Sleep(3 * time.Second)
		if _, err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
	got, err := ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(roundTrip(PCMA, sound), got[left][:len(sound)]); diff != "" {
		t.Error(diff)
	}
}

func TestAKilledRecordingIsReadableAndIsFinishedLater(t *testing.T) {
	dir := t.TempDir()
	path, killed := filepath.Join(dir, "call.wav"), filepath.Join(dir, "killed.wav")
	sound := Tone(300, 3*time.Second, -10)
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		r, _ := NewRecorder(path, nil)
		Join(b.customer, b.operator, r)
		b.far.talk(sound)
		snapshot, err := os.ReadFile(path + partSuffix) // what a kill would leave now
		if err != nil {
			t.Fatal(err)
		}
		torn := append(snapshot, 1, 2, 3) // and a write that was cut
		if err := os.WriteFile(killed+partSuffix, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		r.Close()
	})
	want := roundTrip(PCMA, sound)
	check := func(path string) {
		t.Helper()
		got, err := ReadWAV(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(got[left]); n < 2*SampleRate || n > len(want) || !slices.Equal(got[left], want[:n]) {
			t.Errorf("%d samples, not the beginning of what was said", n)
		}
	}
	check(killed + partSuffix)
	first, err := FinishRecording(killed)
	if err != nil {
		t.Fatal(err)
	}
	check(killed)
	if first.SHA256 != hashOf(t, killed) {
		t.Error("the hash is not the file's")
	}
	again, err := FinishRecording(killed)
	if err != nil || again != first {
		t.Errorf("finishing again gives %+v, %v; first was %+v", again, err, first)
	}
	if _, err := FinishRecording(filepath.Join(dir, "none.wav")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a recording that never was: %v", err)
	}
}

func TestARefusedWriteIsToldAtCloseAndKeepsThePart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		r, _ := NewRecorder(path, nil)
		Join(b.customer, b.operator, r)
		b.far.talk(Tone(300, time.Second, -10))
		r.file.Close() // as a disk that goes away
		b.far.talk(Tone(300, time.Second, -10))
		if _, err := r.Close(); err == nil {
			t.Error("no error")
		}
		if got := len(b.near.received()); got != 100 {
			t.Errorf("%d packets were forwarded, want 100: the call must not suffer", got)
		}
	})
	if _, err := os.Stat(path + partSuffix); err != nil {
		t.Error(err)
	}
}

func TestAnExistingRecordingIsNotOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	if err := WriteWAV(path, make([]int16, 10)); err != nil {
		t.Fatal(err)
	}
	if _, err := NewRecorder(path, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v", err)
	}
}

func TestARecordingNobodyWasJoinedToIsEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	r, err := NewRecorder(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Close()
	if err != nil || rec.Duration != 0 {
		t.Errorf("got %+v, %v", rec, err)
	}
	got, err := ReadWAV(path)
	if err != nil || len(got) != 2 || len(got[0]) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestARecorderGoesOnInTheNextBridge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	said := Tone(300, 400*time.Millisecond, -10)
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		r, _ := NewRecorder(path, nil)
		bridge := Join(b.customer, b.operator, r)
		b.far.talk(said)
		bridge.Close()
		time.Sleep(10 * time.Second) // longer than the timeline's ring
		Join(b.customer, b.operator, r)
		synctest.Wait()
		b.far.h.SSRC++ // a new stream, whose second packet comes early
		b.far.send(PCMA.Encode(nil, said[:FrameSamples]))
		time.Sleep(FrameTime / 2)
		b.far.h.SSRC++
		b.far.send(PCMA.Encode(nil, said[FrameSamples:2*FrameSamples]))
		time.Sleep(FrameTime * 3 / 2)
		b.far.talk(said[2*FrameSamples:])
		if _, err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
	got, err := ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	heard := roundTrip(PCMA, said)
	if diff := cmp.Diff(slices.Concat(heard, make([]int16, 10*SampleRate), heard), got[left]); diff != "" {
		t.Error(diff)
	}
}
