package contactdb

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The child of the kill test is this test binary once more. It works on a
// store and writes each thing that the store has acknowledged to a diary.
const childEnv = "APEL_STORE_CHILD"

func TestMain(m *testing.M) {
	switch path := os.Getenv(childEnv); {
	case path == "":
		os.Exit(m.Run())
	case os.Getenv(fullEnv) != "":
		os.Exit(fullChild(path))
	default:
		os.Exit(killChild(path))
	}
}

// diary is lines that outlive the process: they are in the page cache when
// the call returns.
type diary struct {
	mu sync.Mutex // guards f
	f  *os.File
}

func (j *diary) say(words ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.f.WriteString(fmt.Sprintln(words...)); err != nil {
		panic(err)
	}
}

func killChild(path string) int {
	f, err := os.OpenFile(path+".diary", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	j := &diary{f: f}
	s, err := Open(Config{Path: path, foldSize: 20 << 10})
	if err != nil {
		panic(err)
	}
	s.importStep = 50
	now := time.Now()
	if _, err := s.ApplyCampaign("c", []byte("v1"), now); err != nil {
		panic(err)
	}
	if _, err := s.Recover(bg, "", now, func(Attempt) (time.Time, string) { return now, "" }); err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	all.Go(func() { killImports(s, j) })
	all.Go(func() { killSuppress(s, j) })
	for range 6 {
		all.Go(func() { killCalls(s, j) })
	}
	all.Wait()
	return 1
}

func killCalls(s *Store, j *diary) {
	for {
		req := request("c", 3, "base", "extra")
		req.Now = time.Now()
		res, err := s.Lease(bg, req)
		if err != nil {
			panic(err)
		}
		for _, a := range res.Attempts {
			j.say("leased", a.ID, a.Contact.Phone)
		}
		for i, a := range res.Attempts {
			if i == 2 {
				continue // stays live until the kill
			}
			if _, err := s.Settle(bg, ended(a, Busy, time.Now(), time.Now())); err != nil {
				panic(err)
			}
			j.say("settled", a.ID, a.Contact.Phone)
		}
	}
}

func killImports(s *Store, j *diary) {
	for n := 0; ; n++ {
		name := fmt.Sprintf("list-%d-%d", os.Getpid(), n)
		if _, err := s.Import(bg, name, time.Now(), rowsOf(people(1000, 1000+killRows)...)); err != nil {
			panic(err)
		}
		j.say("imported", name)
		if n%3 == 2 {
			if err := s.RemoveList(name); err != nil {
				panic(err)
			}
			j.say("removed", name)
		}
	}
}

const killRows = 180

func killSuppress(s *Store, j *diary) {
	for n := 0; ; n++ {
		phone := fmt.Sprintf("+4080%d%d", os.Getpid(), n)
		if _, err := s.Suppress(bg, oneEntry(phone)); err != nil {
			panic(err)
		}
		j.say("suppressed", phone)
		time.Sleep(time.Millisecond)
	}
}

func oneEntry(phone string) func(func(Suppression, error) bool) {
	return func(yield func(Suppression, error) bool) { yield(Suppression{Phone: phone, Reason: "asked"}, nil) }
}

func TestKilledAtAnyMomentNothingAcknowledgedIsLostAndNothingDoubled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	mustImport(t, s, "base", people(0, 300)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 12 {
		killOnce(t, path, time.Duration(20+r.IntN(250))*time.Millisecond)
		checkDiary(t, path)
	}
}

// killOnce runs a child until it has been at work for a while.
func killOnce(t *testing.T, path string, after time.Duration) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+path)
	var said strings.Builder
	child.Stderr = &said
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = child.Process.Kill()
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", err, said.String())
	}
}

// checkDiary holds everything acknowledged so far against the store.
func checkDiary(t *testing.T, path string) {
	t.Helper()
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	checkPages(t, s)
	said := readDiary(t, path+".diary")
	records := map[string]Record{}
	for _, r := range collect(t, s.Records(RecordFilter{})) {
		if _, twice := records[r.ID]; twice {
			t.Fatalf("attempt %s has two records", r.ID)
		}
		records[r.ID] = r
	}
	live := map[string]bool{}
	attempts, err := s.Live()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range attempts {
		live[a.ID] = true
	}
	for id := range said["leased"] {
		if _, done := records[id]; !done && !live[id] {
			t.Errorf("leased attempt %s is lost", id)
		}
	}
	for id := range said["settled"] {
		if records[id].Outcome != Busy {
			t.Errorf("settled attempt %s has record %+v", id, records[id])
		}
	}
	for phone := range said["suppressed"] {
		if entry, err := s.Suppressed(Target{Phone: phone}, monday); err != nil || entry == nil {
			t.Errorf("suppressed number %s is lost (%v)", phone, err)
		}
	}
	checkLists(t, s, said)
}

// checkLists: each list is whole or not there at all, as was acknowledged.
func checkLists(t *testing.T, s *Store, said map[string]map[string]bool) {
	t.Helper()
	lists, err := s.Lists()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		if n := len(collect(t, s.Contacts(l.Name))); l.Name != "base" && n != killRows {
			t.Errorf("list %s has %d contacts", l.Name, n)
		}
		if said["removed"][l.Name] {
			t.Errorf("removed list %s is there", l.Name)
		}
	}
	for name := range said["imported"] {
		if _, err := s.List(name); errors.Is(err, ErrNotFound) && !said["removed"][name] && !lastRemoved(name) {
			t.Errorf("imported list %s is lost", name)
		}
	}
}

// lastRemoved: every third list is removed; the kill may come before the
// diary says so.
func lastRemoved(name string) bool {
	var pid, n int
	_, _ = fmt.Sscanf(name, "list-%d-%d", &pid, &n)
	return n%3 == 2
}

// readDiary gives the second words by the first.
func readDiary(t *testing.T, path string) map[string]map[string]bool {
	t.Helper()
	said := map[string]map[string]bool{}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return said
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 || !strings.HasSuffix(lines.Text(), words[len(words)-1]) {
			continue
		}
		if said[words[0]] == nil {
			said[words[0]] = map[string]bool{}
		}
		if words[0] == "leased" && said["leased"][words[1]] {
			t.Errorf("attempt %s was leased twice", words[1])
		}
		said[words[0]][words[1]] = true
	}
	return said
}
