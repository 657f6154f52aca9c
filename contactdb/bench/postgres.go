package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postgresBin is where Debian puts the programs of PostgreSQL 15.
const postgresBin = "/usr/lib/postgresql/15/bin"

// postgres is a server in a temporary folder that listens on a Unix socket in
// it. It refuses to run as root, so root runs it as another user.
type postgres struct {
	dir string
	as  *syscall.SysProcAttr
}

func startPostgres() (*postgres, error) {
	if _, err := os.Stat(filepath.Join(postgresBin, "initdb")); err != nil {
		return nil, fmt.Errorf("PostgreSQL is not in %s", postgresBin)
	}
	dir, err := os.MkdirTemp("", "apel-pg-*")
	if err != nil {
		return nil, err
	}
	pg := &postgres{dir: dir}
	if err := pg.unprivileged(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	data := filepath.Join(dir, "data")
	if err := pg.command("initdb", "-D", data, "-A", "trust", "-U", "bench", "--no-locale", "-E", "UTF8").run(nil, nil); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// Durable as it comes; only memory and checkpoints as for a machine that does the work.
	options := fmt.Sprintf("-c listen_addresses='' -c unix_socket_directories=%s -c max_connections=100 -c shared_buffers=1GB -c maintenance_work_mem=512MB -c max_wal_size=8GB", dir)
	start := pg.command("pg_ctl", "-D", data, "-o", options, "-l", filepath.Join(dir, "log"), "-w", "start")
	if err := start.run(nil, nil); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return pg, nil
}

func (pg *postgres) unprivileged() error {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return err
		}
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	pg.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(pg.dir, uid, gid)
}

func (pg *postgres) stop() {
	if pg == nil {
		return
	}
	_ = pg.command("pg_ctl", "-D", filepath.Join(pg.dir, "data"), "-m", "immediate", "-w", "stop").run(nil, nil) // the folder goes anyway
	_ = os.RemoveAll(pg.dir)
}

func (pg *postgres) version() string {
	if pg == nil {
		return ""
	}
	v, err := pg.ask("show server_version")
	if err != nil {
		return ""
	}
	return "PostgreSQL " + v
}

type command struct{ *exec.Cmd }

func (pg *postgres) command(name string, args ...string) command {
	cmd := exec.Command(filepath.Join(postgresBin, name), args...)
	cmd.Dir, cmd.SysProcAttr = pg.dir, pg.as
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return command{cmd}
}

func (c command) run(in io.Reader, out io.Writer) error {
	var said bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = in, out, &said
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

func (pg *postgres) psql(args ...string) command {
	return pg.command("psql", append([]string{"-h", pg.dir, "-U", "bench", "-d", "postgres", "-X", "-q", "-v", "ON_ERROR_STOP=1"}, args...)...)
}

// do runs statements.
func (pg *postgres) do(sql string) error { return pg.psql("-c", sql).run(nil, nil) }

// ask gives one value.
func (pg *postgres) ask(sql string) (string, error) {
	var out bytes.Buffer
	err := pg.psql("-t", "-A", "-c", sql).run(nil, &out)
	return strings.TrimSpace(out.String()), err
}

// copyIn runs a COPY ... FROM STDIN with what in gives.
func (pg *postgres) copyIn(sql string, in io.Reader) error { return pg.psql("-c", sql).run(in, nil) }

// run has clients send a script, a transaction each, for a while, and gives
// how many there were and how long each took.
func (pg *postgres) run(script string, clients int, period time.Duration) (n int, took []time.Duration, err error) {
	file := filepath.Join(pg.dir, "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		return 0, nil, err
	}
	bench := pg.command("pgbench", "-n", "-h", pg.dir, "-U", "bench", "-c", strconv.Itoa(clients), "-j", "2", "-M", "prepared",
		"-T", strconv.Itoa(max(1, int(period.Seconds()))), "-f", file, "-l", "--log-prefix="+filepath.Join(pg.dir, "took"), "postgres")
	if err := bench.run(nil, nil); err != nil {
		return 0, nil, err
	}
	logs, err := filepath.Glob(filepath.Join(pg.dir, "took.*"))
	for _, path := range logs {
		b, e := os.ReadFile(path)
		err = errors.Join(err, e, os.Remove(path))
		for line := range strings.Lines(string(b)) {
			// client, transaction, microseconds, ...
			if f := strings.Fields(line); len(f) > 2 {
				us, _ := strconv.Atoi(f[2])
				took = append(took, time.Duration(us)*time.Microsecond)
			}
		}
	}
	slices.Sort(took)
	return len(took), took, err
}

// quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// ms is a duration as the table shows it.
func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
