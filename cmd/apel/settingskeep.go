package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer/keep"
)

type evidenceSettings struct {
	AnchorEvery time.Duration `yaml:"anchor-every"`
	AnchorFile  string        `yaml:"anchor-file"`
	AnchorURL   string        `yaml:"anchor-url"`
}

type recordingSettings struct {
	Recipients []string `yaml:"recipients"`
}

type retentionSettings struct {
	Recordings keepFor `yaml:"recordings"`
	Notes      keepFor `yaml:"notes"`
	Numbers    keepFor `yaml:"numbers"`
	Contacts   keepFor `yaml:"contacts"`
	Verdicts   keepFor `yaml:"verdicts"`
}

// keepFor is how long something is kept, written in days: 90d.
type keepFor time.Duration

func parseKeepFor(text string) (keepFor, error) {
	if text == "0" || text == "0d" {
		return 0, nil
	}
	digits, ok := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > 36500 {
		return 0, fmt.Errorf("%q is no number of days", text)
	}
	return keepFor(time.Duration(n) * 24 * time.Hour), nil
}

// megabytes is a size in MB, written 500MB or 2GB.
type megabytes int64

func parseMegabytes(text string) (megabytes, error) {
	var digits string
	scale := int64(1)
	switch {
	case text == "0":
		return 0, nil
	case strings.HasSuffix(text, "GB"):
		digits, scale = strings.TrimSuffix(text, "GB"), 1000
	case strings.HasSuffix(text, "MB"):
		digits = strings.TrimSuffix(text, "MB")
	default:
		return 0, fmt.Errorf("%q has no unit", text)
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no size", text)
	}
	return megabytes(n * scale), nil
}

// keep is how the service shall keep the data.
func (s settings) keep() keep.Rules {
	r := s.Retention
	return keep.Rules{
		Recipients: s.Recordings.Recipients, MinFree: int64(s.MinFree) * 1_000_000,
		Recordings: time.Duration(r.Recordings), Notes: time.Duration(r.Notes), Numbers: time.Duration(r.Numbers),
		Contacts: time.Duration(r.Contacts), Verdicts: time.Duration(r.Verdicts),
		AnchorEvery: s.Evidence.AnchorEvery, Anchor: s.Evidence.keep,
	}
}

// keep writes an anchor where the settings say.
func (e evidenceSettings) keep(ctx context.Context, h contactdb.Heads) (where string, err error) {
	line, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	line = append(line, '\n')
	places := []string{"log"}
	if e.AnchorFile != "" {
		if err := appendLine(e.AnchorFile, line); err != nil {
			return "", err
		}
		places = append(places, e.AnchorFile)
	}
	if e.AnchorURL != "" {
		if err := postLine(ctx, e.AnchorURL, line); err != nil {
			return "", err
		}
		places = append(places, e.AnchorURL)
	}
	return strings.Join(places, ", "), nil
}

func appendLine(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Sync(), f.Close())
}

func postLine(ctx context.Context, url string, line []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(line))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // only the status counts
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
