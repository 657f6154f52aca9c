package dialer_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"apel/dialer"
	"apel/media"
	"apel/testdata/voices"

	"github.com/zaf/g711"
	"gonum.org/v1/gonum/dsp/fourier"
)

// TestBaresipHearsWhatSippsCalleeSays is one call with everything real but the
// people: baresip registers with digest, is called once and signs in by its *
// key; sipp's callee says hello and is taken for a person by the detector; what
// the callee says then must be in what baresip has recorded. Two calls, one leg.
func TestBaresipHearsWhatSippsCalleeSays(t *testing.T) {
	t.Parallel()
	needPeer(t, "baresip", "baresip-core")
	const gap = 2200 * time.Millisecond // the decision and the bridge fall into it
	hello, talk := clip(t, "en-hello-anna"), clip(t, "en-talk-anna")
	talk = talk[:min(len(talk), 4*media.SampleRate)]
	said := append(append(append([]int16(nil), hello...), make([]int16, samples(gap))...), talk...)
	sound := filepath.Join(t.TempDir(), "callee.al")
	if err := os.WriteFile(sound, alaw(said), 0o600); err != nil {
		t.Fatal(err)
	}
	carrier := startSipp(t, "talk.xml", 2, map[string]any{"Sound": sound, "Lasts": lasts(said).Milliseconds() + 300})
	o := openOffice(t, dialer.TrunkConfig{Host: carrier.addr(), Options: -1})
	phone := startBaresip(t, o, "ana", password)
	o.awaitKind("operator.state", "not-ready")
	o.start(2, "")
	o.asks(phone)
	for range 2 {
		o.awaitKind("call.bridged", "")
		phone.press("1")
	}
	for _, r := range o.records(2) {
		if r.Outcome != "human" || r.DetectorVerdict != "human" || r.Operator != "ana" || r.Team != "north" || r.EndedBy != "customer" || r.Disposition != "sale" {
			t.Errorf("the record: %+v", r)
		}
		if talked := r.EndedAt.Sub(r.BridgedAt).Milliseconds(); r.TalkMS < talked-1 || r.TalkMS > talked+1 {
			t.Errorf("talk_ms is %d, bridge to end is %d ms", r.TalkMS, talked)
		}
		o.recorded(r.Recording, r.RecordingSHA256, talk)
	}
	if st := o.status("ana"); st.Calls != 2 || st.Phone != "leg-up" {
		t.Errorf("the leg has not stayed up over two calls: %+v", st)
	}
	phone.quit()
	heard := phone.heard()
	if share := found(heard, talk); share < 0.8 {
		t.Errorf("only %.0f%% of what the callee said is in what baresip heard", 100*share)
	}
	if share := found(heard, clip(t, "en-talk-rms")); share > 0.2 {
		t.Errorf("%.0f%% of what nobody said is in what baresip heard: the comparison is worth nothing", 100*share)
	}
	carrier.done()
}

// recorded checks a call's stereo recording: the customer's words on the left,
// the tone of the operator's phone on the right, and the hash.
func (o *office) recorded(rel, sum string, talk []int16) {
	o.t.Helper()
	path := filepath.Join(o.data, rel)
	b, err := os.ReadFile(path)
	if err != nil {
		o.t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(b)); got != sum {
		o.t.Errorf("the recording's hash is %s, the record says %s", got, sum)
	}
	channels, err := media.ReadWAV(path)
	if err != nil || len(channels) != 2 {
		o.t.Fatalf("the recording has %d channels: %v", len(channels), err)
	}
	if share := found(channels[0], talk); share < 0.8 {
		o.t.Errorf("only %.0f%% of what the callee said is in the recording", 100*share)
	}
	tone := media.Tone(voiceHz, 2*time.Second, -15)
	if share := found(channels[1], tone); share < 0.8 {
		o.t.Errorf("only %.0f%% of the operator's tone is in the recording", 100*share)
	}
}

// found is the share of a sound's quarter seconds that are in a recording,
// wherever, and alike: a normalised correlation above 0.85. Silent ones don't count.
func found(recording, sound []int16) float64 {
	const window = media.SampleRate / 4
	n := 1
	for n < len(recording)+window {
		n *= 2
	}
	fft := fourier.NewFFT(n)
	spectrum := fft.Coefficients(nil, padded(recording, n))
	energy := make([]float64, len(recording)+1) // up to each sample
	for i, v := range recording {
		energy[i+1] = energy[i] + float64(v)*float64(v)
	}
	there, all := 0, 0
	for from := 0; from+window <= len(sound); from += window {
		piece := sound[from : from+window]
		loud := 0.0
		for _, v := range piece {
			loud += float64(v) * float64(v)
		}
		if loud/window < 300*300 {
			continue
		}
		all++
		if likest(fft, spectrum, energy, piece, loud) > 0.85 {
			there++
		}
	}
	if all == 0 {
		return 0
	}
	return float64(there) / float64(all)
}

// likest is the highest normalised correlation of a piece with any stretch of
// the recording whose spectrum and running energy are given.
func likest(fft *fourier.FFT, spectrum []complex128, energy []float64, piece []int16, loud float64) float64 {
	product := fft.Coefficients(nil, padded(piece, fft.Len()))
	for i, c := range product {
		product[i] = spectrum[i] * complex(real(c), -imag(c))
	}
	best := 0.0
	for at, v := range fft.Sequence(nil, product) {
		if at+len(piece) >= len(energy) {
			break
		}
		there := energy[at+len(piece)] - energy[at]
		if there < loud/100 { // near silence is like anything
			continue
		}
		best = max(best, v/float64(fft.Len())/math.Sqrt(there*loud))
	}
	return best
}

func padded(s []int16, n int) []float64 {
	out := make([]float64, n)
	for i, v := range s {
		out[i] = float64(v)
	}
	return out
}

// clip is one of the synthesised voices.
func clip(t *testing.T, name string) []int16 {
	t.Helper()
	ulaw, err := voices.Ulaw(name)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, len(ulaw))
	for i, b := range ulaw {
		pcm[i] = g711.DecodeUlawFrame(b)
	}
	return pcm
}

func alaw(pcm []int16) []byte {
	out := make([]byte, len(pcm))
	for i, v := range pcm {
		out[i] = g711.EncodeAlawFrame(v)
	}
	return out
}

func samples(d time.Duration) int { return int(d * media.SampleRate / time.Second) }

func lasts(pcm []int16) time.Duration {
	return time.Duration(len(pcm)) * time.Second / media.SampleRate
}
