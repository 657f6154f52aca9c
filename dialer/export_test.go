package dialer

// Inspect has f look at a floor after every step that it takes, in its loop.
func (s *Service) Inspect(f func(*Floor)) { s.inspect = f }

// Operators of a floor with the call that each has, for tests; not those who are only asked about it.
func (f *Floor) Busy() map[string]string {
	busy := map[string]string{}
	for _, o := range f.operators {
		if c := f.calls[o.call]; o.call != "" && (c == nil || c.second != o.name) {
			busy[o.name] = o.call
		}
	}
	return busy
}
