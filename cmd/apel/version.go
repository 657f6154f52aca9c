package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// release is set when a release is built (-ldflags -X main.release=1.2.3).
var release string

// version is the release, else what the build knows of its commit.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

// versions is what a report of a fault should name.
type versions struct {
	Apel          string `json:"apel"`
	Go            string `json:"go"`
	Platform      string `json:"platform"`
	TimeZones     string `json:"time_zones"`     // release of the zone database, and where it lies
	PhoneMetadata string `json:"phone_metadata"` // module that carries the numbering plans
}

func (a *app) versionCmd() *cobra.Command {
	return a.verb("version", "versions of the program and of the data that it decides by", cobra.NoArgs, func(context.Context, []string) error {
		v := versions{version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, a.zoneSource(), module("github.com/nyaruka/phonenumbers")}
		if a.flags.output == "json" {
			return printValue(a.std.out, v)
		}
		return a.print(func(w io.Writer) {
			var f facts
			f.add("apel", v.Apel)
			f.add("go", v.Go+" "+v.Platform)
			f.add("time zones", v.TimeZones)
			f.add("phone metadata", v.PhoneMetadata)
			f.write(w)
		})
	})
}

// zoneSource finds the zone database that package time will use: ZONEINFO,
// the system's, else the one in the program.
func (a *app) zoneSource() string {
	if path, ok := a.env("ZONEINFO"); ok && path != "" {
		return path
	}
	for _, dir := range []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"} {
		if _, err := os.Stat(filepath.Join(dir, "UTC")); err == nil {
			return strings.TrimSpace(zoneRelease(dir) + " in " + dir)
		}
	}
	return "embedded, of " + runtime.Version()
}

// zoneRelease reads "# version 2026a" off the zone database's own listing.
func zoneRelease(dir string) string {
	f, err := os.Open(filepath.Join(dir, "tzdata.zi"))
	if err != nil {
		return "release not stated"
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadString('\n') // a cut line is no version either
	if release, ok := strings.CutPrefix(line, "# version "); ok {
		return strings.TrimSpace(release)
	}
	return "release not stated"
}

func module(path string) string {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == path {
				return fmt.Sprintf("%s %s", path, m.Version)
			}
		}
	}
	return path
}
