package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) listImport() *cobra.Command {
	var name, country, sheet string
	var columns []string
	var dry, fresh bool
	cmd := a.verb("import FILE --name NAME", "import contacts from a CSV, TSV or XLSX file, or gzip or zip of one", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if name == "" {
			name = strings.TrimSpace(fileStem(args[0]))
		}
		f, size, err := a.openInput(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		what := "importing"
		if dry {
			what = "reading"
		}
		shown := a.progress(what, f, size)
		defer shown.done()
		q := call{
			method: "POST", path: at("lists", name, "import"), create: true, body: io.Reader(shown),
			query: url.Values{"country": {country}, "map": columns, "sheet": {sheet}, "file": {filepath.Base(args[0])}},
		}
		if dry {
			q.query.Set("dry-run", "1")
		}
		if fresh {
			q.query.Set("fresh", "1")
		}
		var in dialer.ListImport
		raw, err := a.ask(ctx, q, &in)
		shown.done()
		if err != nil {
			return about(args[0], err)
		}
		if a.flags.output == "json" {
			err = printJSON(a.std.out, raw)
		} else {
			err = a.print(func(w io.Writer) { writeImport(w, in) })
		}
		if err == nil && in.Rows > 0 && in.Rejected == in.Rows {
			err = problem(console.Failed, "no row of %s could be imported; the reasons stand beside the rows that were rejected, and: apel list import FILE --dry-run shows how the columns are understood", args[0])
		}
		return err
	})
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "`name` of the list, new or to be added to (default: the file's name)")
	a.countryFlag(cmd, &country)
	f.StringVar(&sheet, "sheet", "", "`sheet` of a workbook, or file of an archive, where several have rows")
	f.StringSliceVar(&columns, "map", nil, "which column holds what: `phone=COLUMN`,name=COLUMN,...; kept for the next file with this header")
	f.BoolVar(&fresh, "fresh", false, "do not read the columns as --map said for an earlier file with this header")
	f.BoolVar(&dry, "dry-run", false, "say how the columns are understood and what would happen, and import nothing")
	return cmd
}

