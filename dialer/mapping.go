package dialer

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"apel/contactdb"
	"apel/contactdb/intake"
)

// Mapping is how the columns of a kind of file are read: what --map said once,
// kept for the next file with the same header.
type Mapping struct {
	Name    string            `json:"name"` // stands for the header
	Columns []string          `json:"columns"`
	Map     map[string]string `json:"map"` // field -> column
	SavedAt time.Time         `json:"saved_at"`
}

// mappingsKey is where the store remembers all mappings: a few hundred at most.
const (
	mappingsKey  = "import-mappings"
	mostMappings = 500
)

// Mappings returns what is kept, the last saved first.
func (s *Service) Mappings() ([]Mapping, error) {
	value, err := s.store.Recall(mappingsKey)
	if err != nil || len(value) == 0 {
		return []Mapping{}, err
	}
	all := []Mapping{}
	if err := json.Unmarshal(value, &all); err != nil {
		return nil, fmt.Errorf("read the mappings of columns: %w", err)
	}
	return all, nil
}

// RemoveMapping forgets one; contactdb.ErrNotFound.
func (s *Service) RemoveMapping(name string) error {
	return s.changeMappings(func(all []Mapping) ([]Mapping, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(m Mapping) bool { return m.Name == name })
		if len(left) == len(all) {
			return nil, fmt.Errorf("mapping %q: %w", name, contactdb.ErrNotFound)
		}
		return left, nil
	})
}

func (s *Service) changeMappings(f func([]Mapping) ([]Mapping, error)) error {
	s.mappings.Lock()
	defer s.mappings.Unlock()
	all, err := s.Mappings()
	if err != nil {
		return err
	}
	if all, err = f(all); err != nil {
		return err
	}
	value, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return s.store.Remember(mappingsKey, value)
}

func (s *Service) saveMapping(f *intake.File, columns map[string]string, now time.Time) error {
	return s.changeMappings(func(all []Mapping) ([]Mapping, error) {
		all = slices.DeleteFunc(all, func(m Mapping) bool { return m.Name == f.Signature() })
		all = slices.Insert(all, 0, Mapping{f.Signature(), f.Titles(), columns, now.UTC()})
		return all[:min(len(all), mostMappings)], nil
	})
}

// recallMapping is nil where nothing is known, and where it cannot be read: a
// file is then understood by its names.
func (s *Service) recallMapping(signature string) map[string]string {
	all, err := s.Mappings()
	if err != nil {
		return nil
	}
	for _, m := range all {
		if m.Name == signature {
			return m.Map
		}
	}
	return nil
}
