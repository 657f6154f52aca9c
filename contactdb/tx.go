package contactdb

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Keys are in the order of the question that is asked of them. Numbers in them
// are big-endian; seg is a segment of a list (see listRow), class a set of
// zones, camp a campaign.
var (
	bMeta         = []byte("meta")         // schema, secret, head of the record chain
	bLists        = []byte("lists")        // name → listRow
	bSegments     = []byte("segments")     // only counts segments
	bTrash        = []byte("trash")        // seg → list for which it is staged, empty if removed; invisible
	bZones        = []byte("zones")        // zones joined by commas → class
	bContacts     = []byte("contacts")     // seg, contact → Contact
	bPhones       = []byte("phones")       // phone, 0, seg, contact → place among the contact's numbers, nothing for the first
	bRuns         = []byte("runs")         // seg, first contact → last contact of a run of the search index
	bTerms        = []byte("terms")        // run, term, place → block of terms: see search.go
	bLoose        = []byte("loose")        // term, seg, contact → nothing
	bImports      = []byte("imports")      // import → importRow
	bImportMarks  = []byte("importmarks")  // import, place → markRow
	bImportBefore = []byte("importbefore") // import, seg, contact → hash of the row now, and the row before
	bWords        = []byte("words")        // =, text → number; #, number → text
	bExternals    = []byte("externals")    // hash of external id, seg, contact → nothing
	bFresh        = []byte("fresh")        // seg, class, contact → nothing
	bCursors      = []byte("cursors")      // camp, seg, class → last contact that the walk over fresh has seen
	bDue          = []byte("due")          // camp, seg, class, time, contact → nothing
	bProgress     = []byte("progress")     // camp, contact → state
	bLive         = []byte("live")         // attempt id → attemptRow
	bNotes        = []byte("notes")        // attempt id → Notes
	bCalling      = []byte("calling")      // phone → attempt id: the lease
	bTries        = []byte("tries")        // phone → times of attempts
	bRecords      = []byte("records")      // sequence → Record, hash last
	bRecordIDs    = []byte("recordids")    // attempt id → sequence
	bRecordPhones = []byte("recordphones") // phone, 0, sequence → nothing
	bRecordDays   = []byte("recorddays")   // day → first and last sequence
	bTallies      = []byte("tallies")      // campaign, day → Tally
	bOpTallies    = []byte("optallies")    // operator, campaign, day → Tally
	bDNC          = []byte("dnc")          // subject, list and scope → Suppression: see dncKey
	bRegisters    = []byte("registers")    // name → registerRow
	bRegistered   = []byte("registered")   // seg, last number of a block → block: see register.go
	bUnregistered = []byte("unregistered") // seg of bRegistered that is staged or removed → nothing
	bCallers      = []byte("callers")      // caller ID → callerRow
	bCallbacks    = []byte("callbacks")    // camp, time, contact → callbackRow
	bTurns        = []byte("turns")        // camp → whose turn it is among its lists
	bHours        = []byte("hours")        // camp → hoursRow
	bOrdered      = []byte("ordered")      // order, seg, class, value, contact → nothing
	bCampaigns    = []byte("campaigns")    // name → campaignRow
	bVersions     = []byte("versions")     // camp, version → CampaignVersion
	bOperators    = []byte("operators")    // name → operatorRow
	bTeams        = []byte("teams")        // name → Team
	bMemory       = []byte("memory")       // key → value of Remember
	bAccounts     = []byte("accounts")     // name → accountRow
	bSessions     = []byte("sessions")     // digest of the secret → Session
	bTokens       = []byte("tokens")       // name → tokenRow
	bAudit        = []byte("audit")        // place → AuditEntry, sealed
	bAuditIndex   = []byte("auditindex")   // kind and value, 0, place → nothing
	bAuditDays    = []byte("auditdays")    // day → first and last place
	bEvidence     = []byte("evidence")     // attempt id → what the detector's verdict rests on

	buckets = [][]byte{bMeta, bLists, bSegments, bTrash, bZones, bWords, bRuns, bTerms, bLoose, bImports, bImportMarks, bImportBefore, bContacts, bPhones, bExternals, bFresh, bCursors, bDue,
		bProgress, bLive, bNotes, bCalling, bTries, bRecords, bRecordIDs, bRecordPhones, bRecordDays, bTallies, bOpTallies, bDNC,
		bCampaigns, bVersions, bOperators, bTeams, bMemory, bAccounts, bSessions, bTokens, bAudit, bAuditIndex, bAuditDays, bEvidence,
		bRegisters, bRegistered, bUnregistered, bCallers, bCallbacks, bTurns, bHours, bOrdered}

	// later are the buckets that came after schema 1: an older file gets them
	// when it is opened.
	later = [][]byte{bAccounts, bSessions, bTokens, bExternals, bWords, bRuns, bTerms, bLoose, bImports, bImportMarks, bImportBefore, bAudit, bAuditIndex, bAuditDays, bEvidence,
		bRegisters, bRegistered, bUnregistered, bCallers, bCallbacks, bTurns, bHours, bOrdered}

	kSchema    = []byte("schema")
	kSecret    = []byte("secret")
	kHead      = []byte("head")
	kAuditHead = []byte("audithead")
	kJournal   = []byte("journal")   // how far the journal has come into the file
	kJournaled = []byte("journaled") // there if the file is not whole without its journal
	kReplaced  = []byte("replaced")  // identities of the store in whose place the file was put, by its journal
	kIdentity  = []byte("identity")  // of the file: a journal names the one that it belongs to
	kRezone    = []byte("rezone")    // contacts of an older file are to be put into their classes; see rezone
	kDNC       = []byte("dnc")       // counts the changes of what dncIndex holds
)

