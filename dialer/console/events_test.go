package console

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"apel/dialer"
)

// running gives a service that runs on loopback, and its API over a connection.
func running(t *testing.T) (*dialer.Service, string) {
	t.Helper()
	svc := runningService(t)
	srv := httptest.NewServer(New(svc))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return svc, srv.URL
}

// runningService is a service that runs on loopback.
func runningService(t *testing.T) *dialer.Service {
	t.Helper()
	svc, err := dialer.Open(dialer.Config{
		Data: t.TempDir(), Version: "test",
		SIP:    dialer.SIPConfig{Listen: "127.0.0.1:0"},
		Trunks: []dialer.TrunkConfig{{Name: "carrier", Host: "127.0.0.1:9"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx, time.Second) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := svc.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-svc.Ready():
	case err := <-ended:
		t.Fatal(err)
	}
	return svc
}

// nextEvent reads one server-sent event.
func nextEvent(t *testing.T, r *bufio.Reader) map[string]string {
	t.Helper()
	event := map[string]string{}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		key, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !found && len(event) > 0 {
			return event
		}
		event[key] = value
	}
}

func TestTheStreamBeginsWithTheStatusAndGoesOnWithNumberedEvents(t *testing.T) {
	_, url := running(t)
	post := func(path, body string) {
		t.Helper()
		resp, err := http.Post(url+path, "", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, resp.Status)
		}
	}
	post("/api/lists/spring/import", leads)
	post("/api/campaigns", spring)
	resp, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stream := bufio.NewReader(resp.Body)
	first := nextEvent(t, stream)
	if first["event"] != "status" || !strings.Contains(first["data"], `"running":true`) {
		t.Fatalf("the first event is %v", first)
	}
	post("/api/campaigns/spring/start", "")
	for {
		e := nextEvent(t, stream)
		if e["id"] == "" || !strings.Contains(e["data"], `"seq":`+e["id"][strings.LastIndex(e["id"], "-")+1:]+",") {
			t.Errorf("an event without its number: %v", e)
		}
		if e["event"] == "campaign.state" && strings.Contains(e["data"], `"state":"running"`) {
			return
		}
	}
}
