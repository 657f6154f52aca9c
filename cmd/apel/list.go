package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) listCmd() *cobra.Command {
	return group("list", "lists of contacts", a.listImport(), a.listImports(), a.listUndo(), a.listMappings(), a.listLs(), a.listShow(), a.listExport(), a.listRm())
}

func (a *app) listLs() *cobra.Command {
	return a.verb("ls", "all lists", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/lists"}, func(w io.Writer, lists []contactdb.List) {
			t := newTable("list", ">contacts", "imported at")
			for _, l := range lists {
				t.row(l.Name, l.Contacts, l.ImportedAt)
			}
			t.write(w)
		})
	})
}

func (a *app) listShow() *cobra.Command {
	cmd := a.verb("show NAME", "one list and where its people may be", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return show(a, ctx, call{path: at("lists", args[0])}, func(w io.Writer, l contactdb.List) {
			var f facts
			f.add("list", l.Name)
			f.add("contacts", l.Contacts)
			f.add("imported at", l.ImportedAt)
			f.write(w)
			t := newTable(">contacts", "may be in")
			for _, z := range l.Zones {
				var sets []string
				for _, set := range z.Sets() {
					sets = append(sets, strings.Join(set, ", "))
				}
				t.row(z.Contacts, strings.Join(sets, ", or another number: "))
			}
			fmt.Fprintln(w)
			t.write(w)
		})
	})
	return a.completing(cmd, "lists")
}

func (a *app) listExport() *cobra.Command {
	var x exportFlags
	cmd := a.verb("export NAME", "the contacts of a list", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.export(ctx, call{path: at("lists", args[0], "export")}, x)
	})
	x.add(cmd, tableFormats...)
	return a.completing(cmd, "lists")
}

func (a *app) listRm() *cobra.Command {
	cmd := a.verb("rm NAME", "remove a list and its contacts; call records stay", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.remove(ctx, call{path: at("lists", args[0])}, "list")
	})
	return a.completing(cmd, "lists")
}

// remove sends a DELETE and says what is gone.
func (a *app) remove(ctx context.Context, q call, noun string) error {
	q.method = "DELETE"
	return show(a, ctx, q, func(w io.Writer, gone console.Removed) {
		fmt.Fprintf(w, "removed %s %s\n", noun, printable(gone.Removed))
	})
}

// openInput opens a file that was named; "-" is standard input.
func (a *app) openInput(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(a.std.in), 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fileProblem(err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = problem(console.Input, "%s is a folder; name a file in it", path)
	}
	if err != nil {
		_ = f.Close() // it was only opened
		return nil, 0, err
	}
	return f, info.Size(), nil
}