func writeImport(w io.Writer, in dialer.ListImport) {
	verb := "imported"
	if in.DryRun {
		writeUnderstood(w, in)
		verb = "nothing was imported; this would be: imported"
	}
	fmt.Fprintf(w, "%s: %s %s", printable(in.List), verb, thousands(int64(in.Imported)))
	if in.Updated > 0 {
		fmt.Fprintf(w, " · updated %s", thousands(int64(in.Updated)))
	}
	fmt.Fprintf(w, " · duplicate %s · rejected %s, of %s rows", thousands(int64(in.Duplicates)), thousands(int64(in.Rejected)), thousands(int64(in.Rows)))
	if in.Suppressed > 0 {
		fmt.Fprintf(w, "; %s of the imported are on a do-not-call list and will not be called", thousands(int64(in.Suppressed)))
	}
	fmt.Fprintln(w)
	if in.Resumed > 0 {
		fmt.Fprintf(w, "went on after %s rows that an import which was cut off had stored\n", thousands(int64(in.Resumed)))
	}
	if in.Rejects != "" {
		fmt.Fprintf(w, "rejected rows with their reasons: %s\nmend them there and import that file too\n", in.Rejects)
	}
	if in.DryRun {
		return
	}
	var read []string
	for _, column := range sortedKeys(in.Columns) {
		read = append(read, printable(column)+" as "+in.Columns[column])
	}
	switch {
	case in.Sheet != "":
		fmt.Fprintf(w, "read sheet %q: %s\n", printable(in.Sheet), strings.Join(read, ", "))
	case len(read) > 0:
		fmt.Fprintf(w, "read %s, separator %q: %s\n", in.Encoding, in.Separator, strings.Join(read, ", "))
	}
	if in.Mapping != "" {
		fmt.Fprintf(w, "the next file with this header is read the same way (mapping %s; see: apel list mappings)\n", in.Mapping)
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// writeUnderstood says how a file was read, with samples.
func writeUnderstood(w io.Writer, in dialer.ListImport) {
	if in.Sheet != "" {
		fmt.Fprintf(w, "sheet %q\n", printable(in.Sheet))
	} else {
		fmt.Fprintf(w, "%s, separator %q\n", in.Encoding, in.Separator)
	}
	for _, c := range in.Understood {
		fmt.Fprintf(w, "  %s\n", printable(c))
	}
	if len(in.Samples) > 0 {
		fmt.Fprintf(w, "\nthe first contacts:\n")
	}
	for i, c := range in.Samples {
		if i > 0 {
			fmt.Fprintln(w)
		}
		c.ImportedAt = time.Time{} // it is not
		writeContact(w, c)
	}
	if len(in.Refused) > 0 {
		fmt.Fprintf(w, "\nthe first rejects:\n")
	}
	for _, j := range in.Refused {
		where := ""
		if j.Column != "" {
			where = ", column " + printable(j.Column)
		}
		fmt.Fprintf(w, "  line %d%s: %s\n", j.Line, where, printable(j.Reason))
	}
	fmt.Fprintln(w)
}

func (a *app) listImports() *cobra.Command {
	cmd := a.verb("imports NAME", "the imports into a list, the last first", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return show(a, ctx, call{path: at("lists", args[0], "imports")}, func(w io.Writer, all []contactdb.ImportInfo) {
			t := newTable(">import", "file", "at", "state", ">rows", ">imported", ">updated", ">duplicate", ">rejected")
			for _, i := range all {
				t.row(strconv.FormatUint(i.ID, 10), i.Source, i.At, string(i.State), i.Rows, i.Imported, i.Updated, i.Duplicates, i.Rejected)
			}
			t.write(w)
		})
	})
	return a.completing(cmd, "lists")
}

func (a *app) listUndo() *cobra.Command {
	var id uint64
	cmd := a.verb("undo NAME", "take the last import into a list back, but for contacts that were called", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q := call{method: "POST", path: at("lists", args[0], "undo"), query: url.Values{}}
		if id > 0 {
			q.query.Set("import", strconv.FormatUint(id, 10))
		}
		return show(a, ctx, q, func(w io.Writer, u contactdb.Undone) {
			fmt.Fprintf(w, "import %d (%s) into %s: removed %s contacts, %s are again as they were before it\n",
				u.ID, printable(u.Source), printable(u.List), thousands(int64(u.Removed)), thousands(int64(u.Restored)))
			if u.Called > 0 {
				fmt.Fprintf(w, "%s stay: they were called already, or are in a call now\n", thousands(int64(u.Called)))
			}
			if u.Changed > 0 {
				fmt.Fprintf(w, "%s that it had updated stay as they are: they were changed again since\n", thousands(int64(u.Changed)))
			}
		})
	})
	cmd.Flags().Uint64Var(&id, "import", 0, "`number` of the import (default: the last); see: apel list imports NAME")
	return a.completing(cmd, "lists")
}

func (a *app) listMappings() *cobra.Command {
	var rm string
	cmd := a.verb("mappings", "how files with a known header are read: what --map said", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if rm != "" {
			return a.remove(ctx, call{path: at("mappings", rm)}, "mapping")
		}
		return show(a, ctx, call{path: "/api/mappings"}, func(w io.Writer, all []dialer.Mapping) {
			t := newTable("mapping", "saved at", "reads", "header")
			for _, m := range all {
				var reads []string
				for _, field := range sortedKeys(m.Map) {
					reads = append(reads, field+"="+m.Map[field])
				}
				t.row(m.Name, m.SavedAt, printable(strings.Join(reads, ",")), printable(strings.Join(m.Columns, ", ")))
			}
			t.write(w)
		})
	})
	cmd.Flags().StringVar(&rm, "rm", "", "forget the `mapping` of this name")
	return cmd
}
