package contactdb

import (
	"bytes"
	"fmt"
)

// operatorRow is an account as stored: with the digests, which Operator's own
// JSON leaves out so that no listing shows them.
type operatorRow struct {
	Operator
	MD5    string `json:"ha1_md5,omitempty"`
	SHA256 string `json:"ha1_sha256,omitempty"`
}

func (r operatorRow) operator() Operator {
	r.Operator.HA1MD5, r.Operator.HA1SHA256 = r.MD5, r.SHA256
	return r.Operator
}

// PutOperator adds or replaces an account.
func (s *Store) PutOperator(o Operator) error {
	return s.update("put operator", func(t *tx) error {
		if !accountName(o.Name) {
			return fmt.Errorf("operator %q: a name has 1 to 64 ASCII letters, digits, '-', '_' and '.'", o.Name)
		}
		o.CreatedAt = o.CreatedAt.UTC()
		t.save(bOperators, []byte(o.Name), operatorRow{o, o.HA1MD5, o.HA1SHA256})
		return nil
	})
}

// accountName says whether a name can be a SIP user as it is.
func accountName(name string) bool {
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// Operator returns an account; ErrNotFound.
func (s *Store) Operator(name string) (o Operator, err error) {
	err = s.view("operator", func(t *tx) error {
		var row operatorRow
		found, err := t.load(bOperators, []byte(name), &row)
		if err == nil && !found {
			err = fmt.Errorf("operator %q: %w", name, ErrNotFound)
		}
		o = row.operator()
		return err
	})
	return o, err
}

func (t *tx) operators(f func(Operator)) error {
	return t.each(bOperators, nil, func(_, value []byte) (bool, error) {
		var row operatorRow
		err := decode(bOperators, value, &row)
		f(row.operator())
		return true, err
	})
}

// Operators returns all accounts by name.
func (s *Store) Operators() ([]Operator, error) {
	all := []Operator{}
	err := s.view("operators", func(t *tx) error {
		return t.operators(func(o Operator) { all = append(all, o) })
	})
	return all, err
}

// RemoveOperator removes an account; ErrNotFound.
func (s *Store) RemoveOperator(name string) error {
	return s.update("remove operator", func(t *tx) error {
		if t.get(bOperators, []byte(name)) == nil {
			return fmt.Errorf("operator %q: %w", name, ErrNotFound)
		}
		t.delete(bOperators, []byte(name))
		return nil
	})
}

// PutTeam adds or replaces a team.
func (s *Store) PutTeam(team Team) error {
	return s.update("put team", func(t *tx) error {
		if team.Name == "" || len(team.Name) > 200 {
			return fmt.Errorf("team %q: a name has 1 to 200 characters", team.Name)
		}
		t.save(bTeams, []byte(team.Name), team)
		return nil
	})
}

// Teams returns all teams by name.
func (s *Store) Teams() ([]Team, error) {
	all := []Team{}
	err := s.view("teams", func(t *tx) error {
		return t.each(bTeams, nil, func(_, value []byte) (bool, error) {
			var team Team
			err := decode(bTeams, value, &team)
			all = append(all, team)
			return true, err
		})
	})
	return all, err
}

// RemoveTeam removes a team without operators; ErrNotFound, ErrState.
func (s *Store) RemoveTeam(name string) error {
	return s.update("remove team", func(t *tx) error {
		if t.get(bTeams, []byte(name)) == nil {
			return fmt.Errorf("team %q: %w", name, ErrNotFound)
		}
		var member string
		if err := t.operators(func(o Operator) {
			if o.Team == name {
				member = o.Name
			}
		}); err != nil {
			return err
		}
		if member != "" {
			return fmt.Errorf("team %q: %w: operator %q is in it; move its operators first", name, ErrState, member)
		}
		t.delete(bTeams, []byte(name))
		return nil
	})
}

// Remember keeps a small value of some other part (what pacing has learned,
// the settings of a console) under a key; nil removes it.
func (s *Store) Remember(key string, value []byte) error {
	kept := bytes.Clone(value)
	return s.update("remember", func(t *tx) error {
		if kept == nil {
			t.delete(bMemory, []byte("="+key))
		} else {
			t.put(bMemory, []byte("="+key), kept)
		}
		return nil
	})
}

// Recall returns a value kept by Remember, nil if there is none.
func (s *Store) Recall(key string) (value []byte, err error) {
	err = s.view("recall", func(t *tx) error {
		value = bytes.Clone(t.get(bMemory, []byte("="+key)))
		return nil
	})
	return value, err
}