// appended are the buckets whose keys only grow: their pages are filled up.
var appended = map[string]bool{
	string(bContacts): true, string(bFresh): true, string(bLive): true, string(bRecords): true, string(bRecordIDs): true, string(bVersions): true, string(bAudit): true,
	string(bRegistered): true, string(bTerms): true,
}

// least is how long the keys of a bucket are at least; a shorter one is damage.
var least = map[string]int{
	string(bTrash): 4, string(bContacts): 12, string(bPhones): 13, string(bExternals): 20, string(bFresh): 16, string(bCursors): 12, string(bDue): 28,
	string(bProgress): 12, string(bRecordPhones): 9, string(bRecordDays): 4, string(bTallies): 6, string(bOpTallies): 8,
	string(bAuditDays): 4, string(bAuditIndex): 10,
	string(bCallbacks): 20, string(bRegistered): 12, string(bUnregistered): 4,
}

// tx is a transaction: a view of the file through the layers that lie over it.
// What it writes goes into a layer of its own and the journal, or, if it has
// none, into the file. Writing never fails before the commit except by a
// mistake of ours (a key too long); the first such error stays in err and
// undoes the operation.
type tx struct {
	file     *bbolt.Tx
	opened   []openedBucket // of the file: bbolt looks for a bucket each time
	few      [4]openedBucket
	layers   []*layer      // the newest first
	top      *layer        // the first of them, if it is this transaction's own
	log      *journalBatch // what was written into it
	room     layerRow      // for keys
	dirty    bool          // something was written
	dense    bool          // the indexes of numbers and external ids are filled in their order
	err      error
	dnc      *dncCache
	words    *words
	ownWords map[string]uint64 // words of the store that this transaction has asked for
	ownTexts map[uint64]string

	camps   map[string]uint32 // numbers of campaigns that it has asked for
	classes map[string]uint32 // of sets of zones

	late late // written at the end

	dncRead    *dncIndex // of this transaction
	dncChanged bool      // what it holds is not committed yet
}

// writes says whether the transaction may write, and see what is not committed.
func (t *tx) writes() bool { return t.top != nil || t.file.Writable() }

type openedBucket struct {
	number byte
	*bbolt.Bucket
}

// inFile is the file's part of a bucket.
func (t *tx) inFile(name []byte) *bbolt.Bucket {
	n := bucketNumbers[string(name)]
	for _, b := range t.opened {
		if b.number == n {
			return b.Bucket
		}
	}
	b := t.file.Bucket(name)
	if t.opened == nil {
		t.opened = t.few[:0]
	}
	t.opened = append(t.opened, openedBucket{n, b})
	return b
}

// bucket is inFile to be written.
func (t *tx) bucket(name []byte) *bbolt.Bucket {
	b := t.inFile(name)
	if appended[string(name)] || t.dense && (bytes.Equal(name, bPhones) || bytes.Equal(name, bExternals)) {
		b.FillPercent = 1
	}
	return b
}

func (t *tx) get(bucket, key []byte) []byte {
	if len(t.layers) > 0 {
		n, made := bucketNumbers[string(bucket)], false
		for _, l := range t.layers {
			if !l.has.has(n) {
				continue
			}
			if !made {
				t.room, made = layerKey(t.room, n, key), true
			}
			if value, known := l.get(t.room); known {
				return value
			}
		}
	}
	return t.inFile(bucket).Get(key)
}

// cursor walks a bucket.
func (t *tx) cursor(bucket []byte) *cursor {
	c := &cursor{}
	c.sources = c.room[:0]
	n := bucketNumbers[string(bucket)]
	for _, l := range t.layers {
		if l.has.has(n) {
			c.sources = append(c.sources, source{layer: l, rows: l.rows.Iter(), bucket: n})
		}
	}
	c.sources = append(c.sources, source{file: t.inFile(bucket).Cursor()})
	return c
}

