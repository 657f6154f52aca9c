package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"apel/dialer/console"

	"github.com/spf13/cobra"
)

// exportFlags are those of every export.
type exportFlags struct {
	format, out string
}

func (x *exportFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&x.format, "format", "csv", "`csv, jsonl or xlsx`")
	cmd.Flags().StringVar(&x.out, "out", "", "`file` to write (default standard output)")
}

// export streams to standard output, or to a file that appears only when it
// is whole.
func (a *app) export(ctx context.Context, q call, x exportFlags) error {
	if !slices.Contains([]string{"csv", "jsonl", "xlsx"}, x.format) {
		return problem(console.Usage, "format %q is not known; use csv, jsonl or xlsx", x.format)
	}
	_, err := a.exportTo(ctx, q, x)
	return err
}

// exportTo gives what came after the stream, too.
func (a *app) exportTo(ctx context.Context, q call, x exportFlags) (trailer http.Header, err error) {
	if x.format == "xlsx" && x.out == "" && a.std.outIsScreen {
		return nil, problem(console.Usage, "a spreadsheet cannot be shown on the screen; name a file with --out")
	}
	if q.query == nil {
		q.query = url.Values{}
	}
	q.query.Set("format", x.format)
	err = a.with(ctx, false, func(c *client) error {
		write := func(w io.Writer) (err error) {
			trailer, err = c.stream(ctx, q, w)
			return err
		}
		if x.out == "" {
			return write(a.std.out)
		}
		return writeWhole(x.out, write)
	})
	return trailer, err
}

// writeWhole writes beside the file and renames: nobody finds half of it.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fileProblem(err)
	}
	w := bufio.NewWriter(f)
	err = write(w)
	if err == nil {
		err = errors.Join(w.Flush(), f.Sync())
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error tells
	}
	return err
}
