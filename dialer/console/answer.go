package console

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
)

// maxJSON is the longest JSON body; files are streamed and not limited by it.
const maxJSON = 1 << 20

// result makes an answer of a function that returns what to print.
func result(f func(*api, *http.Request) (any, error)) answer {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		v, err := f(a, r)
		if err != nil {
			return err
		}
		body, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if !callerOf(r).SeesNumbers() {
			body = maskNumbers(body)
		}
		writeJSON(w, http.StatusOK, json.RawMessage(body))
		return nil
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a value of ours that JSON cannot carry, such as NaN
		status, b = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON","code":"failed"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the caller is gone: nobody to tell
}

func writeError(w http.ResponseWriter, err error) {
	p := ProblemOf(err)
	var wait *retryError
	if errors.As(err, &wait) {
		w.Header().Set("Retry-After", seconds(wait.after))
	}
	writeJSON(w, statuses[p.Code], p)
}

// readJSON reads a body strictly: an unknown key is an error.
func readJSON(r *http.Request, into any) error {
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return problem(Usage, "the request's body is not what %s %s takes: %v", r.Method, r.URL.Path, err)
	}
	return nil
}

// drain reads what is left of a file that was refused. A caller that is still
// sending when the connection closes would see a broken pipe and not the error.
// Who is not let in is not read from for ever.
func drain(r *http.Request) {
	from := io.Reader(r.Body)
	if c := callerOf(r); c == nil || !c.Owner {
		from = io.LimitReader(from, maxForm)
	}
	_, _ = io.Copy(io.Discard, from) // what went wrong is being told already
}

// CheckConsole refuses what is no address for the console.
func CheckConsole(addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return problem(Usage, "console address %q is not HOST:PORT; for example 0.0.0.0:8443", addr)
	}
	return nil
}
