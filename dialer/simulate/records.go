package simulate

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"
)

// Exported reads what WorldOf takes from an export of call records, in CSV or in
// JSON lines. An error says in which line.
func Exported(export []byte) iter.Seq2[contactdb.Record, error] {
	if bytes.HasPrefix(bytes.TrimSpace(export), []byte("{")) {
		return jsonRecords(bytes.NewReader(export))
	}
	if bytes.HasPrefix(export, []byte("PK")) { // a zip file, as spreadsheets are
		return func(yield func(contactdb.Record, error) bool) {
			yield(contactdb.Record{}, errors.New("a spreadsheet is not read here; write the records as calls.csv or calls.jsonl with apel record export --out"))
		}
	}
	return csvRecords(bytes.NewReader(export))
}

func jsonRecords(r io.Reader) iter.Seq2[contactdb.Record, error] {
	return func(yield func(contactdb.Record, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			var rec contactdb.Record
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			err := json.Unmarshal(lines.Bytes(), &rec)
			if err != nil {
				err = fmt.Errorf("line %d is no call record: %w", n, err)
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(contactdb.Record{}, err)
		}
	}
}

// csvRecords reads of each row what a world is taken from.
func csvRecords(r io.Reader) iter.Seq2[contactdb.Record, error] {
	return func(yield func(contactdb.Record, error) bool) {
		rows := csv.NewReader(r)
		rows.FieldsPerRecord = -1
		head, err := rows.Read()
		if err != nil || !strings.Contains(strings.Join(head, ","), "placed_at") {
			yield(contactdb.Record{}, errors.New("it has no column placed_at; it should be what apel record export writes"))
			return
		}
		for n := 2; ; n++ {
			row, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			rec := contactdb.Record{}
			if err == nil {
				rec, err = csvRecord(head, row)
			}
			if err != nil {
				err = fmt.Errorf("line %d: %w", n, err)
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

func csvRecord(head, row []string) (r contactdb.Record, err error) {
	times := map[string]*time.Time{"placed_at": &r.PlacedAt, "ringing_at": &r.RingingAt, "answered_at": &r.AnsweredAt, "detected_at": &r.DetectedAt, "bridged_at": &r.BridgedAt, "ended_at": &r.EndedAt}
	numbers := map[string]*int64{"talk_ms": &r.TalkMS, "wrap_ms": &r.WrapMS}
	for i, name := range head[:min(len(head), len(row))] {
		text := row[i]
		switch {
		case text == "":
		case name == "outcome":
			r.Outcome = text
		case name == "campaign":
			r.Campaign = text
		case times[name] != nil:
			*times[name], err = time.Parse(time.RFC3339, text)
		case numbers[name] != nil:
			*numbers[name], err = strconv.ParseInt(text, 10, 64)
		}
		if err != nil {
			return r, fmt.Errorf("%s is %q: %w", name, text, err)
		}
	}
	return r, nil
}
