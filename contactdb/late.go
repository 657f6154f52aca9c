package contactdb

// late is what many operations of one transaction change, such as the tally of
// a campaign's day and the end of a chain: it is kept apart and written once,
// at the end. Who reads it in a transaction that writes must ask here.
type late struct {
	heads   map[*ledger]head
	spans   map[string]span // bucket and day
	tallies map[string]*Tally
	hours   map[uint32]*Hours    // by campaign
	places  map[string][2][]byte // bucket and key of spans and tallies
}

func (l *late) place(bucket, key []byte) (name string) {
	name = string(bucket) + "\x00" + string(key)
	if l.places == nil {
		l.places, l.spans, l.tallies, l.heads = map[string][2][]byte{}, map[string]span{}, map[string]*Tally{}, map[*ledger]head{}
	}
	l.places[name] = [2][]byte{bucket, key}
	return name
}

// end moves the end of a chain on.
func (l *late) end(t *tx, of *ledger, end head, day uint32) {
	key := be32(nil, day)
	name := l.place(of.days, key)
	days, known := l.spans[name]
	if !known {
		days = readSpan(t.get(of.days, key))
	}
	l.spans[name] = days.with(end.Records)
	l.heads[of] = end
}

// tally is the one under a key, to be added to.
func (l *late) tally(t *tx, bucket, key []byte) (*Tally, error) {
	name := l.place(bucket, key)
	if y := l.tallies[name]; y != nil {
		return y, nil
	}
	y := &Tally{}
	if _, err := t.load(bucket, key, y); err != nil {
		return nil, err
	}
	l.tallies[name] = y
	return y, nil
}

// hour is what a campaign has learned, to be added to.
func (l *late) hour(t *tx, camp uint32) *Hours {
	if h := l.hours[camp]; h != nil {
		return h
	}
	if l.hours == nil {
		l.hours = map[uint32]*Hours{}
	}
	h := readHours(t.get(bHours, be32(nil, camp)))
	l.hours[camp] = &h
	return &h
}

// write writes what has come together.
func (l *late) write(t *tx) {
	for camp, h := range l.hours {
		t.put(bHours, be32(nil, camp), h.bytes())
	}
	for of, end := range l.heads {
		t.save(bMeta, of.head, end)
	}
	for name, days := range l.spans {
		at := l.places[name]
		t.put(at[0], at[1], days.bytes())
	}
	for name, y := range l.tallies {
		at := l.places[name]
		t.save(at[0], at[1], y)
	}
}
