package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"
	"apel/contactdb/intake"
)

// importColumns are the twelve of the file that is imported.
const importColumns = "Cod client,Nume,Prenume,Telefon,Telefon serviciu,E-mail,Oraș,Adresa,Produs,Contract,Sold,Observații"

var (
	firstNames = strings.Fields("Maria Ana Elena Ioana Andreea Mihaela Cristina Daniela Alexandra Ștefan Andrei Alexandru Mihai Ionuț Gheorghe Vasile Constantin Marian Florin Răzvan")
	lastNames  = strings.Fields("Popa Popescu Ionescu Pop Radu Dumitru Stan Stoica Gheorghe Matei Ciobanu Rusu Constantin Marin Florea Constantinescu Dobre Tudor Moldovan Vlad")
	cities     = strings.Fields("București Cluj-Napoca Timișoara Iași Constanța Craiova Brașov Galați Ploiești Oradea Brăila Arad Pitești Sibiu Bacău Târgu-Mureș")
)

// contactsFile writes a file of n contacts, about 400 bytes each, whose numbers
// come in no order; one row in a thousand repeats an earlier number.
func (b *bench) contactsFile(n int) (path string, size int64, err error) {
	path = filepath.Join(b.dir, fmt.Sprintf("contacts-%d.csv", n))
	if info, err := os.Stat(path); err == nil {
		return path, info.Size(), nil
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		return "", 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, importColumns)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		at := i
		if i%1000 == 999 {
			at = i - 999
		}
		first, last := firstNames[r.IntN(len(firstNames))], lastNames[r.IntN(len(lastNames))]
		fmt.Fprintf(w, "C-%09d,%s%d,%s,07%08d,021%07d,%s.%s%d@example.ro,%s,\"Str. %x nr. %d, bl. %d, ap. %d\",fibră %d,%x-%x,%d.%02d,%s\n",
			i, last, r.IntN(5000), first, 20_000_000+at*7919%60_000_000, r.IntN(7_000_000), first, last, i, cities[r.IntN(len(cities))],
			r.Uint64(), r.IntN(300), r.IntN(90), r.IntN(120), 100*(1+r.IntN(10)), r.Uint64(), r.Uint32(), r.IntN(5000), r.IntN(100),
			note(r))
	}
	if err := errors.Join(w.Flush(), f.Close(), os.Rename(path+".part", path)); err != nil {
		return "", 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	return path, info.Size(), nil
}

// note is a remark of some 220 letters.
func note(r *rand.Rand) string {
	var b strings.Builder
	for b.Len() < 220 {
		fmt.Fprintf(&b, "%s %s %d ", noteWords[r.IntN(len(noteWords))], noteWords[r.IntN(len(noteWords))], r.IntN(100_000))
	}
	return strings.TrimSpace(b.String())
}

var noteWords = strings.Fields("client sunat revine oferta fibra contract factura semnat discutat interesat ocupat adresa schimbat modem televiziune plecat concediu amânat termen luni marți seara dimineața")

// linearFrom is the size beside which the time of a larger import is put.
const linearFrom = 1_000_000

// importing imports the file as apel list import does, and asks the reference
// to load the same file and build the same indexes.
func importing(b *bench) ([]row, error) {
	path, raw, err := b.contactsFile(b.contacts)
	if err != nil {
		return nil, err
	}
	store := filepath.Join(b.dir, "imported.db")
	_ = os.Remove(store)
	if !b.kept {
		defer func() { _ = os.Remove(store) }()
	}
	peak := watchMemory()
	took, res, err := importInto(store, path)
	memory := peak()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(store)
	if err != nil {
		return nil, err
	}
	if res.Rows != b.contacts || res.Rows != res.Imported+res.Updated+res.Duplicates+res.Rejected {
		return nil, fmt.Errorf("the rows do not add up: %+v", res)
	}
	what := fmt.Sprintf("import of %s contacts, %d columns, %d bytes each", thousands(b.contacts), strings.Count(importColumns, ",")+1, raw/int64(b.contacts))
	rows := []row{
		{what: what, floor: "2 x the reference", ours: fmt.Sprintf("%.1f s, %s", took.Seconds(), perSecond(b.contacts, took))},
		{what: "  memory of the process (anonymous), peak", floor: "300 MB", ours: fmt.Sprintf("%d MB", memory>>20)},
		{what: "  file with all indexes", floor: "1.5 x the raw data", ours: fmt.Sprintf("%.2f x, %d MB", float64(info.Size())/float64(raw), info.Size()>>20)},
	}
	if b.contacts > linearFrom {
		few, _, err := b.contactsFile(linearFrom)
		if err != nil {
			return rows, err
		}
		small := filepath.Join(b.dir, "imported-few.db")
		_ = os.Remove(small)
		base, _, err := importInto(small, few)
		_ = os.Remove(small)
		if err != nil {
			return rows, err
		}
		times := float64(b.contacts) / linearFrom
		rows = append(rows, row{what: "  beside " + thousands(linearFrom), floor: fmt.Sprintf("%.0f x 1.3 of its time", times),
			ours: fmt.Sprintf("%.0f x %.2f", times, took.Seconds()/base.Seconds()/times), reference: fmt.Sprintf("own, %s: %.1f s", thousands(linearFrom), base.Seconds())})
	}
	found, err := searching(store)
	if err != nil {
		return rows, err
	}
	rows = append(rows, found...)
	if b.pg != nil {
		reference, size, err := b.pg.load(path)
		if err != nil {
			return rows, err
		}
		rows[0].reference = fmt.Sprintf("%.1f s (apel takes %.2f x)", reference.Seconds(), took.Seconds()/reference.Seconds())
		rows[2].reference = fmt.Sprintf("%.2f x, %d MB", float64(size)/float64(raw), size>>20)
	}
	return rows, nil
}