// keys counts the keys of a bucket.
func (t *tx) keys(bucket []byte) (n int) {
	c := t.cursor(bucket)
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		n++
	}
	return n
}

func (t *tx) put(bucket, key, value []byte) {
	t.dirty = true
	var err error
	switch {
	case t.top == nil:
		err = t.bucket(bucket).Put(key, value)
	case len(key) == 0:
		err = berrors.ErrKeyRequired
	case len(key) > bbolt.MaxKeySize:
		err = berrors.ErrKeyTooLarge
	case int64(len(value)) > bbolt.MaxValueSize:
		err = berrors.ErrValueTooLarge
	default:
		t.top.put(bucketNumbers[string(bucket)], key, value)
		t.log.put(bucket, key, value)
	}
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("%s: %w", bucket, err)
	}
}

// puts writes many rows of one bucket into the file; the key is the caller's again afterwards.
type puts struct {
	t      *tx
	name   []byte
	bucket *bbolt.Bucket
}

func (t *tx) puts(name []byte) puts {
	t.dirty = true
	return puts{t, name, t.bucket(name)}
}

func (p puts) put(key, value []byte) {
	if err := p.bucket.Put(key, value); err != nil && p.t.err == nil {
		p.t.err = fmt.Errorf("%s: %w", p.name, err)
	}
}

func (t *tx) delete(bucket, key []byte) {
	t.dirty = true
	if t.top != nil {
		t.top.delete(bucketNumbers[string(bucket)], key)
		t.log.delete(bucket, key)
		return
	}
	if err := t.bucket(bucket).Delete(key); err != nil && t.err == nil {
		t.err = fmt.Errorf("%s: %w", bucket, err)
	}
}

// sequence is how far a bucket has been counted up.
func (t *tx) sequence(bucket []byte) uint64 {
	for _, l := range t.layers {
		if n, known := l.seqs[bucketNumbers[string(bucket)]]; known {
			return n
		}
	}
	return t.inFile(bucket).Sequence()
}

// next counts a bucket's sequence up.
func (t *tx) next(bucket []byte) uint64 {
	t.dirty = true
	n := t.sequence(bucket) + 1
	if t.top != nil {
		t.top.count(bucketNumbers[string(bucket)], n)
		t.log.count(bucket, n)
		return n
	}
	if err := t.bucket(bucket).SetSequence(n); err != nil && t.err == nil {
		t.err = err
	}
	return n
}

// load decodes the row under key into row and says whether there is one.
func (t *tx) load(bucket, key []byte, row any) (bool, error) {
	value := t.get(bucket, key)
	if value == nil {
		return false, nil
	}
	return true, decode(bucket, value, row)
}

func (t *tx) save(bucket, key []byte, row any) {
	value, err := json.Marshal(row)
	if err != nil {
		if t.err == nil {
			t.err = fmt.Errorf("%s: %w", bucket, err)
		}
		return
	}
	t.put(bucket, key, value)
}

func decode(bucket, value []byte, row any) error {
	if err := json.Unmarshal(value, row); err != nil {
		return fmt.Errorf("%w: a row of %s cannot be read: %w", ErrDamaged, bucket, err)
	}
	return nil
}

// each walks the keys with a prefix, in order, until f returns false.
func (t *tx) each(bucket, prefix []byte, f func(key, value []byte) (bool, error)) error {
	c := t.cursor(bucket)
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if len(k) < least[string(bucket)] {
			return errKeys(bucket)
		}
		if more, err := f(k, v); err != nil || !more {
			return err
		}
	}
	return nil
}

// clear deletes at most limit keys with a prefix (0: all) and returns how many.
func (t *tx) clear(bucket, prefix []byte, limit int) int {
	var keys [][]byte
	_ = t.each(bucket, prefix, func(k, _ []byte) (bool, error) {
		keys = append(keys, bytes.Clone(k))
		return limit == 0 || len(keys) < limit, nil
	})
	for _, k := range keys {
		if t.get(bucket, k) == nil && t.err == nil { // it would be found, and not deleted, for ever
			t.err = errKeys(bucket)
		}
		t.delete(bucket, k)
	}
	return len(keys)
}

func errKeys(bucket []byte) error {
	return fmt.Errorf("%w: the keys of %s are in disorder; restore a backup", ErrDamaged, bucket)
}

func be32(b []byte, n uint32) []byte { return binary.BigEndian.AppendUint32(b, n) }
func be64(b []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(b, n) }

// text appends a string so that no string's key is the prefix of another's.
func text(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}
