package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"apel/contactdb"
	"apel/contactdb/evidence"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

// recordFlags choose call records.
type recordFlags struct {
	periodFlags
	list, operator, outcome string
}

func (f *recordFlags) add(cmd *cobra.Command) {
	f.periodFlags.add(cmd)
	cmd.Flags().StringVar(&f.list, "list", "", "only of this `list`")
	cmd.Flags().StringVar(&f.operator, "operator", "", "only of this `operator`")
	cmd.Flags().StringVar(&f.outcome, "outcome", "", "only with this `outcome`, for example human")
}

func (f *recordFlags) call(path string) (call, error) {
	q, err := f.query()
	for key, value := range map[string]string{"list": f.list, "operator": f.operator, "outcome": f.outcome} {
		if err == nil && value != "" {
			q.Set(key, value)
		}
	}
	return call{path: path, query: q}, err
}

func (a *app) recordExport() *cobra.Command {
	var x exportFlags
	var f recordFlags
	var manifest string
	cmd := a.verb("export", "call records as a file that stands as evidence", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if err := x.settle(); err != nil {
			return err
		}
		q, err := f.call("/api/records/export")
		if err != nil {
			return err
		}
		if x.out != "" {
			q.query.Set("file", filepath.Base(x.out))
			manifest = cmp.Or(manifest, x.out+".manifest.json")
		}
		trailer, err := a.exportTo(ctx, q, x)
		if err != nil || manifest == "" {
			return err
		}
		return a.writeManifest(manifest, trailer.Get(console.ManifestTrailer))
	})
	cmd.Long = "Writes call records to standard output, or to a file with --out: then a manifest is written\nbeside it, which says what the file is and how it lies in the chain; check both anywhere, later,\nwithout the database: apel record verify --manifest FILE.manifest.json\n\nThe format sealed has each record as it was hashed, with the salts of its personal fields: the\ncheck then proves each record's content, not only its place in the chain."
	x.add(cmd, evidence.Formats...)
	f.add(cmd)
	cmd.Flags().StringVar(&manifest, "manifest", "", "`file` for the manifest (default beside --out)")
	return cmd
}

func (a *app) writeManifest(path, text string) error {
	var m evidence.Manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return problem(console.Failed, "the service sent no manifest with the export; is it another version of apel?")
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(text), "", "  "); err != nil {
		return err
	}
	pretty.WriteByte('\n')
	if err := writeWhole(path, func(w io.Writer) error { _, err := pretty.WriteTo(w); return err }); err != nil {
		return err
	}
	a.say("%s records, SHA-256 %s; manifest in %s", thousands(int64(m.Rows)), m.SHA256, path)
	return nil
}

func (a *app) recordVerify() *cobra.Command {
	var manifest, file, anchors string
	cmd := a.verb("verify", "walk the chain of call records, or check an exported file; exit 1 where it does not fit", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if file != "" && manifest == "" {
			return problem(console.Usage, "--file needs the manifest that was written with it; give --manifest")
		}
		if manifest != "" {
			return a.checkExport(ctx, manifest, file, anchors)
		}
		q := call{path: "/api/records/verify"}
		if anchors != "" {
			b, err := os.ReadFile(anchors)
			if err != nil {
				return fileProblem(err)
			}
			q.method, q.body = "POST", io.Reader(bytes.NewReader(b))
		}
		return a.verifyChain(ctx, q, "records", "call record")
	})
	cmd.Long = "Without flags it walks the whole chain of call records in the store. With --manifest it checks\nan exported file and needs no store. Anchors that were kept elsewhere (the service writes them\ndaily; see evidence in the settings) show that the chain was neither cut off nor made anew."
	cmd.Flags().StringVar(&manifest, "manifest", "", "check the export that this `file` describes, without the store")
	cmd.Flags().StringVar(&file, "file", "", "the exported `file` (default: the one that the manifest names, beside it)")
	cmd.Flags().StringVar(&anchors, "anchors", "", "hold it also against the anchors in this `file`")
	return cmd
}

// checkExport checks a file and tells a stranger what that proves.
func (a *app) checkExport(ctx context.Context, manifest, file, anchors string) error {
	var further []contactdb.Heads
	if anchors != "" {
		f, err := os.Open(anchors)
		if err != nil {
			return fileProblem(err)
		}
		defer f.Close()
		if further, err = evidence.ReadAnchors(f); err != nil {
			return problem(console.Input, "%s: %v; anchors are what the service wrote, a JSON object a line", anchors, err)
		}
	}
	found, err := evidence.Check(ctx, manifest, file, further)
	if err != nil {
		return fileProblem(err)
	}
	if a.flags.output == "json" {
		raw, err := json.Marshal(found)
		if err == nil {
			err = printJSON(a.std.out, raw)
		}
		if err != nil {
			return err
		}
	} else if found.OK {
		if err := a.print(func(w io.Writer) { writeFinding(w, found) }); err != nil {
			return err
		}
	}
	if !found.OK {
		where := found.Manifest.File
		if found.Line > 0 {
			where = fmt.Sprintf("%s, line %d", where, found.Line)
		}
		return problem(console.Failed, "%s: %s; it is no evidence as it is: export it again, or find the copy that fits", where, found.Problem)
	}
	return nil
}

func writeFinding(w io.Writer, f evidence.Finding) {
	m := f.Manifest
	fmt.Fprintf(w, "%s is the file that was exported on %s by %s: %s records, %s bytes, SHA-256 %s\n",
		printable(m.File), clock(m.MadeAt), printable(callerName(m.MadeBy)), thousands(int64(m.Rows)), thousands(m.Bytes), m.SHA256)
	switch {
	case m.First == nil:
		fmt.Fprintln(w, "it holds no record")
	case m.Complete && m.Rows > 1:
		fmt.Fprintf(w, "each record follows the one before it: number %s to %s of the chain, none is missing between\n", thousands(int64(m.First.Place)), thousands(int64(m.Last.Place)))
	case m.Rows > 1:
		fmt.Fprintf(w, "it is a selection, of records from number %s to %s of the chain: that others were left out is no sign of tampering\n", thousands(int64(m.First.Place)), thousands(int64(m.Last.Place)))
	}
	if f.Contents {
		fmt.Fprintln(w, "the content of each record fits its hash")
	} else {
		fmt.Fprintf(w, "the contents were proved by the file's SHA-256 only; --format %s proves each by its own hash\n", evidence.Sealed)
	}
	if f.Anchors > 0 {
		fmt.Fprintf(w, "%d known ends of the chain lie in it, and fit\n", f.Anchors)
	}
	fmt.Fprintf(w, "the chain had %s records then, the last with hash %s; compare it with an anchor that was kept elsewhere\n", thousands(int64(m.Chain.Records)), m.Chain.Head)
}

func (a *app) recordAnchor() *cobra.Command {
	return a.verb("anchor", "print the ends of the chains, to be kept where nobody here can change it", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		var h contactdb.Heads
		raw, err := a.ask(ctx, call{method: "POST", path: "/api/records/anchor"}, &h)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.std.out, "%s\n", bytes.TrimSpace(raw)) // one line in any output: it is kept as it is
		return err
	})
}
