package contactdb

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// campaignRow is a campaign as stored; ID stands for it in keys.
type campaignRow struct {
	Campaign
	ID uint32 `json:"id"`
}

func versionKey(camp uint32, version int) []byte { return be32(be32(nil, camp), uint32(version)) }

func (t *tx) campaign(name string) (campaignRow, error) {
	var row campaignRow
	found, err := t.load(bCampaigns, []byte(name), &row)
	if err == nil && !found {
		err = fmt.Errorf("campaign %q: %w", name, ErrNotFound)
	}
	return row, err
}

// campaignID is the number of a campaign, which never changes.
func (t *tx) campaignID(name string) (uint32, error) {
	if id, known := t.camps[name]; known {
		return id, nil
	}
	row, err := t.campaign(name)
	if err != nil {
		return 0, err
	}
	if t.camps == nil {
		t.camps = map[string]uint32{}
	}
	t.camps[name] = row.ID
	return row.ID, nil
}

// knownCampaign is the number of a campaign, 0 if it was never applied: no
// progress is kept under 0.
func (t *tx) knownCampaign(name string) (uint32, error) {
	var row campaignRow
	_, err := t.load(bCampaigns, []byte(name), &row)
	return row.ID, err
}

func (t *tx) campaignIDs() (ids []uint32, err error) {
	err = t.each(bCampaigns, nil, func(_, value []byte) (bool, error) {
		var row campaignRow
		err := decode(bCampaigns, value, &row)
		ids = append(ids, row.ID)
		return true, err
	})
	return ids, err
}

// ApplyCampaign keeps source as the campaign's next version and puts it in
// force; the same source as the version in force changes nothing. A new
// campaign starts as Draft.
func (s *Store) ApplyCampaign(name string, source []byte, now time.Time) (Campaign, error) {
	var row campaignRow
	err := s.update("apply campaign", func(t *tx) error {
		if name == "" || len(name) > 200 {
			return fmt.Errorf("campaign %q: a name has 1 to 200 characters", name)
		}
		row = campaignRow{}
		found, err := t.load(bCampaigns, []byte(name), &row)
		if err != nil {
			return err
		}
		if found {
			v, err := t.version(row, row.Version)
			if err != nil || bytes.Equal(v.Source, source) {
				return err
			}
		} else {
			row = campaignRow{Campaign: Campaign{Name: name, State: Draft}, ID: uint32(t.next(bCampaigns))}
		}
		row.Versions++
		sum := sha256.Sum256(source)
		t.save(bVersions, versionKey(row.ID, row.Versions), CampaignVersion{
			Campaign: name, Version: row.Versions, Source: source, SHA256: hex.EncodeToString(sum[:]), AppliedAt: now.UTC(),
		})
		t.enforce(&row, row.Versions, now)
		return nil
	})
	return row.Campaign, err
}

// enforce puts a version in force; its rules see every contact anew.
func (t *tx) enforce(row *campaignRow, version int, now time.Time) {
	row.Version, row.ChangedAt = version, now.UTC()
	t.save(bCampaigns, []byte(row.Name), row)
	t.reset(row.ID)
}

func (t *tx) version(row campaignRow, version int) (v CampaignVersion, err error) {
	found, err := t.load(bVersions, versionKey(row.ID, version), &v)
	if err == nil && !found {
		err = fmt.Errorf("version %d of campaign %q: %w: versions 1 to %d were applied", version, row.Name, ErrNotFound, row.Versions)
	}
	return v, err
}

// SelectVersion puts an older (or newer) applied version in force.
func (s *Store) SelectVersion(name string, version int, now time.Time) (Campaign, error) {
	var row campaignRow
	err := s.update("select version", func(t *tx) (err error) {
		if row, err = t.campaign(name); err != nil {
			return err
		}
		if _, err := t.version(row, version); err != nil || version == row.Version {
			return err
		}
		t.enforce(&row, version, now)
		return nil
	})
	return row.Campaign, err
}

// SetCampaignState moves a campaign; from lists the states it may come from
// (ErrState otherwise), empty for any.
func (s *Store) SetCampaignState(name string, to CampaignState, reason string, now time.Time, from ...CampaignState) (Campaign, error) {
	var row campaignRow
	err := s.update("set campaign state", func(t *tx) (err error) {
		if row, err = t.campaign(name); err != nil {
			return err
		}
		if len(from) > 0 && !slices.Contains(from, row.State) {
			return fmt.Errorf("campaign %q is %s: %w: it can become %s from %v", name, row.State, ErrState, to, from)
		}
		row.State, row.Reason, row.ChangedAt = to, reason, now.UTC()
		t.save(bCampaigns, []byte(name), row)
		return nil
	})
	return row.Campaign, err
}

// Campaigns returns all campaigns by name.
func (s *Store) Campaigns() ([]Campaign, error) {
	all := []Campaign{}
	err := s.view("campaigns", func(t *tx) error {
		return t.each(bCampaigns, nil, func(_, value []byte) (bool, error) {
			var row campaignRow
			err := decode(bCampaigns, value, &row)
			all = append(all, row.Campaign)
			return true, err
		})
	})
	return all, err
}

// Campaign returns one; ErrNotFound.
func (s *Store) Campaign(name string) (Campaign, error) {
	var row campaignRow
	err := s.view("campaign", func(t *tx) (err error) {
		row, err = t.campaign(name)
		return err
	})
	return row.Campaign, err
}

// CampaignVersion returns an applied definition; version 0 is the one in force.
func (s *Store) CampaignVersion(name string, version int) (v CampaignVersion, err error) {
	err = s.view("campaign version", func(t *tx) error {
		row, err := t.campaign(name)
		if err != nil {
			return err
		}
		if version == 0 {
			version = row.Version
		}
		v, err = t.version(row, version)
		return err
	})
	return v, err
}
