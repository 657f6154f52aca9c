package console

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/access"
)

// BenchmarkStreams is a second of 200 open pages of a busy floor with 100
// operators, each over a connection and TLS of its own: computed, drawn, sent,
// and read by all. An operation is one such second's work.
func BenchmarkStreams(b *testing.B) {
	for _, viewers := range []int{1, 200} {
		b.Run(fmt.Sprintf("viewers=%d", viewers), func(b *testing.B) {
			svc, err := dialer.Open(dialer.Config{Data: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer svc.Close()
			c, err := Open(Config{Service: svc})
			if err != nil {
				b.Fatal(err)
			}
			second := int64(0)
			c.seeAll = func() (dialer.Status, error) { return floorOf100(second), nil }
			if err := svc.Store().PutAccount(contactdb.Account{Name: "chief", Role: string(access.Supervisor), CreatedAt: time.Now()}, false); err != nil {
				b.Fatal(err)
			}
			srv := httptest.NewTLSServer(c.Handler())
			defer srv.Close()
			ctx, stop := context.WithCancel(b.Context())
			defer stop()
			var bytes atomic.Int64
			got := make(chan struct{}, viewers)
			for range viewers {
				open(b, ctx, svc, srv.URL, got, &bytes)
			}
			b.ResetTimer()
			for b.Loop() {
				second++
				if err := c.hub.tick(time.Now()); err != nil {
					b.Fatal(err)
				}
				for range viewers {
					<-got
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(bytes.Load())/float64(b.N)/float64(viewers), "B/viewer")
			stop()
		})
	}
}

// open opens one page's stream, and reads it to its end.
func open(b *testing.B, ctx context.Context, svc *dialer.Service, url string, got chan<- struct{}, bytes *atomic.Int64) {
	secret, now := access.NewSecret(), time.Now()
	if err := svc.Store().PutSession(contactdb.Session{ID: access.Digest(secret), Account: "chief", CreatedAt: now, SeenAt: now, Expires: now.Add(time.Hour)}); err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/live/floor", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName, Value: secret})
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := client.Do(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(err, resp)
	}
	go func() { // ends with ctx
		defer resp.Body.Close()
		lines := bufio.NewReaderSize(resp.Body, 256<<10)
		for event := false; ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			bytes.Add(int64(len(line)))
			event = event || strings.HasPrefix(line, "event: patch")
			if line == "\n" && event {
				event = false
				got <- struct{}{}
			}
		}
	}()
}

// opened is when the floor of the benchmark began.
var opened = time.Now().Add(-time.Hour)

// floorOf100 is a busy floor in a second: each operator's state is another
// every seven seconds.
func floorOf100(second int64) dialer.Status {
	st, _ := busy(time.Now())
	st.Operators = nil
	for i := range 100 {
		state := []string{"ready", "talking", "talking", "wrap-up"}[(i+int(second))/7%4]
		st.Operators = append(st.Operators, dialer.OperatorStatus{Name: fmt.Sprintf("op%03d", i), Team: "south", State: state, ForMS: 1000 * ((second + int64(i)) % 7), Since: opened.Add(time.Duration((second+int64(i))/7*7) * time.Second), Campaign: "spring", Calls: i, Phone: "leg-up"})
	}
	return st
}
