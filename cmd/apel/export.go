package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"apel/dialer/console"

	"github.com/spf13/cobra"
)

// exportFlags are those of every export.
type exportFlags struct {
	format, out string
}

func (x *exportFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&x.format, "format", "csv", "`csv or jsonl`")
	cmd.Flags().StringVar(&x.out, "out", "", "`file` to write (default standard output)")
}

// export streams to standard output, or to a file that appears only when it
// is whole.
func (a *app) export(ctx context.Context, q call, x exportFlags) error {
	switch x.format {
	case "csv", "jsonl":
	case "xlsx":
		return problem(console.Usage, "xlsx is not written yet; use --format csv, which spreadsheets open")
	default:
		return problem(console.Usage, "format %q is not known; use csv or jsonl", x.format)
	}
	if q.query == nil {
		q.query = url.Values{}
	}
	q.query.Set("format", x.format)
	return a.with(ctx, false, func(c *client) error {
		write := func(w io.Writer) error { return c.stream(ctx, q, w) }
		if x.out == "" {
			return write(a.std.out)
		}
		return writeWhole(x.out, write)
	})
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
