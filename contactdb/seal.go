package contactdb

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A sealed row is a JSON object whose last member but one is its hash. The
// hash is SHA-256, in hex, of the prev_hash as text followed by the object as
// it is up to an empty hash and its closing brace. A member that is personal
// takes part in it by a digest only: HMAC-SHA256 of the value's JSON under a
// random salt of its own. The salts stand behind the hash. To erase a member
// puts the digest in its place and destroys the salt: the hash stays as it
// was, and nobody can find the value by trying.
//
//	{"id":"a1","phone":"+40722…","prev_hash":"…","hash":"…","salts":{"phone":"…"}}
//	{"id":"a1","phone":"erased:91ab…","prev_hash":"…","hash":"…","salts":{}}
//
// The stored bytes are the hashed bytes, so a later version with more members
// verifies what this one wrote. A row without salts is hashed as it stands.

const (
	firstHash = "0000000000000000000000000000000000000000000000000000000000000000"
	hashOpen  = `"hash":"`
	hashEnd   = `"}`
	saltsOpen = `,"salts":{`
	saltSize  = 16 // bytes: as hard to guess as the digest

	// erasedText begins a text that was erased; its salted digest follows.
	erasedText = "erased:"
)

// member is one member of a JSON object: places of its key, without quotes,
// and of its value.
type member struct{ key, keyEnd, from, to int }

func (m member) name(object []byte) []byte  { return object[m.key:m.keyEnd] }
func (m member) value(object []byte) []byte { return object[m.from:m.to] }

var errNoObject = errors.New("it cannot be read")

// members finds the members of an object as encoding/json writes it, without
// blanks between them.
func members(object []byte, all []member) ([]member, error) {
	if len(object) < 2 || object[0] != '{' || object[len(object)-1] != '}' {
		return all, errNoObject
	}
	for at := 1; at < len(object)-1; at++ {
		end := pastString(object, at)
		if end < 0 || end >= len(object) || object[end] != ':' {
			return all, errNoObject
		}
		m := member{key: at + 1, keyEnd: end - 1, from: end + 1, to: pastValue(object, end+1)}
		if m.to < 0 || m.to >= len(object) || m.to == m.from || object[m.to] != ',' && m.to != len(object)-1 {
			return all, errNoObject
		}
		all = append(all, m)
		at = m.to
	}
	return all, nil
}

// pastString is the place behind a string that begins at a place; -1 if none does.
func pastString(b []byte, at int) int {
	if at >= len(b) || b[at] != '"' {
		return -1
	}
	for at++; ; {
		quote := bytes.IndexByte(b[at:], '"')
		if quote < 0 {
			return -1
		}
		back := at + quote
		for back > at && b[back-1] == '\\' {
			back--
		}
		at += quote + 1
		if (at-1-back)%2 == 0 {
			return at
		}
	}
}

