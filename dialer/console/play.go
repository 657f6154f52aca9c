package console

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"filippo.io/age"
)

// Play is the body of a request to hear an encrypted recording.
type Play struct {
	Identity string `json:"identity"` // AGE-SECRET-KEY-1..., as apel recording keygen writes it
}

// playRecording decrypts a recording for one who has the key. The key is sent
// with each request and lives in memory as long as that takes: nothing here
// keeps it, so that whoever takes this machine has recordings that nobody can
// read. It is decrypted here and not in the browser, which has no such cipher;
// a script of our own for it would be the weaker place.
func (a *api) playRecording(w http.ResponseWriter, r *http.Request) error {
	var body Play
	if err := readJSON(r, &body); err != nil {
		return err
	}
	who, err := age.ParseIdentities(strings.NewReader(body.Identity))
	if err != nil { // its text may show the key
		return problem(Input, "this is no identity of age; it begins with AGE-SECRET-KEY-1, in the file that apel recording keygen has written")
	}
	f, rec, err := a.openRecording(r)
	if err != nil {
		return err
	}
	defer f.Close()
	if !isSealed(f.Name()) {
		return problem(State, "the recording of call %s is not encrypted", rec.ID)
	}
	plain, err := age.Decrypt(f, who...)
	var noMatch *age.NoIdentityMatchError
	if errors.As(err, &noMatch) {
		return problem(NotAllowed, "the recording of call %s was encrypted to another key than this one", rec.ID)
	}
	if err != nil {
		return problem(Failed, "the recording of call %s was changed, cut off or damaged: %v; take it from a backup", rec.ID, err)
	}
	h := w.Header()
	h.Set("Content-Type", "audio/wav")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if _, err := io.Copy(w, plain); err != nil { // damaged, or the browser is gone
		panic(http.ErrAbortHandler) // so that what was heard of it does not pass for the whole
	}
	return nil
}

// isSealed says by its name whether a recording is encrypted.
func isSealed(path string) bool { return strings.HasSuffix(path, ".age") }
