package console

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"apel/contactdb"
)

// Headers of a recording.
const (
	RecordingHeader = "Apel-Recording" // "plain" or "encrypted"
	SumHeader       = "Apel-Sha256"    // as the call record has it
)

// openRecording finds the recording of the record in the path, and notes whose
// it is.
func (a *api) openRecording(r *http.Request) (*os.File, contactdb.Record, error) {
	id := r.PathValue("record")
	rec, err := a.svc.Store().RecordOf(id)
	if errors.Is(err, contactdb.ErrNotFound) {
		return nil, rec, problem(NotFound, "there is no call record %q; see: apel record ls", id)
	}
	if err != nil {
		return nil, rec, err
	}
	if rec.Recording == "" {
		return nil, rec, problem(NotFound, "call %s was not recorded", id)
	}
	f, err := a.svc.Keeper().OpenRecording(rec.Recording)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, rec, problem(NotFound, "the recording of call %s is not there any more: it was erased, or older than recordings are kept (see: apel audit ls --verb retention.recordings)", id)
	}
	if err == nil && !strings.HasPrefix(rec.Phone, "erased:") {
		traceOf(r).Phone = rec.Phone
	}
	return f, rec, err
}

// recording sends a recording as it is stored.
func (a *api) recording(w http.ResponseWriter, r *http.Request) error {
	f, rec, err := a.openRecording(r)
	if err != nil {
		return err
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", "audio/wav")
	h.Set(RecordingHeader, "plain")
	if isSealed(f.Name()) {
		h.Set("Content-Type", "application/age")
		h.Set(RecordingHeader, "encrypted")
	}
	if isSealed(f.Name()) == isSealed(rec.Recording) { // else it is the sum of what is heard
		h.Set(SumHeader, rec.RecordingSHA256)
	}
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, f) // a caller that is not gone sees by the sum that it is not whole
	return nil
}
