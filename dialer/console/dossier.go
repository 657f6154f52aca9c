package console

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer"
)

// about is what the file of a person says of itself.
const about = `This file holds everything that is kept of the person with the number %s
(GDPR article 15). It was made on %s by %s.

contacts.json    the person in each list, with all fields and consent
imports.json     the files that these came from, or were changed by, and when
suppressed.json  entries of do-not-call lists that cover the number
live.json        calls that are going on now
records.jsonl    every call: when, from which number, what came of it, notes, answers
audit.jsonl      who changed, saw or took what of this, when, and what was before and after
recordings/      conversations that were recorded; those that end in .age are encrypted to the
                 compliance staff: apel recording get --identity FILE, or age -d -i FILE
`

// exportContact sends all that is kept of a person as one ZIP file.
func (a *api) exportContact(w http.ResponseWriter, r *http.Request) error {
	phone, err := pathPhone(r)
	if err != nil {
		return err
	}
	h, err := a.wholePerson(phone)
	if err != nil {
		return err
	}
	if h.empty() {
		return problem(NotFound, "nothing is known of %s: it is in no list, was never called and is not suppressed", phone)
	}
	head := w.Header()
	head.Set("Content-Type", "application/zip")
	head.Set("Content-Disposition", `attachment; filename="person.zip"`)
	head.Set("Trailer", Trailer)
	w.WriteHeader(http.StatusOK)
	d := &dossier{zip: zip.NewWriter(w), svc: a.svc}
	d.text("README.txt", fmt.Sprintf(about, phone, time.Now().Format(time.RFC3339), whoOf(r)))
	d.json("contacts.json", h.Contacts)
	d.json("imports.json", h.Imports)
	d.json("suppressed.json", h.entries)
	d.json("live.json", h.Live)
	dossierLines(d, "records.jsonl", h.Records)
	dossierLines(d, "audit.jsonl", h.Operations)
	for _, rec := range h.Records {
		d.recording(rec.Recording)
	}
	if d.err == nil {
		d.err = d.zip.Close()
	}
	if d.err != nil {
		head.Set(Trailer, strings.ReplaceAll(d.err.Error(), "\n", " "))
	}
	return nil
}

// dossier writes the files of a ZIP; the first error stays.
type dossier struct {
	zip *zip.Writer
	svc *dialer.Service
	err error
}

func (d *dossier) file(name string, write func(io.Writer) error) {
	if d.err != nil {
		return
	}
	w, err := d.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()})
	if err == nil {
		err = write(w)
	}
	d.err = err
}

func (d *dossier) text(name, text string) {
	d.file(name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

func (d *dossier) json(name string, v any) {
	d.file(name, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

func dossierLines[T any](d *dossier, name string, rows []T) {
	d.file(name, func(w io.Writer) error {
		e := json.NewEncoder(w)
		for _, row := range rows {
			if err := e.Encode(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// recording adds a recording as it is stored. One that was removed by
// retention is left out: its record says that there was one.
func (d *dossier) recording(path string) {
	if path == "" || d.err != nil {
		return
	}
	f, err := d.svc.Keeper().OpenRecording(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		d.err = err
		return
	}
	defer f.Close()
	d.file("recordings/"+filepath.Base(path), func(w io.Writer) error { _, err := io.Copy(w, f); return err })
}

// person is what is known of a number.
type person struct {
	ContactHistory
	entries []contactdb.Suppression
}

func (p person) empty() bool {
	return len(p.Contacts) == 0 && len(p.Records) == 0 && len(p.entries) == 0 && len(p.Operations) == 0
}

// known gathers what is known of a number.
func (a *api) known(phone string) (p person, err error) {
	p.ContactHistory = ContactHistory{Phone: phone, Live: []contactdb.Attempt{}, Records: []contactdb.Record{}}
	store := a.svc.Store()
	if p.Contacts, err = store.ContactsByPhone(phone); err != nil {
		return p, err
	}
	if p.entries, err = store.SuppressedBy(phone); err != nil {
		return p, err
	}
	if p.Imports, err = a.importsOf(phone); err != nil {
		return p, err
	}
	live, err := store.Live()
	if err != nil {
		return p, err
	}
	for _, at := range live {
		if at.Contact.Phone == phone {
			p.Live = append(p.Live, at)
		}
	}
	for rec, err := range store.Records(contactdb.RecordFilter{Phone: phone}) {
		if err != nil {
			return p, err
		}
		p.Records = append(p.Records, rec)
	}
	p.Operations, err = store.LastAudit(contactdb.AuditFilter{Phone: phone}, maxOperations)
	return p, err
}

// wholePerson is what is known of a number and, as an erasure takes them, of the
// further numbers of the contacts that have it.
func (a *api) wholePerson(phone string) (person, error) {
	p, err := a.known(phone)
	if err != nil {
		return p, err
	}
	seen := map[string]bool{phone: true}
	for _, c := range p.Contacts {
		for _, n := range c.AllNumbers() {
			if seen[n.Phone] {
				continue
			}
			seen[n.Phone] = true
			more, err := a.known(n.Phone)
			if err != nil {
				return p, err
			}
			p.entries, p.Live = append(p.entries, more.entries...), append(p.Live, more.Live...)
			p.Records, p.Operations = append(p.Records, more.Records...), append(p.Operations, more.Operations...)
		}
	}
	return p, nil
}
