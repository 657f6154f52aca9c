package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) dbCmd() *cobra.Command {
	return group("db", "the database: look through it, copy it, bring it back", a.dbCheck(), a.dbBackup(), a.dbRestore(), a.dbCompact(), a.dbStats(), a.dbSalvage())
}

func (a *app) dbCheck() *cobra.Command {
	cmd := a.verb("check", "look through all of it, while everything goes on; exit 1 if something does not fit", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		var c console.Checked
		raw, err := a.ask(ctx, call{path: "/api/db/check"}, &c)
		if err != nil {
			return err
		}
		if a.flags.output == "json" {
			err = printJSON(a.std.out, raw)
		} else {
			err = a.print(func(w io.Writer) {
				for _, p := range c.Problems {
					fmt.Fprintln(w, printable(p))
				}
				if c.OK {
					fmt.Fprintf(w, "every row, index, count and both chains fit (%s)\n", (time.Duration(c.TookMS) * time.Millisecond).Round(time.Millisecond))
				}
			})
		}
		if err == nil && !c.OK {
			err = problem(console.Failed, "%d problems were found; bring back a backup (apel db restore FILE), or save what can be read: apel db salvage --out FILE", len(c.Problems))
		}
		return err
	})
	return cmd
}

func (a *app) dbBackup() *cobra.Command {
	var out string
	cmd := a.verb("backup", "a consistent copy, while everything goes on", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if out == "" {
			return problem(console.Usage, "name the file with --out, best on another disk")
		}
		n, sum := int64(0), sha256.New()
		err := a.with(ctx, false, func(c *client) error {
			return writeWhole(out, func(w io.Writer) error {
				p := &counting{w: io.MultiWriter(w, sum)}
				_, err := c.stream(ctx, call{path: "/api/db/backup"}, p)
				n = p.n
				return err
			})
		})
		if err != nil {
			return err
		}
		a.say("%s written: %.1f MB, SHA-256 %x; recordings are files of their own in recordings/, copy them too", out, float64(n)/1e6, sum.Sum(nil))
		return nil
	})
	cmd.Long = "Copies the database as it is at this instant, while calls go on; the copy is whole or not there.\nIt holds everything, personal data too: keep it as well as the original. Bring it back with\napel db restore FILE."
	cmd.Flags().StringVar(&out, "out", "", "`file` to write")
	return cmd
}

// counting counts what goes through it.
type counting struct {
	w io.Writer
	n int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// offline says that nobody must be at work in the data directory, and names its store.
func (a *app) offline(ctx context.Context) (path string, err error) {
	dir := a.dataDir()
	if conn, err := dialSocket(ctx, dir); err == nil {
		_ = conn.Close() // it only asked
		return "", problem(console.State, "a service runs on %s; stop it first: the database is exchanged under it", dir)
	}
	return filepath.Join(dir, "apel.db"), nil
}

func (a *app) dbRestore() *cobra.Command {
	cmd := a.verb("restore BACKUP", "put a backup in the place of the database; the service must not run", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		path, err := a.offline(ctx)
		if err != nil {
			return err
		}
		kept, err := contactdb.Restore(args[0], path, time.Now())
		if errors.Is(err, os.ErrNotExist) {
			return fileProblem(err)
		}
		if err != nil {
			return err
		}
		a.say("%s is in place. What came after it is gone from the database: do-not-call entries, calls, results.\nBefore you dial: import the do-not-call lists again (apel dnc import), and hold the chain against your\nanchors: apel record verify --anchors FILE", args[0])
		if kept != "" {
			a.say("what stood there before is %s; remove it when you need it no more", kept)
		}
		return nil
	})
	cmd.Long = "Looks through the backup first; a damaged one is refused and nothing is changed. What stood there\nbefore is kept beside it."
	return cmd
}

func (a *app) dbCompact() *cobra.Command {
	return a.verb("compact", "write it anew without free pages and what was erased; the service must not run", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		path, err := a.offline(ctx)
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); err != nil {
			return problem(console.NotFound, "there is no database %s; name the data directory with --data", path)
		}
		before, after, err := contactdb.Compact(path)
		if err == nil {
			a.say("%s: %.1f MB, was %.1f MB", path, float64(after)/1e6, float64(before)/1e6)
		}
		return err
	})
}

func (a *app) dbStats() *cobra.Command {
	return a.verb("stats", "how large it is, and of what", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/db/stats"}, func(w io.Writer, st contactdb.Stats) {
			fmt.Fprintf(w, "%s, schema %d: %.1f MB, of them %.1f MB free\n\n", st.Path, st.Schema, float64(st.Bytes)/1e6, float64(st.FreeBytes)/1e6)
			t := newTable("part", ">rows", ">MB")
			for _, p := range st.Parts {
				if p.Rows > 0 {
					t.row(p.Name, thousands(int64(p.Rows)), fmt.Sprintf("%.1f", float64(p.Bytes)/1e6))
				}
			}
			t.write(w)
		})
	})
}

func (a *app) dbSalvage() *cobra.Command {
	var out string
	cmd := a.verb("salvage --out FILE", "save what can be read of a damaged database into a new one", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if out == "" {
			return problem(console.Usage, "name the new file with --out")
		}
		path, err := a.offline(ctx)
		if err != nil {
			return err
		}
		parts, err := contactdb.Salvage(path, out)
		switch {
		case errors.Is(err, contactdb.ErrExists):
			return problem(console.State, "%s is there already; name a new file", out)
		case errors.Is(err, os.ErrNotExist):
			return fileProblem(err)
		case err != nil:
			return err
		}
		if a.flags.output == "json" {
			raw, err := json.Marshal(parts)
			if err != nil {
				return err
			}
			return printJSON(a.std.out, raw)
		}
		lost := 0
		err = a.print(func(w io.Writer) {
			t := newTable("part", ">rows saved", "lost")
			for _, p := range parts {
				lost += len(p.Lost)
				if p.Rows > 0 || len(p.Lost) > 0 {
					t.row(p.Name, thousands(int64(p.Rows)), lostPages(p.Lost))
				}
			}
			t.write(w)
		})
		if err == nil && lost > 0 {
			a.say("%s holds what could be read. A backup is better if you have one; if not, put it in place (apel db restore\nrefuses it while apel db check finds something), export contacts and records from it, and begin anew", out)
		}
		return err
	})
	cmd.Flags().StringVar(&out, "out", "", "`file` for the new database")
	return cmd
}

// lostPages names the first of the pages that were lost.
func lostPages(lost []string) string {
	switch {
	case len(lost) == 0:
		return "nothing"
	case len(lost) > 2:
		return fmt.Sprintf("%s; %s; and %d more pages", lost[0], lost[1], len(lost)-2)
	case len(lost) == 2:
		return lost[0] + "; " + lost[1]
	}
	return lost[0]
}
