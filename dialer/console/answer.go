package console

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
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
		writeJSON(w, http.StatusOK, v)
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
func drain(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // what went wrong is being told already
}

// onlyLocalHost lets only requests through that were made to this machine by
// a loopback name.
func onlyLocalHost(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			writeError(w, problem(NotAllowed, "the console answers only to localhost, not to %q", r.Host))
			return
		}
		h.ServeHTTP(w, r)
	})
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// CheckConsole refuses an address for the console that others could reach.
func CheckConsole(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return problem(Usage, "console address %q is not HOST:PORT; for example 127.0.0.1:8080", addr)
	}
	if host == "" || !isLoopback(addr) {
		return problem(Usage, "the console listens only on this machine as long as there are no accounts, not on %q; give 127.0.0.1:PORT", addr)
	}
	return nil
}
