package evaluate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/media/amd"
)

// ParseLabels reads a labels file: CSV with a header that names the columns file
// and kind and, if they are known, group, spoke_until_ms and beep_ms (-1 or
// nothing: none). Kind is what a verdict calls it: human, machine, fax, sit, ...
// An error names the line.
func ParseLabels(r io.Reader) ([]Label, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("labels: no header line: %w", err)
	}
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(header[i], "\ufeff")))
	}
	if !slices.Contains(header, "file") || !slices.Contains(header, "kind") {
		return nil, errors.New("labels: the header must name the columns file and kind")
	}
	var labels []Label
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return labels, nil
		}
		if err != nil {
			return nil, fmt.Errorf("labels: %w", err)
		}
		l, err := parseLabel(header, row)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("labels line %d: %w", line, err)
		}
		labels = append(labels, l)
	}
}

var known = []amd.Kind{amd.Human, amd.Machine, amd.Beep, amd.Fax, amd.SIT, amd.Busy, amd.Congestion, amd.Ringback, amd.Music, amd.Silence, amd.Unknown}

func parseLabel(header, row []string) (Label, error) {
	l := Label{SpokeUntil: -1, BeepAt: -1}
	for i, value := range row {
		value = strings.TrimSpace(value)
		if i >= len(header) || value == "" {
			continue
		}
		var err error
		switch header[i] {
		case "file":
			l.File = value
		case "kind":
			l.Kind = amd.Kind(strings.ToLower(value))
		case "group":
			l.Group = value
		case "spoke_until_ms":
			l.SpokeUntil, err = parseMillis(value)
		case "beep_ms":
			l.BeepAt, err = parseMillis(value)
		}
		if err != nil {
			return l, fmt.Errorf("column %s: %w", header[i], err)
		}
	}
	switch {
	case l.File == "":
		return l, errors.New("it names no file")
	case !slices.Contains(known, l.Kind):
		return l, fmt.Errorf("%q is no kind of answer; write human, machine, fax, sit, busy, congestion, ringback, music or silence", l.Kind)
	}
	return l, nil
}

func parseMillis(value string) (time.Duration, error) {
	v, err := strconv.ParseInt(value, 10, 64)
	if err != nil || v > 1e9 || v < -1e9 {
		return 0, fmt.Errorf("%q is no whole number of milliseconds", value)
	}
	if v < 0 {
		return -1, nil
	}
	return time.Duration(v) * time.Millisecond, nil
}
