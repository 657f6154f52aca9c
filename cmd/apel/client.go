package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"
)

// call is one request to the control API.
type call struct {
	method string // "": GET
	path   string
	query  url.Values
	body   any  // an io.Reader goes as it is, anything else as JSON
	create bool // the data directory is made if it is not there
	tells  bool // it may take long, and says how far it is
}

// at makes a path of words, each kept in one segment.
func at(words ...string) string {
	for i, w := range words {
		words[i] = url.PathEscape(w)
	}
	return "/api/" + strings.Join(words, "/")
}

// client speaks to the service of a data directory, or to the API in this
// process if none answers.
type client struct {
	http  *http.Client
	base  string // of every URL
	dir   string
	alive bool         // a service answers
	close func() error // once
}

// ownBase is where a socket's requests seem to go.
const ownBase = "http://apel"

// yieldWithin is how long to wait for another apel to let go of the store: a
// command holds it for moments, a service that starts answers soon.
const yieldWithin = 3 * time.Second

// connect finds out who answers.
func (a *app) connect(ctx context.Context, create bool) (c *client, err error) {
	if address, given := a.pick(a.flags.address, "APEL_ADDRESS", ""); given {
		return a.remote(address)
	}
	dir := a.dataDir()
	err = untilFree(ctx, func() error {
		conn, err := dialSocket(ctx, dir)
		switch {
		case err == nil:
			_ = conn.Close() // it only asked whether someone is there
			c = socketClient(dir)
			return nil
		case errors.Is(err, os.ErrPermission):
			return problem(console.NotAllowed, "the service on %s does not let this user in; run apel as the user that runs apel serve", dir)
		}
		c, err = a.openLocal(dir, create)
		return err
	})
	if errors.Is(err, contactdb.ErrInUse) {
		err = problem(console.State, "%s is in use by another apel that does not answer; wait for it to end and do it again", dir)
	}
	return c, err
}

// untilFree tries again for a while as long as the store is in use.
func untilFree(ctx context.Context, try func() error) error {
	for end := time.Now().Add(yieldWithin); ; {
		err := try()
		if !errors.Is(err, contactdb.ErrInUse) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func socketClient(dir string) *client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSocket(ctx, dir) },
	}
	closeIdle := func() error { transport.CloseIdleConnections(); return nil }
	return &client{&http.Client{Transport: transport}, ownBase, dir, true, closeIdle}
}

// openLocal opens the store itself.
func (a *app) openLocal(dir string, create bool) (*client, error) {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) && !create {
		return nil, problem(console.NotFound, "there is no data directory %s; name another with --data, or start with: apel list import FILE --name NAME", dir)
	}
	set, err := a.settings(nil)
	if err != nil {
		return nil, err
	}
	networks, err := set.Console.networks()
	if err != nil {
		return nil, err
	}
	svc, err := dialer.Open(set.config(dir))
	if err != nil {
		return nil, openProblem(err, dir)
	}
	c, err := console.Open(console.Config{Service: svc, WebhookNetworks: networks})
	if err != nil {
		return nil, errors.Join(err, svc.Close())
	}
	local := &inProcess{handler: c.Owner()}
	closeAll := func() error {
		local.running.Wait()
		return svc.Close()
	}
	return &client{&http.Client{Transport: local}, ownBase, dir, false, closeAll}, nil
}

func openProblem(err error, dir string) error {
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		return problem(console.Usage, "%s is a file, no data directory; name a folder with --data", dir)
	case errors.Is(err, os.ErrPermission):
		return problem(console.NotAllowed, "the data directory %s cannot be written: %v; name another with --data, or run as its owner", dir, err)
	}
	return err
}

// do sends a request. An answer that is an error comes back as *console.Problem.
func (c *client) do(ctx context.Context, q call) (*http.Response, error) {
	body, err := q.reader()
	if err != nil {
		return nil, err
	}
	if q.method == "" {
		q.method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, q.method, c.base+q.path, body)
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = q.query.Encode()
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(ctx, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		return nil, c.refusal(resp)
	}
	return resp, nil
}

func (q call) reader() (io.Reader, error) {
	switch body := q.body.(type) {
	case nil:
		return nil, nil
	case io.Reader:
		return body, nil
	}
	b, err := json.Marshal(q.body)
	return bytes.NewReader(b), err
}

// lost is what a broken connection means to a person.
func (c *client) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	if !c.alive {
		return err
	}
	if why := distrusted(err); why != nil {
		return problem(console.NotAllowed, "the certificate of the console at %s is not trusted (%v), so nothing was sent; if it is yours, give the fingerprint that apel serve printed there: --certificate FINGERPRINT", c.dir, why)
	}
	return problem(console.Failed, "the service on %s stopped answering (%v); see its log, then: apel status", c.dir, err)
}

func (c *client) refusal(resp *http.Response) error {
	var p console.Problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.Sentence == "" {
		return problem(console.Failed, "the service answered %s; is it another version of apel?", resp.Status)
	}
	if p.Code == console.NotRunning {
		return noService(c.dir)
	}
	return &p
}

func noService(dir string) error {
	return problem(console.NotRunning, "no service is running on %s; start it: apel serve", dir)
}

// json sends a request and gives the answer, as it came and decoded.
func (c *client) json(ctx context.Context, q call, into any) (json.RawMessage, error) {
	resp, err := c.do(ctx, q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, c.lost(ctx, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return nil, fmt.Errorf("the answer to %s cannot be read: %w", q.path, err)
	}
	return raw, nil
}

// stream sends a request and copies the answer; an error that came up in the
// middle is in the trailer.
func (c *client) stream(ctx context.Context, q call, to io.Writer) (trailer http.Header, err error) {
	resp, err := c.do(ctx, q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(to, resp.Body); err != nil {
		return nil, c.lost(ctx, err)
	}
	if sentence := resp.Trailer.Get(console.Trailer); sentence != "" {
		return nil, problem(console.Failed, "the export broke off: %s", sentence)
	}
	return resp.Trailer, nil
}

// with lends a connection to f.
func (a *app) with(ctx context.Context, create bool, f func(*client) error) (err error) {
	c, err := a.connect(ctx, create)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	return f(c)
}

// ask sends one request and decodes the answer.
func (a *app) ask(ctx context.Context, q call, into any) (raw json.RawMessage, err error) {
	err = a.with(ctx, q.create, func(c *client) error {
		defer a.watch(ctx, c, &q)()
		raw, err = c.json(ctx, q, into)
		return err
	})
	return raw, err
}

// show sends one request and prints the answer: JSON as it came, or what
// render writes of it.
func show[T any](a *app, ctx context.Context, q call, render func(w io.Writer, v T)) error {
	var v T
	raw, err := a.ask(ctx, q, &v)
	if err != nil {
		return err
	}
	return showAnswer(a, raw, v, render)
}

// showAnswer prints an answer that is there: as it came, or by render.
func showAnswer[T any](a *app, raw json.RawMessage, v T, render func(w io.Writer, v T)) error {
	if a.flags.output == "json" {
		return printJSON(a.std.out, raw)
	}
	return a.print(func(w io.Writer) { render(w, v) })
}
