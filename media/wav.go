package media

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

const (
	maxWAVBytes    = 1 << 30
	maxWAVTime     = 4 * time.Hour
	maxWAVChannels = 8

	wavPCM        = 1
	wavFloat      = 3
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xFFFE
)

// wavFormat is the "fmt " chunk.
type wavFormat struct {
	kind     uint16
	channels int
	rate     int
	bits     int
}

// ReadWAV reads a prompt or recording: PCM of 8, 16, 24 or 32 bits, float of 32,
// A-law or mu-law, 1 to 8 channels, 4 to 192 kHz, resampled to 8 kHz; one slice
// per channel. A file that ends early, as a killed recorder leaves it, gives
// what it has. Files over 1 GB or four hours are refused.
func ReadWAV(path string) ([][]int16, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if info.Size() > maxWAVBytes {
		return nil, fmt.Errorf("%s has %d MB; at most 1024 MB are read, cut it into parts", path, info.Size()>>20)
	}
	channels, err := readWAV(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return channels, nil
}

// readWAV walks the chunks of a RIFF file of so many bytes up to its sound.
func readWAV(r io.Reader, size int64) ([][]int16, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var head [12]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, errors.New("not a WAV file: it doesn't begin with RIFF and WAVE")
	}
	rest := size - int64(len(head))
	var format *wavFormat
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(in, chunk[:]); err != nil {
			return nil, errors.New("the WAV file has no sound in it (no data chunk)")
		}
		rest -= int64(len(chunk))
		name, length := string(chunk[:4]), int64(binary.LittleEndian.Uint32(chunk[4:]))
		if name == "data" {
			if format == nil {
				return nil, errors.New("the WAV file's sound comes before its format (no fmt chunk)")
			}
			return readSound(in, *format, soundLength(length, rest))
		}
		if name == "fmt " {
			f, err := readFormat(in, length)
			if err != nil {
				return nil, err
			}
			format, rest = &f, rest-length
			length = 0
		}
		skip := length + chunkPad(chunk)
		if n, err := io.CopyN(io.Discard, in, skip); err != nil {
			return nil, fmt.Errorf("the WAV file ends within its %q chunk after %d bytes", name, n)
		}
		rest -= skip
	}
}

// chunkPad is the byte after a chunk of odd length.
func chunkPad(chunk [8]byte) int64 { return int64(chunk[4] & 1) }

// soundLength is how much sound there is: what the header says, or all that is
// there if the writer died before it knew (0, or more than there is).
func soundLength(said, there int64) int64 {
	if said == 0 || said > there {
		return max(there, 0)
	}
	return said
}

// readFormat reads the "fmt " chunk and refuses what can't be decoded.
func readFormat(in io.Reader, length int64) (wavFormat, error) {
	if length < 16 || length > 1024 {
		return wavFormat{}, fmt.Errorf("the WAV file's fmt chunk has %d bytes instead of 16 to 1024", length)
	}
	b := make([]byte, length)
	if _, err := io.ReadFull(in, b); err != nil {
		return wavFormat{}, errors.New("the WAV file ends within its fmt chunk")
	}
	f := wavFormat{
		kind:     binary.LittleEndian.Uint16(b),
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(min(binary.LittleEndian.Uint32(b[4:]), 1<<30)),
		bits:     int(binary.LittleEndian.Uint16(b[14:])),
	}
	if f.kind == wavExtensible && length >= 26 {
		f.kind = binary.LittleEndian.Uint16(b[24:]) // the GUID of the sub-format begins with the old tag
	}
	if f.kind == wavALaw || f.kind == wavMuLaw {
		f.bits = 8
	}
	return f, f.check(int(binary.LittleEndian.Uint16(b[12:])))
}

func (f wavFormat) check(block int) error {
	var widths []int
	switch f.kind {
	case wavPCM:
		widths = []int{8, 16, 24, 32}
	case wavFloat:
		widths = []int{32}
	case wavALaw, wavMuLaw:
		widths = []int{8}
	}
	switch {
	case widths == nil:
		return fmt.Errorf("WAV format %#x is not read; convert it to 16-bit PCM", f.kind)
	case !slices.Contains(widths, f.bits):
		return fmt.Errorf("WAV samples of %d bits are not read; convert it to 16-bit PCM", f.bits)
	case f.channels < 1 || f.channels > maxWAVChannels:
		return fmt.Errorf("WAV with %d channels; 1 to %d are read", f.channels, maxWAVChannels)
	case f.rate < 4000 || f.rate > 192000:
		return fmt.Errorf("WAV at %d Hz; 4000 to 192000 are read", f.rate)
	case block != f.channels*f.bits/8:
		return fmt.Errorf("WAV frames of %d bytes don't fit %d channels of %d bits", block, f.channels, f.bits)
	}
	return nil
}

// readSound decodes and resamples as it reads, so that only the result is held.
func readSound(in io.Reader, f wavFormat, length int64) ([][]int16, error) {
	width := f.bits / 8
	frames := length / int64(width*f.channels)
	if time.Duration(frames/int64(f.rate))*time.Second > maxWAVTime {
		return nil, fmt.Errorf("the WAV file lasts longer than %v; cut it into parts", maxWAVTime)
	}
	decode := f.decoder()
	lines := make([]*resampler, f.channels)
	for c := range lines {
		lines[c] = newResampler(f.rate)
	}
	buf := make([]byte, width*f.channels*1024)
	for frames > 0 {
		n, err := io.ReadFull(in, buf[:min(int64(len(buf)), frames*int64(width*f.channels))])
		n /= width * f.channels
		for i := range n * f.channels {
			lines[i%f.channels].push(decode(buf[i*width:]))
		}
		frames -= int64(n)
		if err != nil {
			break // the file is shorter than it was when opened: what came counts
		}
	}
	channels := make([][]int16, f.channels)
	for c, line := range lines {
		channels[c] = line.finish()
	}
	return channels, nil
}

// decoder reads one sample, scaled to int16's range.
func (f wavFormat) decoder() func([]byte) float64 {
	switch {
	case f.kind == wavALaw:
		return func(b []byte) float64 { return float64(aLaw.decode[b[0]]) }
	case f.kind == wavMuLaw:
		return func(b []byte) float64 { return float64(muLaw.decode[b[0]]) }
	case f.kind == wavFloat:
		return decodeFloat
	case f.bits == 8:
		return func(b []byte) float64 { return float64(int(b[0])-128) * 256 } // 8 bits are unsigned
	case f.bits == 16:
		return func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) }
	case f.bits == 24:
		return func(b []byte) float64 {
			return float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / 65536
		}
	}
	return func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) / 65536 }
}

// WriteWAV writes 8 kHz 16-bit PCM, one slice per channel, all of one length.
func WriteWAV(path string, channels ...[]int16) error {
	if len(channels) < 1 || len(channels) > maxWAVChannels {
		return fmt.Errorf("WAV with %d channels; 1 to %d are written", len(channels), maxWAVChannels)
	}
	frames := len(channels[0])
	for _, c := range channels {
		if len(c) != frames {
			return errors.New("WAV channels differ in length")
		}
	}
	if int64(frames)*int64(len(channels))*2 > maxWAVBytes {
		return fmt.Errorf("WAV of %d frames is longer than the 1024 MB that are written", frames)
	}
	b := wavHeader(len(channels), int64(frames))
	b = slices.Grow(b, frames*len(channels)*2)
	for i := range frames {
		for _, c := range channels {
			b = binary.LittleEndian.AppendUint16(b, uint16(c[i]))
		}
	}
	return os.WriteFile(path, b, 0o600)
}
