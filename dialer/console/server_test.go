package console

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// office's console behind TLS on loopback.
type site struct {
	srv *httptest.Server
}

func serveTLS(t *testing.T, h http.Handler) *site {
	t.Helper()
	srv := httptest.NewTLSServer(h)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return &site{srv}
}

func (s *site) get(t *testing.T, path string, c *http.Cookie) *http.Response {
	t.Helper()
	r, err := http.NewRequest("GET", s.srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(c)
	resp, err := s.srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}
