package intake

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

var manyRows = flag.Int("sheet-rows", 0, "rows of a workbook that LibreOffice makes and we read, up to 1048575; 0: left out")

// A million rows take LibreOffice some minutes and gigabytes, and us some
// seconds: go test -run AWorkbookOfManyRows ./contactdb/intake -args -sheet-rows 1000000
func TestAWorkbookOfManyRowsIsReadInBoundedMemory(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if *manyRows == 0 || err != nil {
		t.Skip("without -sheet-rows, or without LibreOffice")
	}
	dir := t.TempDir()
	table, err := os.Create(filepath.Join(dir, "many.csv"))
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(table)
	fmt.Fprintln(w, "Cod client,Nume,Telefon,Oraș,Sold")
	for i := range *manyRows {
		fmt.Fprintf(w, "C-%d,Popescu %d,07%08d,Iași,%d.50\n", i, i, 20_000_000+i, i%5000)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	made := time.Now()
	cmd := exec.Command(soffice, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--infilter=CSV:44,34,76,1,1/2/2/2/3/2/4/2/5/1", "--convert-to", "xlsx", "--outdir", dir, table.Name())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("LibreOffice: %s", time.Since(made).Round(time.Second))
	book, err := os.Open(filepath.Join(dir, "many.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	begun := time.Now()
	f, err := Open(book, Options{Country: "RO", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, most := 0, uint64(0)
	for c, err := range f.Contacts(nil) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("+407%08d", 20_000_000+n); c.Phone != want || c.ExternalID != fmt.Sprintf("C-%d", n) || c.City != "Iași" {
			t.Fatalf("row %d: %+v", n+2, c)
		}
		if n++; n%100_000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	t.Logf("%d contacts in %s, %d MB of heap at most", n, time.Since(begun).Round(time.Millisecond), most>>20)
	if n != *manyRows || most > 300<<20 {
		t.Errorf("%d contacts of %d, %d MB of heap", n, *manyRows, most>>20)
	}
}
