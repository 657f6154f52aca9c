package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"apel/dialer/console"

	"filippo.io/age"
	"github.com/spf13/cobra"
)

func (a *app) recordingCmd() *cobra.Command {
	return group("recording", "recorded conversations", a.recordingGet(), a.recordingKeygen())
}

func (a *app) recordingGet() *cobra.Command {
	var identity, out string
	var stored bool
	cmd := a.verb("get RECORD", "a recording by the id of its call record, decrypted with an identity", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if out == "" {
			return problem(console.Usage, "name the file with --out, for example --out call.wav")
		}
		var keys []age.Identity
		if identity != "" {
			var err error
			if keys, err = readIdentities(identity); err != nil {
				return err
			}
		}
		return a.getRecording(ctx, args[0], out, keys, stored)
	})
	cmd.Long = "Fetches a recording and checks it against the SHA-256 in its call record. One that is encrypted is\ndecrypted here, with the identity file of one of those whom it was encrypted to; the service never\nsees the identity. With --stored it is written as it is stored."
	cmd.Flags().StringVar(&identity, "identity", "", "`file` with an age identity (AGE-SECRET-KEY-1...)")
	cmd.Flags().StringVar(&out, "out", "", "`file` to write")
	cmd.Flags().BoolVar(&stored, "stored", false, "as it is stored, not decrypted")
	return cmd
}

func readIdentities(path string) ([]age.Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileProblem(err)
	}
	defer f.Close()
	keys, err := age.ParseIdentities(f)
	if err != nil {
		return nil, problem(console.Input, "%s holds no age identity; the file that apel recording keygen wrote does", path)
	}
	return keys, nil
}

func (a *app) getRecording(ctx context.Context, id, out string, keys []age.Identity, stored bool) error {
	err := a.fetchRecording(ctx, id, out, keys, stored)
	if err == nil {
		a.say("%s written; it is the recording that call record %s names", out, id)
	}
	return err
}

func (a *app) fetchRecording(ctx context.Context, id, out string, keys []age.Identity, stored bool) error {
	return a.with(ctx, false, func(c *client) error {
		resp, err := c.do(ctx, call{path: at("records", id, "recording")})
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		encrypted := resp.Header.Get(console.RecordingHeader) == "encrypted"
		if encrypted && keys == nil && !stored {
			return problem(console.Usage, "the recording is encrypted; give the identity file of one whom it is for with --identity, or --stored to take it as it is")
		}
		sum := sha256.New()
		return writeWhole(out, func(w io.Writer) error {
			source := io.TeeReader(resp.Body, sum)
			if encrypted && !stored {
				plain, err := age.Decrypt(source, keys...)
				if err != nil {
					return notForUs("the recording of "+id, err)
				}
				if _, err := io.Copy(w, plain); err != nil {
					return problem(console.Failed, "the recording of %s was changed, cut off or damaged: %v; take it from a backup", id, err)
				}
			} else if _, err := io.Copy(w, source); err != nil {
				return c.lost(ctx, err)
			}
			if _, err := io.Copy(sum, resp.Body); err != nil {
				return c.lost(ctx, err)
			}
			if want, got := resp.Header.Get(console.SumHeader), hex.EncodeToString(sum.Sum(nil)); want != "" && want != got {
				return problem(console.Failed, "the recording of %s is not the one of its call record: its SHA-256 is %.12s…, the record says %.12s…; it was changed or cut off, take it from a backup of the folder recordings", id, got, want)
			}
			return nil
		})
	})
}

// notForUs says that no identity fits what is encrypted, or that its beginning
// is damaged or cut off.
func notForUs(what string, err error) error {
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return problem(console.NotAllowed, "the recording is not encrypted to this identity; ask one of those whose keys stood in recordings: recipients")
	}
	return problem(console.Failed, "%s was changed, cut off or damaged: %v; take it from a backup", what, err)
}

func (a *app) recordingKeygen() *cobra.Command {
	var out string
	cmd := a.verb("keygen", "make a pair of keys: recordings are encrypted to the public one", cobra.NoArgs, func(context.Context, []string) error {
		if out == "" {
			return problem(console.Usage, "name the file for the identity with --out; whoever has it can hear recordings")
		}
		key, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		f, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, os.ErrExist) {
			return problem(console.State, "%s is there already; a key that is lost takes its recordings with it, so name another file", out)
		}
		if err != nil {
			return fileProblem(err)
		}
		w := bufio.NewWriter(f)
		fmt.Fprintf(w, "# created: %s\n# public key: %s\n%s\n", time.Now().Format(time.RFC3339), key.Recipient(), key)
		if err := errors.Join(w.Flush(), f.Sync(), f.Close()); err != nil {
			return err
		}
		a.say("identity in %s: keep it off this machine, and a copy in a safe; put the public key under recordings: recipients", out)
		_, err = fmt.Fprintln(a.std.out, key.Recipient())
		return err
	})
	cmd.Flags().StringVar(&out, "out", "", "`file` for the identity")
	return cmd
}