// pastValue is the place behind a value; -1 if it does not end.
func pastValue(b []byte, at int) int {
	for depth := 0; at < len(b); {
		switch b[at] {
		case '"':
			if at = pastString(b, at); at < 0 {
				return -1
			}
			if depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case ',':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return -1
}

// empty says whether there is nothing in a value that could be personal.
func empty(value []byte) bool {
	return len(value) <= 2 || string(value) == "null"
}

// digest is what stands for a value: of the same kind, so that the row can be
// read as before.
func digest(salt, value []byte) []byte {
	mac := hmac.New(sha256.New, salt)
	mac.Write(value)
	sum := mac.Sum(nil)
	if value[0] == '{' {
		return fmt.Appendf(nil, `{"erased":"%x"}`, sum)
	}
	return fmt.Appendf(nil, `"%s%x"`, erasedText, sum)
}

// seal closes a row: body is its JSON with an empty hash at its end.
func seal(prev string, body []byte, personal map[string]bool) (stored []byte, hash string, err error) {
	var d draft
	if err := d.seal(body, personal); err != nil {
		return nil, "", err
	}
	h := sha256.New()
	h.Write([]byte(prev))
	h.Write(d.hashed)
	hash = hex.EncodeToString(h.Sum(nil))
	copy(d.stored[d.hash:], hash)
	return d.stored, hash, nil
}

// draft is a row that is sealed but for the hash before it.
type draft struct {
	body                 bytes.Buffer
	hashed, stored       []byte // with places for prev_hash, and in stored for the hash
	inHashed, prev, hash int    // these places
}

// seal makes of a body the row as it is stored, with zeros for its hash, and what
// is hashed of it behind the hash before it.
func (d *draft) seal(body []byte, personal map[string]bool) error {
	var room [48]member
	all, err := members(body, room[:0])
	if err != nil || !bytes.HasSuffix(body, []byte(hashOpen+hashEnd)) {
		return errors.New("it does not end with an empty hash")
	}
	salts := []byte(saltsOpen)
	hashed, at := slices.Grow(d.hashed[:0], len(body)+256), 0
	for _, m := range all {
		if !personal[string(m.name(body))] || empty(m.value(body)) {
			continue
		}
		salt := make([]byte, saltSize)
		rand.Read(salt)
		hashed = append(append(hashed, body[at:m.from]...), digest(salt, m.value(body))...)
		at = m.to
		salts = appendSalt(salts, m.name(body), salt)
	}
	d.hashed, d.hash = append(hashed, body[at:]...), len(body)-len(hashEnd)
	stored := slices.Grow(d.stored[:0], len(body)+len(firstHash)+len(salts)+1)
	stored = append(stored, body[:d.hash]...)
	stored = append(append(append(stored, firstHash...), '"'), salts...)
	d.stored = append(stored, "}}"...)
	return nil
}

// drafts are used again by those who say when nothing holds theirs any more.
var drafts = sync.Pool{New: func() any { return &draft{} }}

// newDraft seals a call record as far as can be without the end of the chain.
func newDraft(r *Record) (*draft, error) {
	r.PrevHash, r.Hash = firstHash, ""
	d := drafts.Get().(*draft)
	d.body.Reset()
	err := json.NewEncoder(&d.body).Encode(r)
	if err == nil {
		err = d.seal(bytes.TrimSuffix(d.body.Bytes(), []byte{'\n'}), records.personal)
	}
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", r.ID, err)
	}
	d.inHashed, d.prev = bytes.LastIndex(d.hashed, []byte(firstHash)), d.hash-len(hashOpen)-len(`",`)-len(firstHash)
	return d, nil
}

// close puts the hash before it and its own into the row. It may be done again
// when the transaction was undone: nothing else keeps the row.
func (d *draft) close(prev string) (stored []byte, hash string) {
	copy(d.hashed[d.inHashed:], prev)
	h := sha256.New()
	h.Write([]byte(prev))
	h.Write(d.hashed)
	hash = hex.EncodeToString(h.Sum(nil))
	copy(d.stored[d.prev:], prev)
	copy(d.stored[d.hash:], hash)
	return d.stored, hash
}

// sealed is a stored row taken apart.
type sealed struct {
	row   []byte
	all   []member
	hash  member            // its value, with quotes
	prev  string            // prev_hash
	salts map[string][]byte // by member
}

// openSeal takes a stored row apart; room is used for its members.
func openSeal(row []byte, room []member) (s sealed, err error) {
	s.row = row
	if s.all, err = members(row, room); err != nil {
		return s, err
	}
	for _, m := range s.all {
		switch string(m.name(row)) {
		case "prev_hash":
			s.prev = string(bytes.Trim(m.value(row), `"`))
		case "hash":
			s.hash = m
		case "salts":
			if s.salts, err = readSalts(m.value(row)); err != nil {
				return s, errors.New("its salts cannot be read")
			}
		}
	}
	if s.hash.to-s.hash.from != len(firstHash)+2 {
		return s, errors.New("it does not end with its hash")
	}
	return s, nil
}

// text is the hash that the row bears.
func (s sealed) text() string { return string(s.row[s.hash.from+1 : s.hash.to-1]) }

// id is the value of the row's member id or seq.
func (s sealed) id() string {
	if len(s.all) == 0 {
		return ""
	}
	return string(bytes.Trim(s.all[0].value(s.row), `"`))
}

// sum computes the hash anew.
func (s sealed) sum() string {
	h := sha256.New()
	h.Write([]byte(s.prev))
	at := 0
	for _, m := range s.all {
		if m.from >= s.hash.from {
			break
		}
		if salt := s.salts[string(m.name(s.row))]; salt != nil && !empty(m.value(s.row)) {
			h.Write(s.row[at:m.from])
			h.Write(digest(salt, m.value(s.row)))
			at = m.to
		}
	}
	h.Write(s.row[at : s.hash.from+1])
	h.Write([]byte(hashEnd))
	return hex.EncodeToString(h.Sum(nil))
}

// whole says whether the row ends as it was written: behind the hash its salts
// and nothing else. What the hash does not cover is held to one way of writing.
func (s sealed) whole() bool {
	last := s.all[len(s.all)-1]
	if last == s.hash { // written before there were salts
		return true
	}
	tail := []byte(saltsOpen)
	for _, m := range s.all[:len(s.all)-1] {
		if salt := s.salts[string(m.name(s.row))]; salt != nil {
			tail = appendSalt(tail, m.name(s.row), salt)
		}
	}
	return string(s.row[s.hash.to:]) == string(tail)+"}}"
}

// erased says whether a personal member has been erased.
func (s sealed) erased(personal map[string]bool) bool {
	for _, m := range s.all {
		v := m.value(s.row)
		if (bytes.HasPrefix(v, []byte(`"`+erasedText)) || bytes.HasPrefix(v, []byte(`{"erased":`))) &&
			personal[string(m.name(s.row))] && s.salts[string(m.name(s.row))] == nil {
			return true
		}
	}
	return false
}

// erase puts digests in the place of members (of all that have a salt if none
// is named), destroys their salts, and says whether there was anything to erase.
func (s sealed) erase(names map[string]bool) (row []byte, erased bool) {
	salts := []byte(saltsOpen)
	at := 0
	for _, m := range s.all {
		salt := s.salts[string(m.name(s.row))]
		if salt == nil || m.from >= s.hash.from {
			continue
		}
		if names != nil && !names[string(m.name(s.row))] {
			salts = appendSalt(salts, m.name(s.row), salt)
			continue
		}
		row = append(append(row, s.row[at:m.from]...), digest(salt, m.value(s.row))...)
		at, erased = m.to, true
	}
	row = append(row, s.row[at:s.hash.to]...)
	return append(append(row, salts...), "}}"...), erased
}

func appendSalt(salts, name, salt []byte) []byte {
	if salts[len(salts)-1] != '{' {
		salts = append(salts, ',')
	}
	return fmt.Appendf(salts, `"%s":"%x"`, name, salt)
}

// readSalts reads the member behind the hash.
func readSalts(b []byte) (map[string][]byte, error) {
	all, err := members(b, nil)
	if err != nil {
		return nil, err
	}
	salts := make(map[string][]byte, len(all))
	for _, m := range all {
		salt, err := hex.DecodeString(string(bytes.Trim(m.value(b), `"`)))
		if err != nil || len(salt) != saltSize {
			return nil, errNoObject
		}
		salts[string(m.name(b))] = salt
	}
	return salts, nil
}
