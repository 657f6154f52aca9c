// Command bench prints what the store can do beside what it must do and beside a
// reference that is measured in the same run: PostgreSQL from the installed
// binaries, in a temporary folder, on a Unix socket. Without them the column
// says so.
//
//	make bench-contactdb                          # a million contacts
//	go run ./contactdb/bench -contacts 10000000 -minutes 5 -only import,lease,filter,best,suppression,calls,keep,open
//
// Each line of the table is made by one measure; see measures.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"apel/contactdb"
)

// row is one line of the table.
type row struct{ what, floor, ours, reference string }

// measure makes lines of the table. Add yours here, in a file of its own.
type measure struct {
	name string
	run  func(*bench) ([]row, error)
}

var measures = []measure{
	{"import", importing},
	{"settle", settle},
	{"lease", lease},
	{"filter", filtered},
	{"suppression", suppression},
	{"calls", calls},
	{"export", exports},
	{"best", best},
	{"keep", keeping},
	{"open", open},
}

// bench is what measures share.
type bench struct {
	dir      string        // for files; removed at the end unless it was given
	contacts int           // size of the store
	records  int           // call records of an export
	period   time.Duration // of what is measured over time
	profile  string        // folder for profiles; "": none
	kept     bool          // dir was given
	pg       *postgres     // nil: not on this machine
}

func main() {
	contactdb.TuneGC() // as the service
	b := &bench{}
	keep := flag.String("dir", "", "`folder` for the files, kept for the next run (default: a temporary one)")
	only := flag.String("only", "", "only these measures, with commas: "+strings.Join(names(), ","))
	minutes := flag.Float64("minutes", .25, "how long to measure what is measured over time")
	flag.IntVar(&b.contacts, "contacts", 1_000_000, "contacts in the store")
	flag.IntVar(&b.records, "records", 1_000_000, "call records to export")
	reference := flag.Bool("reference", true, "measure the reference too, if it is there")
	flag.StringVar(&b.profile, "cpuprofile", "", "`folder` for a CPU profile of each measure, for go tool pprof")
	flag.Parse()
	b.period = time.Duration(*minutes * float64(time.Minute))
	if err := b.run(*keep, *only, *reference); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func names() (all []string) {
	for _, m := range measures {
		all = append(all, m.name)
	}
	return all
}

func (b *bench) run(keep, only string, reference bool) (err error) {
	b.kept = keep != ""
	if b.dir = keep; keep == "" {
		if b.dir, err = os.MkdirTemp("", "apel-bench-*"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(b.dir) }()
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	if err := b.room(); err != nil {
		return err
	}
	if !reference {
		fmt.Fprintln(os.Stderr, "no reference: as asked")
	} else if b.pg, err = startPostgres(); err != nil {
		fmt.Fprintf(os.Stderr, "no reference: %v\n", err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() { // PostgreSQL and the folder must not outlive an interrupt
		<-stop
		b.pg.stop()
		if keep == "" {
			_ = os.RemoveAll(b.dir)
		}
		os.Exit(130)
	}()
	defer b.pg.stop()
	fmt.Printf("%s, %d CPUs, %s contacts, %s records, %s\n\n", runtime.Version(), runtime.NumCPU(), thousands(b.contacts), thousands(b.records), cmp.Or(b.pg.version(), "no PostgreSQL"))
	out := tabwriter.NewWriter(os.Stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintln(out, "what\tfloor\tapel\treference")
	for _, m := range measures {
		if only != "" && !slices.Contains(strings.Split(only, ","), m.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "... %s\n", m.name)
		rows, e := b.profiled(m)
		if e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", m.name, e))
		}
		for _, r := range rows {
			fmt.Fprintf(os.Stderr, "    %s: %s\n", strings.TrimSpace(r.what), r.ours)
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", r.what, r.floor, r.ours, cmp.Or(r.reference, "-"))
		}
	}
	return errors.Join(err, out.Flush())
}

// profiled runs a measure, and keeps a profile of it if asked.
func (b *bench) profiled(m measure) ([]row, error) {
	if b.profile == "" {
		return m.run(b)
	}
	f, err := os.Create(filepath.Join(b.profile, m.name+".pprof"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	defer pprof.StopCPUProfile()
	return m.run(b)
}

// room refuses to begin on a disk that would fill up: a contact takes some 600
// bytes here and as much in the reference, a record some 1,500.
func (b *bench) room() error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(b.dir, &fs); err != nil {
		return err
	}
	free, need := int64(fs.Bavail)*fs.Bsize, int64(b.contacts)*1500+int64(b.records)*4000+1<<30
	if free < need {
		return fmt.Errorf("%s has %d MB free, and this takes up to %d; give another -dir or smaller sizes", b.dir, free>>20, need>>20)
	}
	return nil
}

// store opens the store with b.contacts contacts in the list "a" and an applied
// campaign "c", made once for all measures.
func (b *bench) store() (*contactdb.Store, error) {
	path := b.path()
	if _, err := os.Stat(path); err == nil {
		return contactdb.Open(contactdb.Config{Path: path})
	}
	s, err := contactdb.Open(contactdb.Config{Path: path + ".part"})
	if err != nil {
		return nil, err
	}
	if err := fillStore(s, b.contacts); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := errors.Join(s.Close(), os.Rename(path+".part", path)); err != nil {
		return nil, err
	}
	return contactdb.Open(contactdb.Config{Path: path})
}

func (b *bench) path() string { return filepath.Join(b.dir, fmt.Sprintf("contacts-%d.db", b.contacts)) }

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// perSecond is a rate as a person reads it.
func perSecond(n int, in time.Duration) string {
	return thousands(int(float64(n)/in.Seconds())) + "/s"
}
