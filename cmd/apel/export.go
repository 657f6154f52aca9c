package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"apel/dialer/console"

	"github.com/spf13/cobra"
)

// exportFlags are those of every export.
type exportFlags struct {
	format, out string
	formats     []string // that this export can write
}

var tableFormats = []string{"csv", "jsonl", "xlsx"}

func (x *exportFlags) add(cmd *cobra.Command, formats ...string) {
	x.formats = formats
	known := strings.Join(formats[:len(formats)-1], ", ") + " or " + formats[len(formats)-1]
	cmd.Flags().StringVar(&x.format, "format", "", "`FORMAT`: "+known+" (default: the ending of --out, else csv)")
	cmd.Flags().StringVar(&x.out, "out", "", "`file` to write (default standard output)")
}

// settle takes the format from the file's ending where none was given.
func (x *exportFlags) settle() error {
	if ending := strings.TrimPrefix(filepath.Ext(x.out), "."); x.format == "" && slices.Contains(x.formats, ending) {
		x.format = ending
	}
	x.format = cmp.Or(x.format, "csv")
	if !slices.Contains(x.formats, x.format) {
		return problem(console.Usage, "format %q is not known; use %s", x.format, strings.Join(x.formats, ", "))
	}
	return nil
}

// export streams to standard output, or to a file that appears only when it
// is whole.
func (a *app) export(ctx context.Context, q call, x exportFlags) error {
	if err := x.settle(); err != nil {
		return err
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
	if about, err := os.Stat(path); err == nil && about.IsDir() {
		return problem(console.Usage, "%s is a folder; name a file in it", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		if named := (*os.PathError)(nil); errors.As(err, &named) {
			named.Path = path // as it was given
		}
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
