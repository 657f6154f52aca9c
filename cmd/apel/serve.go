package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"
	"apel/dialer/ua"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
)

// hangUpWithin is how long requests in flight may take when the service stops.
const hangUpWithin = 2 * time.Second

func (a *app) serveCmd() *cobra.Command {
	var example bool
	var cmd *cobra.Command
	cmd = a.verb("serve", "run the service", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if example {
			_, err := a.std.out.Write(exampleSettings)
			return err
		}
		s, err := a.settings(cmd.Flags())
		if err != nil {
			return err
		}
		if err := a.readSecrets(&s); err != nil {
			return err
		}
		return a.serve(ctx, s)
	})
	cmd.Long = "Runs the service: recovers what a crash left, registers trunks, calls operators'\nphones, goes on with the campaigns that were running, and answers the other\ncommands on the socket in the data directory. An interrupt stops it gently, a\nsecond one at once."
	cmd.Flags().BoolVar(&example, "example-config", false, "print an annotated settings file and exit")
	addOverrides(cmd.Flags())
	return cmd
}

// serve opens, listens and runs until ctx ends; what was opened first is
// closed last.
func (a *app) serve(ctx context.Context, s settings) (err error) {
	contactdb.TuneGC()
	dir := a.dataDir()
	log, closeLog, err := a.newLog(s.Log)
	if err != nil {
		return err
	}
	defer closeLog()
	svc, err := openToServe(ctx, s.config(dir), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Close()) }()
	apis, err := listen(ctx, dir, s.Console, svc, log)
	if err != nil {
		return err
	}
	defer apis.close()
	return a.runService(ctx, svc, s, apis, log)
}

// openToServe opens the store, which only one process can: who has it is either
// a service, or a command that lets go of it soon.
func openToServe(ctx context.Context, cfg dialer.Config, log *zap.Logger) (svc *dialer.Service, err error) {
	ua.SetLogger(slog.New(zapslog.NewHandler(log.Core(), zapslog.WithName("sip"))))
	cfg.Log = log
	err = untilFree(ctx, func() error {
		if conn, err := dialSocket(ctx, cfg.Data); err == nil {
			_ = conn.Close() // it only asked
			return alreadyServed(cfg.Data)
		}
		svc, err = dialer.Open(cfg)
		return err
	})
	if errors.Is(err, contactdb.ErrInUse) {
		return nil, alreadyServed(cfg.Data)
	}
	return svc, openProblem(err, cfg.Data)
}

func alreadyServed(dir string) error {
	return problem(console.State, "a service runs on %s already, or another apel is at work there; see: apel status --data %s", dir, dir)
}

// runService runs until ctx ends and says when it is ready.
func (a *app) runService(ctx context.Context, svc *dialer.Service, s settings, apis *listeners, log *zap.Logger) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx, s.Grace) }()
	select {
	case err := <-ended:
		return runProblem(err)
	case <-svc.Ready():
	}
	a.say("apel %s serves %s: SIP on %s%s", version(), a.dataDir(), svc.SIPAddr(), apis.where())
	if err := a.saySetup(apis); err != nil {
		stop()
		return errors.Join(err, <-ended)
	}
	log.Info("serving", zap.String("data", a.dataDir()), zap.String("sip", svc.SIPAddr()), zap.String("version", version()))
	select {
	case err := <-apis.failed: // a service that cannot be steered must not go on
		stop()
		return errors.Join(err, <-ended)
	case err := <-ended:
		return runProblem(err)
	}
}

// runProblem: a stop that was asked for is no failure.
func runProblem(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// saySetup prints the link that makes the first administrator, as long as there
// is none, and how to know the certificate.
func (a *app) saySetup(apis *listeners) error {
	if apis.page == nil {
		return nil
	}
	if apis.mark != "" {
		a.say("the console's certificate is our own; its SHA-256 is %s", apis.mark)
	}
	path, err := apis.console.SetupPath()
	if err == nil && path != "" {
		a.say("make the first administrator within this run: %s%s", apis.url(), path)
	}
	return err
}

// listeners answer the API while the service runs.
type listeners struct {
	console *console.Console
	socket  net.Listener
	page    net.Listener // nil: no console on TCP
	mark    string       // fingerprint of our own certificate, "" if one was given
	path    string
	servers []*http.Server
	stop    context.CancelFunc // of the live pages
	live    sync.WaitGroup
	failed  chan error
}

func listen(ctx context.Context, dir string, set consoleSettings, svc *dialer.Service, log *zap.Logger) (*listeners, error) {
	networks, err := set.networks()
	if err != nil {
		return nil, err
	}
	c, err := console.Open(console.Config{Service: svc, Log: log, WebhookNetworks: networks})
	if err != nil {
		return nil, err
	}
	socket, err := listenSocket(ctx, dir)
	if err != nil {
		return nil, err
	}
	l := &listeners{console: c, socket: socket, path: filepath.Join(dir, socketName), failed: make(chan error, 2)}
	if set.Listen != "" {
		if err := l.listenTLS(ctx, dir, set); err != nil {
			l.close()
			return nil, err
		}
		l.serve(ctx, l.page, c.Handler(), log)
	}
	l.serve(ctx, socket, c.Owner(), log)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.live.Go(func() { c.Run(running) })
	return l, nil
}

func (l *listeners) listenTLS(ctx context.Context, dir string, set consoleSettings) error {
	cfg, err := consoleTLS(set, dir, time.Now())
	if err != nil {
		return err
	}
	if set.Certificate == "" {
		l.mark = fingerprint(cfg.Certificates[0].Certificate[0])
	}
	tcp, err := (&net.ListenConfig{}).Listen(ctx, "tcp", set.Listen)
	if err != nil {
		return problem(console.Failed, "the console cannot listen on %s: %v; give another address with --console", set.Listen, err)
	}
	cfg.NextProtos = []string{"h2", "http/1.1"}
	l.page = tls.NewListener(tcp, cfg)
	return nil
}

// serve answers on one listener. Requests end when the service stops: their
// context is the service's.
func (l *listeners) serve(ctx context.Context, on net.Listener, h http.Handler, log *zap.Logger) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		ConnContext:       console.ConnContext,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          zap.NewStdLog(log.WithOptions(zap.IncreaseLevel(zap.ErrorLevel))), // strangers' handshakes are no news
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	l.servers = append(l.servers, srv)
	go func() { // ends with close
		if err := srv.Serve(on); !errors.Is(err, http.ErrServerClosed) {
			l.failed <- fmt.Errorf("answer on %s: %w", on.Addr(), err)
		}
	}()
}

func (l *listeners) where() string {
	if l.page == nil {
		return ""
	}
	return ", console " + l.url()
}

// url is where a browser on this machine finds the console.
func (l *listeners) url() string {
	addr := l.page.Addr().String()
	if host, port, err := net.SplitHostPort(addr); err == nil {
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			addr = net.JoinHostPort("localhost", port)
		}
	}
	return "https://" + addr
}

// close lets requests in flight end, and takes the socket away.
func (l *listeners) close() {
	ctx, cancel := context.WithTimeout(context.Background(), hangUpWithin)
	defer cancel()
	if l.stop != nil {
		l.stop() // streams end with it
	}
	l.live.Wait()
	_ = os.Remove(l.path) // a stale socket is replaced by the next serve anyway
	for _, srv := range l.servers {
		if srv.Shutdown(ctx) != nil {
			_ = srv.Close() // event streams do not end by themselves
		}
	}
	_ = l.socket.Close() // closed by its server unless that never began
}
