package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"
	"apel/dialer/lab"
	"apel/dialer/ua"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

const (
	demoOperators = 16
	demoContacts  = 220
	demoLimit     = 75 * time.Second // then the campaign is drained
	demoSeed      = 1
)

// demoCampaign is what a supervisor would write, with shorter times: an
// evening's campaign in a minute. Every contact is called once.
const demoCampaign = `name: demo
description: a minute of a telemarketing evening
lists: [demo]
trunks: [lab-carrier]
caller-id: "+40312345678"
country: RO
windows: {daily: 00:00-24:00}
ring-time: 5s
attempts: {max: 1}
wrap-up: 10s
pacing: predictive
`

func (a *app) demoCmd() *cobra.Command {
	var keep string
	var seed uint64
	cmd := a.verb("demo", "a whole campaign on this machine over real SIP and RTP", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.demo(ctx, keep, seed)
	})
	cmd.Long = "Imports a contact file, calls everybody in it over real SIP and RTP through a\ncarrier on this machine, behind which people, answering machines, fax machines\nand busy lines live, bridges the people to operators with SIP phones, and keeps\ncall records and recordings. Nothing leaves this machine."
	cmd.Flags().StringVar(&keep, "keep", "", "leave data, records and recordings in this `directory`")
	cmd.Flags().Uint64Var(&seed, "seed", demoSeed, "draws who lives behind the carrier")
	return cmd
}

// demonstration is the campaign and the world that it is run in.
type demonstration struct {
	dir     string
	carrier *lab.Carrier
	svc     *dialer.Service
	phones  []*lab.Phone
	list    dialer.ListImport
	began   time.Time
	took    time.Duration
	final   dialer.CampaignStatus // when the last call had ended
}

func (a *app) demo(ctx context.Context, keep string, seed uint64) (err error) {
	dir := keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "apel-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return problem(console.State, "%s is not empty; name a new directory", dir)
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fileProblem(err)
	}
	ua.SetLogger(slog.New(slog.DiscardHandler))
	d := &demonstration{dir: dir}
	if err := d.run(ctx, a, seed); err != nil {
		return err
	}
	defer d.svc.Close()
	s, err := d.summary(ctx, keep != "")
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		return printValue(a.std.out, s)
	}
	return a.print(s.write)
}

// run plays the campaign; when it returns everything but the store is closed.
func (d *demonstration) run(ctx context.Context, a *app, seed uint64) (err error) {
	d.carrier, err = lab.StartCarrier(ctx, lab.CarrierConfig{Addr: "127.0.0.1:0", Seed: seed, Population: lab.NewPopulation(lab.PopulationConfig{
		Seed: seed, People: .25, Machines: .40, NoAnswer: .13, Failed: .22,
		Ring: lab.Law{Mean: 900 * time.Millisecond, Spread: .4, Least: 300 * time.Millisecond, Most: 3 * time.Second},
		Talk: lab.Law{Mean: 6 * time.Second, Spread: .4, Least: 3 * time.Second}, Scale: .3})})
	if err != nil {
		return err
	}
	defer d.carrier.Close()
	d.svc, err = dialer.Open(dialer.Config{Data: d.dir, Version: version(), Log: zap.NewNop(), SIP: dialer.SIPConfig{Listen: "127.0.0.1:0"},
		Trunks: []dialer.TrunkConfig{{Name: "lab-carrier", Host: d.carrier.Addr().String(), Channels: 60, CallsPerSecond: 20}}})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			d.svc.Close()
		}
	}()
	if err := d.prepare(ctx, a); err != nil {
		return err
	}
	serveCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ran := make(chan error, 1)
	go func() { ran <- d.svc.Run(serveCtx, 3*time.Second) }()
	defer func() {
		d.goHome() // while the registrar is there to hear it
		stop()
		err = errors.Join(err, <-ran)
	}()
	select {
	case <-d.svc.Ready():
	case err := <-ran:
		ran <- nil
		return err
	}
	if err := d.seat(ctx); err != nil {
		return err
	}
	return d.play(ctx, a)
}

