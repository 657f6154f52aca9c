package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	partSuffix  = ".part"
	flushEvery  = 250 * time.Millisecond
	flushFrames = 4096 // taken from the timeline at once
)

// Recorder writes a call as a stereo WAV, the customer left, the operator
// right, as it goes: after a crash the file has what was heard so far, with a
// header that fits, and FinishRecording completes it. The recording lasts from
// the first Join with it to the end of the last; where nobody was heard it is
// silent. Forwarding never waits for the disk: what a stalled disk doesn't
// take within two seconds is dropped, counted, and silent in the file.
type Recorder struct {
	path   string // the final name
	file   *os.File
	wake   chan struct{}
	closed chan struct{}
	ended  chan struct{} // the writing goroutine has returned
	once   sync.Once
	result Recording
	err    error // of Close

	written int64 // frames in the file; the writer's own
	fault   error // the first write error; the writer's own

	timeline timeline
}

// Recording is what a closed recorder has written.
type Recording struct {
	Path     string
	SHA256   string // of the file, in hex
	Duration time.Duration
	Dropped  uint64 // samples that a stalled disk didn't take
}

// NewRecorder creates the file and its folder, readable by the owner only.
// Until Close its name ends in ".part". A recording that exists is never
// overwritten: the error wraps os.ErrExist. What the customer was heard to say
// before the first bridge comes first, sample for sample; nil: nothing was.
func NewRecorder(path string, customer []int16) (*Recorder, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("recording %s: %w", path, err)
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("recording %s: %w", path, os.ErrExist)
	}
	f, err := os.OpenFile(path+partSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", path, err)
	}
	if _, err := f.Write(beginning(customer)); err != nil {
		return nil, errors.Join(fmt.Errorf("recording %s: %w", path, err), f.Close(), os.Remove(f.Name()))
	}
	r := &Recorder{
		path: path, file: f, written: int64(len(customer)),
		wake: make(chan struct{}, 1), closed: make(chan struct{}), ended: make(chan struct{}),
	}
	go r.write()
	return r, nil
}

// beginning is a header and what was heard of the customer alone.
func beginning(customer []int16) []byte {
	b := wavHeader(2, int64(len(customer)))
	for _, v := range customer {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
		b = append(b, 0, 0)
	}
	return b
}

// write is the recorder's goroutine: it carries the timeline to the file.
func (r *Recorder) write() {
	defer close(r.ended)
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	buf := make([]byte, 0, flushFrames*2*2)
	for {
		select {
		case <-ticker.C:
		case <-r.wake:
		case <-r.closed:
			r.flush(r.timeline.length(time.Now()), buf)
			return
		}
		r.flush(r.timeline.settled(time.Now()), buf)
	}
}

// flush writes the timeline up to a position, then the header that fits it.
// After a write error it goes on taking, so that nothing piles up, but the file
// stays as it is: its beginning is whole.
func (r *Recorder) flush(until int64, buf []byte) {
	taken := 0
	for {
		b := r.timeline.take(until, buf)
		if len(b) == 0 {
			break
		}
		taken += len(b)
		r.append(b)
	}
	if taken > 0 && r.fault == nil {
		_, r.fault = r.file.WriteAt(wavHeader(2, r.written), 0)
	}
}

func (r *Recorder) append(b []byte) {
	frames := int64(len(b) / 4)
	if r.fault == nil && r.written+frames > maxWAVFrames {
		r.fault = errors.New("the file has reached 4 GB, the limit of WAV")
	}
	if r.fault != nil {
		return
	}
	if _, r.fault = r.file.WriteAt(b, wavHeaderSize+r.written*4); r.fault == nil {
		r.written += frames
	}
}

// Close completes the header, syncs, and renames the file to its final name.
// When the disk refused something the error says so and the part that was
// written stays under its ".part" name. Closing again gives the same answer.
func (r *Recorder) Close() (Recording, error) {
	r.once.Do(func() {
		close(r.closed)
		<-r.ended
		if r.fault != nil {
			r.err = errors.Join(fmt.Errorf("recording %s stopped after %v: %w", r.path, timeOf(r.written), r.fault), r.file.Close())
			return
		}
		r.result, r.err = finish(r.file, r.path, r.written)
		r.result.Dropped = r.timeline.lost()
	})
	return r.result, r.err
}

// join begins the timeline with the first bridge. A nil recorder does nothing, here and below.
func (r *Recorder) join(now time.Time) {
	if r == nil {
		return
	}
	r.timeline.join(now)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Recorder) part(now time.Time) {
	if r != nil {
		r.timeline.part(now)
	}
}

const wavHeaderSize = 44

// maxWAVFrames of two channels fit the 32-bit sizes of a WAV.
const maxWAVFrames = (1<<32 - 1 - wavHeaderSize) / 4

// wavHeader is the header of 8 kHz 16-bit PCM with so many frames.
func wavHeader(channels int, frames int64) []byte {
	size := uint32(frames * int64(channels) * 2)
	b := make([]byte, 0, wavHeaderSize)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, size+wavHeaderSize-8)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, wavPCM)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, SampleRate)
	b = binary.LittleEndian.AppendUint32(b, uint32(SampleRate*channels*2))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*2))
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, size)
}
