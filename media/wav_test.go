package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wav builds a file of chunks; the sizes in the header are right.
type wav struct{ chunks []byte }

func (w *wav) chunk(name string, data []byte) *wav {
	w.chunks = append(w.chunks, name...)
	w.chunks = binary.LittleEndian.AppendUint32(w.chunks, uint32(len(data)))
	w.chunks = append(w.chunks, data...)
	if len(data)%2 == 1 {
		w.chunks = append(w.chunks, 0)
	}
	return w
}

func (w *wav) format(kind, channels, rate, bits int) *wav {
	return w.chunk("fmt ", formatChunk(kind, channels, rate, bits))
}

func formatChunk(kind, channels, rate, bits int) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(kind))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	return binary.LittleEndian.AppendUint16(b, uint16(bits))
}

func (w *wav) bytes() []byte {
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(w.chunks)+4))...)
	return append(append(b, "WAVE"...), w.chunks...)
}

func (w *wav) read() ([][]int16, error) {
	b := w.bytes()
	return readWAV(bytes.NewReader(b), int64(len(b)))
}

// steps are four samples and how each format writes them.
var steps = []int16{0, 256, -32768, 32512}

func TestEverySampleFormatIsRead(t *testing.T) {
	pack := func(size int, value func(s int16) uint64) []byte {
		var b []byte
		for _, s := range steps {
			b = append(b, binary.LittleEndian.AppendUint64(nil, value(s))[:size]...)
		}
		return b
	}
	float := pack(4, func(s int16) uint64 { return uint64(math.Float32bits(float32(s) / 32768)) })
	extensible := append(formatChunk(wavExtensible, 1, 8000, 16), 22, 0, 16, 0, 4, 0, 0, 0, 1, 0)
	extensible = append(extensible, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	sixteen := pack(2, func(s int16) uint64 { return uint64(uint16(s)) })
	for _, c := range []struct {
		name string
		file *wav
		want []int16
	}{
		{"8 bits", new(wav).format(1, 1, 8000, 8).chunk("data", pack(1, func(s int16) uint64 { return uint64(uint8(s>>8) + 128) })), steps},
		{"16 bits", new(wav).format(1, 1, 8000, 16).chunk("data", sixteen), steps},
		{"24 bits", new(wav).format(1, 1, 8000, 24).chunk("data", pack(3, func(s int16) uint64 { return uint64(uint32(int32(s)) << 8) })), steps},
		{"32 bits", new(wav).format(1, 1, 8000, 32).chunk("data", pack(4, func(s int16) uint64 { return uint64(uint32(int32(s)) << 16) })), steps},
		{"float", new(wav).format(3, 1, 8000, 32).chunk("data", float), steps},
		{"A-law", new(wav).format(6, 1, 8000, 8).chunk("data", PCMA.Encode(nil, steps)), roundTrip(PCMA, steps)},
		{"mu-law", new(wav).format(7, 1, 8000, 8).chunk("data", PCMU.Encode(nil, steps)), roundTrip(PCMU, steps)},
		{"extensible", new(wav).chunk("fmt ", extensible).chunk("data", sixteen), steps},
		{"odd chunks before and after", new(wav).chunk("LIST", []byte("abc")).format(1, 1, 8000, 16).chunk("fact", []byte{1}).chunk("data", sixteen).chunk("id3 ", []byte("x")), steps},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.file.read()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]int16{c.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFloatsThatAreNoSoundAreSilenceOrFullScale(t *testing.T) {
	var b []byte
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 7} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(f)))
	}
	got, err := new(wav).format(3, 1, 8000, 32).chunk("data", b).read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int16{{0, 32767, -32768, 32767}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestChannelsAreWrittenAndReadApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.wav")
	one, two := Tone(300, time.Second, -10), Tone(700, time.Second, -10)
	if err := WriteWAV(path, one, two); err != nil {
		t.Fatal(err)
	}
	got, err := ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int16{one, two}, got); diff != "" {
		t.Error(diff)
	}
	if err := WriteWAV(path, one, two[1:]); err == nil {
		t.Error("channels of different length are written")
	}
	if err := WriteWAV(path); err == nil {
		t.Error("no channel is written")
	}
}

// sine is 16-bit samples of a tone at any rate.
func sine(rate int, hz, seconds, dBFS float64) []byte {
	var b []byte
	peak := 32767 * math.Pow(10, dBFS/20)
	for i := range int(float64(rate) * seconds) {
		s := peak * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(math.Round(s))))
	}
	return b
}

