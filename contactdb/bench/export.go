package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"apel/contactdb"
	"apel/contactdb/evidence"
)

// recordsStore opens a store with b.records call records, made once.
func (b *bench) recordsStore() (*contactdb.Store, error) {
	path := filepath.Join(b.dir, fmt.Sprintf("records-%d.db", b.records))
	if _, err := os.Stat(path); err == nil {
		return contactdb.Open(contactdb.Config{Path: path})
	}
	s, err := contactdb.Open(contactdb.Config{Path: path + ".part"})
	if err != nil {
		return nil, err
	}
	err = fillStore(s, b.records)
	for done := 0; err == nil && done < b.records; {
		var attempts []string
		if attempts, err = leased(s, min(10_000, b.records-done)); err == nil {
			_, err = settleAll(s, attempts, 512)
			done += len(attempts)
		}
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(path+".part", path); err != nil {
		return nil, err
	}
	return contactdb.Open(contactdb.Config{Path: path})
}

func exports(b *bench) ([]row, error) {
	s, err := b.recordsStore()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var rows []row
	for _, format := range []string{evidence.CSV, evidence.JSONL, evidence.Sealed} {
		took, err := b.export(s, format)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row{what: fmt.Sprintf("export of %s records as %s, SHA-256 and manifest with it", thousands(b.records), format), floor: "250,000 rows/s",
			ours: fmt.Sprintf("%s (%s)", perSecond(b.records, took), took.Round(10*time.Millisecond))})
	}
	start := time.Now()
	if v, err := s.Verify(bg); err != nil || !v.OK {
		return rows, fmt.Errorf("the chain does not verify: %s %w", v.Problem, err)
	}
	rows = append(rows, row{what: "walk along their chain (record verify)", floor: "-", ours: perSecond(b.records, time.Since(start))})
	if b.pg != nil {
		rows[0].reference, err = b.exportReference()
	}
	return rows, err
}

// export writes one to a file beside the store.
func (b *bench) export(s *contactdb.Store, format string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(b.dir, "export."+format))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	m := evidence.Manifest{Format: format}
	start := time.Now()
	if err := evidence.Export(context.Background(), f, s.RecordRows(contactdb.RecordFilter{}), &m); err != nil {
		return 0, err
	}
	took := time.Since(start)
	if m.Rows != b.records {
		return 0, fmt.Errorf("%d rows of %d", m.Rows, b.records)
	}
	return took, f.Close()
}

// exportReference loads the same rows from the CSV and has PostgreSQL write them.
func (b *bench) exportReference() (string, error) {
	var columns []string
	for _, c := range contactdb.RecordColumns {
		kind := "text"
		switch {
		case strings.HasSuffix(c, "_at"):
			kind = "timestamptz"
		case strings.HasSuffix(c, "_ms"), c == "contact_id", c == "attempt", c == "sip_status", c == "q850_cause", c == "campaign_version":
			kind = "bigint"
		}
		columns = append(columns, c+" "+kind)
	}
	if err := b.pg.do("create unlogged table records (" + strings.Join(columns, ", ") + ")"); err != nil {
		return "", err
	}
	f, err := os.Open(filepath.Join(b.dir, "export.csv"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := b.pg.copyIn("copy records from stdin (format csv, header)", f); err != nil {
		return "", err
	}
	if err := b.pg.do("vacuum analyze records"); err != nil {
		return "", err
	}
	start := time.Now()
	if err := b.pg.do("copy records to '" + filepath.Join(b.pg.dir, "records.csv") + "' (format csv, header)"); err != nil {
		return "", err
	}
	took := time.Since(start)
	return fmt.Sprintf("%s (COPY TO, %s)", perSecond(b.records, took), took.Round(10*time.Millisecond)), nil
}
