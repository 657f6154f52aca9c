package contactdb

import "time"

// ImportOf is an import that brought a contact, or changed it.
type ImportOf struct {
	ID      uint64    `json:"id"`
	List    string    `json:"list"`
	Source  string    `json:"source"` // the file's name
	At      time.Time `json:"at"`     // when it began
	Contact uint64    `json:"contact_id"`
	Updated bool      `json:"updated"` // it found the contact there, and changed it
}

// ImportsOf are the imports that brought or changed the contacts with a number,
// the oldest first. Who was added by hand has none.
func (s *Store) ImportsOf(phone string) ([]ImportOf, error) {
	all := []ImportOf{}
	err := s.view("imports of a number", func(t *tx) error {
		var places []place
		if err := t.visible(phone, func(seg uint32, id uint64) error {
			places = append(places, place{seg: seg, id: id})
			return nil
		}); err != nil || len(places) == 0 {
			return err
		}
		return t.imports(func(row importRow) error {
			for _, p := range places {
				brought := row.Segment == p.seg && row.First <= p.id && p.id <= row.Last
				if row.State == ImportDone && (brought || t.get(bImportBefore, beforeKey(row.ID, p.seg, p.id)) != nil) {
					all = append(all, ImportOf{row.ID, row.List, row.Source, row.At, p.id, !brought})
				}
			}
			return nil
		})
	})
	return all, err
}