func TestAnyRateBecomes8kHzWithItsPitchAndLevel(t *testing.T) {
	for _, rate := range []int{4000, 6000, 8000, 11025, 11127, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 192000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			got, err := new(wav).format(1, 1, rate, 16).chunk("data", sine(rate, 1000, 0.5, -10)).read()
			if err != nil {
				t.Fatal(err)
			}
			if n := len(got[0]); n < 3999 || n > 4001 {
				t.Errorf("half a second is %d samples", n)
			}
			middle := got[0][400:3600]
			if level := levelAt(middle, 1000); math.Abs(level+10) > 0.1 {
				t.Errorf("the tone has %.2f dBFS, want -10", level)
			}
			var noise float64
			for i, s := range middle {
				want := 32767 * math.Pow(10, -0.5) * math.Sin(2*math.Pi*1000*float64(i+400)/8000)
				noise += (float64(s) - want) * (float64(s) - want)
			}
			if db := 10 * math.Log10(noise/float64(len(middle))/(32767*32767)); db > -55 {
				t.Errorf("the error is %.1f dBFS", db)
			}
		})
	}
}

func TestWhat8kHzCannotHoldIsFilteredOut(t *testing.T) {
	for _, hz := range []float64{4500, 5000, 7000, 10000, 15000} {
		got, err := new(wav).format(1, 1, 44100, 16).chunk("data", sine(44100, hz, 0.5, -3)).read()
		if err != nil {
			t.Fatal(err)
		}
		loudest := slices.Max(got[0][400:3600])
		if db := 20 * math.Log10(math.Max(float64(loudest), 1)/32767); db > -50 {
			t.Errorf("%v Hz is heard at %.1f dBFS", hz, db)
		}
	}
}

func TestATruncatedFileGivesWhatItHas(t *testing.T) {
	whole := new(wav).format(1, 1, 8000, 16).chunk("data", sine(8000, 500, 1, -10)).bytes()
	cut := func(size uint32) []byte { // the header of a writer that died
		b := slices.Clone(whole[:44+1001])
		binary.LittleEndian.PutUint32(b[40:], size)
		return b
	}
	for _, b := range [][]byte{whole[:44+1001], cut(0), cut(math.MaxUint32)} {
		got, err := readWAV(bytes.NewReader(b), int64(len(b)))
		if err != nil || len(got) != 1 || len(got[0]) != 500 {
			t.Errorf("got %d channels, %v", len(got), err)
		}
	}
}

func TestNonsenseIsRefusedInOneClearSentence(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"empty", nil, "not a WAV"},
		{"text", []byte("this is not a WAV file at all"), "not a WAV"},
		{"no sound", new(wav).format(1, 1, 8000, 16).bytes(), "no sound"},
		{"sound before its format", new(wav).chunk("data", []byte{1, 2}).bytes(), "before its format"},
		{"cut in the format", new(wav).format(1, 1, 8000, 16).bytes()[:30], "ends within its fmt"},
		{"cut in another chunk", new(wav).chunk("LIST", make([]byte, 50)).bytes()[:40], "ends within"},
		{"a format of 4 bytes", new(wav).chunk("fmt ", make([]byte, 4)).bytes(), "4 bytes"},
		{"MP3 inside", new(wav).format(0x55, 1, 8000, 16).bytes(), "0x55"},
		{"12 bits", new(wav).format(1, 1, 8000, 12).bytes(), "12 bits"},
		{"no channel", new(wav).format(1, 0, 8000, 16).bytes(), "0 channels"},
		{"100 channels", new(wav).format(1, 100, 8000, 16).bytes(), "100 channels"},
		{"1 Hz", new(wav).format(1, 1, 1, 16).bytes(), "1 Hz"},
		{"4 GHz", new(wav).format(1, 1, math.MaxUint32, 16).bytes(), "Hz"},
		{"frames that don't fit", new(wav).chunk("fmt ", slices.Replace(formatChunk(1, 2, 8000, 16), 12, 13, 3)).bytes(), "3 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readWAV(bytes.NewReader(c.file), int64(len(c.file)))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestASoundOfFiveHoursIsRefusedBeforeItIsRead(t *testing.T) {
	header := wavHeader(1, 5*3600*SampleRate)
	_, err := readWAV(bytes.NewReader(header), maxWAVBytes)
	if err == nil || !strings.Contains(err.Error(), "longer than 4h") {
		t.Errorf("got %v", err)
	}
}

func TestAFileThatIsNoneIsAnErrorWithItsName(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadWAV(filepath.Join(dir, "none.wav")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := ReadWAV(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	huge := filepath.Join(dir, "huge.wav")
	if err := errors.Join(os.WriteFile(huge, nil, 0o600), os.Truncate(huge, maxWAVBytes+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadWAV(huge); err == nil || !strings.Contains(err.Error(), "1024 MB") {
		t.Errorf("got %v", err)
	}
}