// searching opens what was imported and looks contacts up, each time others, by
// what they have: twenty at most, as a page of the console shows them.
func searching(store string) (rows []row, err error) {
	begun := time.Now()
	s, err := contactdb.Open(contactdb.Config{Path: store})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	rows = append(rows, row{what: "  opened again", floor: "3 s", ours: ms(time.Since(begun))})
	list, err := s.List("a")
	if err != nil {
		return rows, err
	}
	r := rand.New(rand.NewPCG(2, 2))
	for _, by := range []struct {
		what string
		q    func() contactdb.Search
	}{
		{"number", func() contactdb.Search {
			return contactdb.Search{Phone: fmt.Sprintf("+407%08d", 20_000_000+r.IntN(list.Contacts)*7919%60_000_000)}
		}},
		{"name (how last and first begin)", func() contactdb.Search {
			return contactdb.Search{Words: []string{lastNames[r.IntN(len(lastNames))], firstNames[r.IntN(len(firstNames))]}}
		}},
		{"name and city", func() contactdb.Search {
			return contactdb.Search{Words: []string{lastNames[r.IntN(len(lastNames))]}, Values: map[string]string{"city": cities[r.IntN(len(cities))]}}
		}},
		{"field (external id)", func() contactdb.Search {
			return contactdb.Search{Values: map[string]string{"external_id": fmt.Sprintf("C-%09d", r.IntN(list.Contacts))}}
		}},
	} {
		var took []time.Duration
		n := 0
		for range 100 {
			begun := time.Now()
			found, err := s.FindContacts(by.q())
			if err != nil {
				return rows, err
			}
			took, n = append(took, time.Since(begun)), n+len(found.Contacts)
		}
		slices.Sort(took)
		rows = append(rows, row{what: "  search by " + by.what, floor: "milliseconds", ours: fmt.Sprintf("p50 %s, p99 %s (%d found by 100)", ms(quantile(took, .5)), ms(quantile(took, .99)), n)})
	}
	return rows, nil
}

func importInto(store, path string) (took time.Duration, res contactdb.ImportResult, err error) {
	s, err := contactdb.Open(contactdb.Config{Path: store})
	if err != nil {
		return 0, res, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in, err := os.Open(path)
	if err != nil {
		return 0, res, err
	}
	defer in.Close()
	begun := time.Now()
	f, err := intake.Open(in, intake.Options{Country: "RO", List: "a", Now: begin})
	if err != nil {
		return 0, res, err
	}
	defer f.Close()
	res, err = s.ImportFile(bg, contactdb.ImportRequest{List: "a", Source: "bench", Now: begin, Rows: f.Contacts(nil), Key: "bench", Mark: f.Mark,
		Skip: func(m []contactdb.Mark) (int, error) { return f.Skip(m, nil) }})
	return time.Since(begun), res, err
}

// load copies the file into a table and builds the keys and indexes by which the
// store finds a contact.
func (pg *postgres) load(path string) (time.Duration, int64, error) {
	if err := pg.do(`create table imported (id bigserial, external text, last text, first text, phone text, work text, email text, city text,
		address text, product text, contract text, balance text, notes text, zone int default 1)`); err != nil {
		return 0, 0, err
	}
	defer func() { _ = pg.do(`drop table imported`) }()
	in, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer in.Close()
	begun := time.Now()
	if err := pg.copyIn(`copy imported (external, last, first, phone, work, email, city, address, product, contract, balance, notes) from stdin with (format csv, header)`, io.Reader(in)); err != nil {
		return 0, 0, err
	}
	for _, sql := range []string{
		`alter table imported add primary key (id)`,
		`create index on imported (phone)`,
		`create index on imported (work)`,
		`create unique index on imported (external)`,
		`create index on imported (zone, id)`,
		`delete from imported a using imported b where a.phone = b.phone and a.external is null and a.id > b.id`,
	} {
		if err := pg.do(sql); err != nil {
			return 0, 0, err
		}
	}
	took := time.Since(begun)
	text, err := pg.ask(`select pg_total_relation_size('imported')`)
	if err != nil {
		return took, 0, err
	}
	size, err := strconv.ParseInt(text, 10, 64)
	return took, size, err
}

// watchMemory looks at the process's anonymous memory ten times a second; what
// it gives back stops that and tells the most that was seen. Pages of mapped
// files are the system's to take back, and are not counted.
func watchMemory() func() int64 {
	stop, most := make(chan struct{}), make(chan int64)
	go func() {
		peak := int64(0)
		for {
			select {
			case <-stop:
				most <- peak
				return
			case <-time.After(100 * time.Millisecond):
				peak = max(peak, anonymous())
			}
		}
	}()
	return func() int64 { close(stop); return <-most }
}

func anonymous() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "RssAnon:" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}