// prepare imports the contacts, makes the accounts, applies the campaign.
func (d *demonstration) prepare(ctx context.Context, a *app) (err error) {
	files := map[string]string{"contacts.csv": demoFile(), "campaign.yaml": demoCampaign}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	d.list, err = d.svc.ImportList(ctx, "demo", strings.NewReader(files["contacts.csv"]), dialer.ImportOptions{Country: "RO"})
	if err != nil {
		return err
	}
	a.say("contacts.csv: %d rows, %d imported, %d duplicate, %d rejected", d.list.Rows, d.list.Imported, d.list.Duplicates, d.list.Rejected)
	for i := range demoOperators {
		o := contactdb.Operator{Name: fmt.Sprintf("op%02d", i+1), Team: "evening", CreatedAt: time.Now()}
		dialer.SetPassword(&o, "demo")
		if err := d.svc.Store().PutOperator(o); err != nil {
			return err
		}
	}
	_, _, err = d.svc.ApplyCampaign([]byte(demoCampaign))
	return err
}

// seat brings the operators' phones up.
func (d *demonstration) seat(ctx context.Context) error {
	registrar, err := netip.ParseAddrPort(d.svc.SIPAddr())
	if err != nil {
		return err
	}
	events, cancel := d.svc.Subscribe()
	defer cancel()
	for i := range demoOperators {
		p, err := lab.StartPhone(ctx, lab.PhoneConfig{Addr: "127.0.0.1:0", User: fmt.Sprintf("op%02d", i+1), Password: "demo", Registrar: registrar, Seed: uint64(i + 1),
			Talk: lab.Law{Mean: 4 * time.Second, Spread: .4, Least: 2 * time.Second}, Wrap: lab.Law{Mean: 1200 * time.Millisecond, Spread: .3, Least: 400 * time.Millisecond},
			Dispositions: map[byte]float64{'1': .2, '2': .6, '3': .15, '4': .05}})
		if err != nil {
			return err
		}
		d.phones = append(d.phones, p)
	}
	deadline := time.NewTimer(15 * time.Second)
	defer deadline.Stop()
	for up := map[string]bool{}; len(up) < demoOperators; {
		select {
		case e := <-events:
			if e.Kind == "operator.state" && e.State == "not-ready" {
				up[e.Operator] = true
			}
		case <-deadline.C:
			return fmt.Errorf("only %d of %d phones came up; see whether something on this machine blocks UDP on 127.0.0.1", len(up), demoOperators)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// goHome closes every phone; each says goodbye.
func (d *demonstration) goHome() {
	var all sync.WaitGroup
	for _, p := range d.phones {
		all.Go(func() { p.Close() })
	}
	all.Wait()
}

// play starts the campaign and watches it to its end.
func (d *demonstration) play(ctx context.Context, a *app) error {
	events, cancel := d.svc.Subscribe()
	defer cancel()
	if _, err := d.svc.StartCampaign("demo"); err != nil {
		return err
	}
	d.began = time.Now()
	defer func() { d.took = time.Since(d.began) }()
	view := newLiveView(a)
	defer view.close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	limit := time.NewTimer(demoLimit)
	defer limit.Stop()
	for {
		select {
		case e := <-events:
			view.saw(e)
			if e.Kind == "campaign.state" && e.State == string(contactdb.Done) {
				return nil
			}
		case <-tick.C:
			st, err := d.svc.CampaignStatus("demo", false)
			if err != nil {
				return err
			}
			if st.State == contactdb.Running {
				d.final = st
			}
			view.show(st, time.Since(d.began))
		case <-limit.C:
			if _, err := d.svc.DrainCampaign("demo", ""); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// demoFile is a contact file as a client might send it: semicolons, national
// numbers, a number twice, and two that are none.
func demoFile() string {
	first := []string{"Ana", "Ion", "Maria", "Andrei", "Elena", "Mihai", "Ioana", "Radu", "Cristina", "Vlad"}
	last := []string{"Popescu", "Ionescu", "Popa", "Dumitru", "Stan", "Stoica", "Gheorghe", "Matei", "Ciobanu", "Rusu", "Mărginean"}
	city := []string{"București", "Iași", "Cluj-Napoca", "Timișoara", "Constanța", "Brașov"}
	var b strings.Builder
	b.WriteString("Nume;Prenume;Telefon;Oraș;Abonament\n")
	for i := range demoContacts {
		fmt.Fprintf(&b, "%s;%s;0700 000 %03d;%s;%s\n", last[i%len(last)], first[i%len(first)], i, city[i%len(city)], []string{"Basic", "Plus"}[i%2])
	}
	b.WriteString("Popa;Dan;0700 000 007;Iași;Plus\nStan;Ilie;0799;Brașov;Basic\nRusu;Eva;;Cluj-Napoca;Plus\n")
	return b.String()
}
