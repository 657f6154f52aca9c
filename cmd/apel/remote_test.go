package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"apel/dialer/console"
)

func TestACertificateThatIsNotTrustedIsCalledThat(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	for name, mark := range map[string]string{"unknown": "", "another": strings.Repeat("ab", 32)} {
		env := map[string]string{"APEL_TOKEN": "apel_x_y"}
		if mark != "" {
			env["APEL_CERTIFICATE"] = mark
		}
		a := &app{env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }}
		c, err := a.remote(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.do(t.Context(), call{path: "/api/status"})
		var p *console.Problem
		if !errors.As(err, &p) || p.Code != console.NotAllowed || !strings.Contains(p.Sentence, "not trusted") || !strings.Contains(p.Sentence, "--certificate FINGERPRINT") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
