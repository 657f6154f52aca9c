package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func localClient(h http.HandlerFunc) (*http.Client, *inProcess) {
	local := &inProcess{handler: h}
	return &http.Client{Transport: local}, local
}

func TestAHandlerInThisProcessStreamsItsAnswerAndItsTrailer(t *testing.T) {
	step := make(chan struct{})
	client, local := localClient(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Why")
		w.WriteHeader(http.StatusAccepted)
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "first %s\n", body)
		<-step
		fmt.Fprintln(w, "second")
		w.Header().Set("Why", "broke off")
	})
	resp, err := client.Post("http://apel/", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusAccepted {
		t.Errorf("status %d", resp.StatusCode)
	}
	first := make([]byte, len("first hello\n"))
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "first hello\n" {
		t.Fatalf("%q, %v: the first line must come before the handler is done", first, err)
	}
	close(step)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || string(rest) != "second\n" {
		t.Errorf("%q, %v", rest, err)
	}
	if got := resp.Trailer.Get("Why"); got != "broke off" {
		t.Errorf("trailer %q", got)
	}
	local.running.Wait()
}

func TestAHandlerThatWritesNothingAnswersOK(t *testing.T) {
	client, _ := localClient(func(http.ResponseWriter, *http.Request) {})
	resp, err := client.Get("http://apel/")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", resp, err)
	}
}

func TestAnAnswerThatIsNotReadEndsItsHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed error
		client, local := localClient(func(w http.ResponseWriter, _ *http.Request) {
			for failed == nil {
				_, failed = fmt.Fprintln(w, "and on")
			}
		})
		resp, err := client.Get("http://apel/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		local.running.Wait()
		if failed == nil {
			t.Error("the handler did not notice")
		}
	})
}

func TestACallerThatGivesUpDoesNotWaitForTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, local := localClient(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://apel/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		local.running.Wait()
	})
}
