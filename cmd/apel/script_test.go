package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"apel/media"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"apel": main})
}

// The scripts in testdata/cli are the commands' contract: what they print,
// what they exit with, and what they say about input that cannot be used.
func TestCommandsKeepTheContractOfTheirScripts(t *testing.T) {
	voices, err := filepath.Abs("../../testdata/voices")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/cli",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("VOICES", voices)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else each command of a race build sleeps a second at its end
			e.Setenv("TZ", "Europe/Bucharest")
			e.Setenv("APEL_SIP_LISTEN", "127.0.0.1:0")
			e.Setenv("APEL_RTP_HOST", "127.0.0.1")
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "smalldisk":
				return canMount(), nil
			}
			return false, fmt.Errorf("no condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       scriptExits,
			"calm":        scriptCalm,
			"up":          scriptUp,
			"mode":        scriptMode,
			"bytes":       scriptBytes,
			"replace":     scriptReplace,
			"repeat":      scriptRepeat,
			"numbers":     scriptNumbers,
			"stereo":      scriptStereo,
			"smalldisk":   scriptSmallDisk,
			"stalesocket": scriptStaleSocket,
			"follow":      scriptFollow,
			"gone":        scriptGone,
			"busyport":    scriptBusyPort,
			"freeport":    scriptFreePort,
			"fetch":       scriptFetch,
			"calls":       scriptCalls,
			"seal":        scriptSeal,
			"judged":      scriptJudged,
			"forge":       scriptForge,
			"hold":        scriptHold,
			"release":     scriptRelease,
		},
	})
}

// scriptExits runs a command and compares its exit code: exits CODE apel ...
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// scriptUp waits until a service answers on apel-data, or the given folder.
func scriptUp(ts *testscript.TestScript, neg bool, args []string) {
	data := "apel-data"
	if len(args) > 0 {
		data = args[0]
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ts.Exec("apel", "status", "--data", data) == nil {
			return
		}
	}
	ts.Fatalf("no service came up on %s", data)
}

// scriptBytes writes a file of Go-quoted bytes: bytes FILE 'a\x00b'.
func scriptBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE QUOTED")
	}
	s, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(s), 0o600))
}

// scriptReplace changes a text in a file where it comes first: replace FILE OLD NEW.
func scriptReplace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	was := ts.ReadFile(args[0])
	if !strings.Contains(was, args[1]) {
		ts.Fatalf("%q is not in %s", args[1], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(was, args[1], args[2], 1)), 0o600))
}

// scriptRepeat appends a text to a file N times: repeat FILE N QUOTED.
func scriptRepeat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repeat FILE N QUOTED")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	s, err := strconv.Unquote(`"` + args[2] + `"`)
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.Write(bytes.Repeat([]byte(s), n))
	ts.Check(errors.Join(err, f.Close()))
}

// scriptStereo makes a recording of two voices: stereo LEFT RIGHT OUT.
func scriptStereo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: stereo LEFT RIGHT OUT")
	}
	left, err := media.ReadWAV(ts.MkAbs(args[0]))
	ts.Check(err)
	right, err := media.ReadWAV(ts.MkAbs(args[1]))
	ts.Check(err)
	n := min(len(left[0]), len(right[0]))
	ts.Check(media.WriteWAV(ts.MkAbs(args[2]), left[0][:n], right[0][:n]))
}

// canMount says whether this process may mount a small disk.
func canMount() bool {
	dir, err := os.MkdirTemp("", "apel-mount-*")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	if exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).Run() != nil {
		return false
	}
	return exec.Command("umount", dir).Run() == nil
}

// scriptSmallDisk mounts a disk of SIZE on a new folder: smalldisk DIR SIZE.
func scriptSmallDisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: smalldisk DIR SIZE")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(exec.Command("mount", "-t", "tmpfs", "-o", "size="+args[1], "tmpfs", dir).Run())
	ts.Defer(func() { _ = exec.Command("umount", "-l", dir).Run() })
}

// scriptCalm checks that an error is one sentence: a line, no stack, no Go.
// How far an import had come may stand before it.
func scriptCalm(ts *testscript.TestScript, neg bool, args []string) {
	said := strings.TrimSuffix(ts.ReadFile("stderr"), "\n")
	_, sentence, found := strings.Cut("\n"+said, "\napel: ")
	if !found {
		ts.Fatalf("no sentence of apel: %q", said)
	}
	for _, bad := range []string{"\n", "panic", "goroutine", "0x", "&{", "%!", "<nil>", "errno"} {
		if strings.Contains(sentence, bad) {
			ts.Fatalf("not one calm sentence (%q in it): %s", bad, sentence)
		}
	}
}

// scriptStaleSocket leaves a socket behind as a killed service does:
// stalesocket DATA.
func scriptStaleSocket(ts *testscript.TestScript, neg bool, args []string) {
	path := socketPath(ts.MkAbs(args[0]), socketName)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	ts.Check(err)
	l.SetUnlinkOnClose(false)
	ts.Check(l.Close())
}

// scriptMode checks a file's permissions: mode FILE OCTAL.
func scriptMode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("mode %s, want %s", got, args[1])
	}
}

// scriptNumbers appends N rows of different numbers to a file: numbers FILE N.
func scriptNumbers(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "+407%08d,name %d\n", 22_000_000+i, i)
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.Write(b.Bytes())
	ts.Check(errors.Join(err, f.Close()))
}

// scriptFollow opens the stream of events and keeps it open until the end of
// the script: follow DATA.
func scriptFollow(ts *testscript.TestScript, neg bool, args []string) {
	path := socketPath(ts.MkAbs(args[0]), socketName)
	conn, err := net.Dial("unix", path)
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	_, err = conn.Write([]byte("GET /events HTTP/1.1\r\nHost: apel\r\n\r\n"))
	ts.Check(err)
	status, err := bufio.NewReader(conn).ReadString('\n')
	ts.Check(err)
	if !strings.Contains(status, "200") {
		ts.Fatalf("%s", status)
	}
}

// scriptGone waits until a file is not there any more: gone FILE.
func scriptGone(ts *testscript.TestScript, neg bool, args []string) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Lstat(ts.MkAbs(args[0])); errors.Is(err, os.ErrNotExist) {
			return
		}
	}
	ts.Fatalf("%s is still there", args[0])
}

// scriptBusyPort holds a TCP and a UDP port until the end of the script, and
// names them in $BUSY and $BUSYUDP.
func scriptBusyPort(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { pc.Close() })
	ts.Setenv("BUSY", l.Addr().String())
	ts.Setenv("BUSYUDP", pc.LocalAddr().String())
}

// scriptFreePort names a TCP port that is free now in $FREE.
func scriptFreePort(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("FREE", l.Addr().String())
	ts.Check(l.Close())
}

// scriptFetch asks a page for its status and a part of its text: fetch STATUS
// URL PART.
func scriptFetch(ts *testscript.TestScript, neg bool, args []string) {
	anyone := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // the console's own certificate
	defer anyone.CloseIdleConnections()
	resp, err := anyone.Get(args[1])
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if strconv.Itoa(resp.StatusCode) != args[0] || !strings.Contains(string(body), args[2]) {
		ts.Fatalf("%s: %s %.300s", args[1], resp.Status, body)
	}
}
