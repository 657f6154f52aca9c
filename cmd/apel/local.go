package main

import (
	"io"
	"net/http"
	"sync"
)

// inProcess answers HTTP requests with a handler in this process, streams
// included, so that a verb need not know whether a service runs.
type inProcess struct {
	handler http.Handler
	running sync.WaitGroup // handlers that have not returned
}

// RoundTrip returns when the handler has begun its answer; the rest comes
// through the body.
func (p *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err // nothing is begun for who has gone
	}
	body, pipe := io.Pipe()
	w := &pipedWriter{header: http.Header{}, pipe: pipe, begun: make(chan struct{})}
	w.response = &http.Response{
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Trailer: http.Header{}, Body: body, Request: r, ContentLength: -1,
	}
	request := r.Clone(r.Context())
	if request.Body == nil {
		request.Body = http.NoBody
	}
	p.running.Go(func() {
		defer w.end()
		p.handler.ServeHTTP(w, request)
		_ = request.Body.Close() // it was only read
	})
	select {
	case <-w.begun:
		return w.response, nil
	case <-r.Context().Done():
		_ = body.Close() // the handler's writes fail from now on
		return nil, r.Context().Err()
	}
}

// pipedWriter is the handler's side of an answer.
type pipedWriter struct {
	header   http.Header
	pipe     *io.PipeWriter
	response *http.Response
	begin    sync.Once
	begun    chan struct{}
}

func (w *pipedWriter) Header() http.Header { return w.header }

func (w *pipedWriter) WriteHeader(status int) {
	w.begin.Do(func() {
		w.response.StatusCode = status
		w.response.Status = http.StatusText(status)
		for k, v := range w.header {
			w.response.Header[k] = append([]string(nil), v...)
		}
		close(w.begun)
	})
}

func (w *pipedWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(b)
}

// Flush does nothing: what is written is at the reader's already.
func (w *pipedWriter) Flush() {}

// end closes the answer. Its trailers are there before the reader sees the
// end, as with a connection.
func (w *pipedWriter) end() {
	w.WriteHeader(http.StatusOK)
	for _, k := range w.response.Header["Trailer"] {
		if v := w.header.Values(k); len(v) > 0 {
			w.response.Trailer[http.CanonicalHeaderKey(k)] = v
		}
	}
	_ = w.pipe.Close() // never fails
}
