package campaign

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
)

// Consent says whose agreement a campaign needs.
type Consent struct {
	Required bool     // nobody is called whose agreement is not known
	Kinds    []string // which kinds count; empty: any
}

// MayCall says, as an error, why the contact's agreement or the lack of it
// forbids a call now; nil if it does not.
func (d *Definition) MayCall(c *contactdb.Consent, now time.Time) error {
	if v, refused := d.consent(c, now); refused {
		return errors.New(v.Detail)
	}
	return nil
}

// consent is why the contact's agreement, or the lack of it, forbids the call.
func (d *Definition) consent(c *contactdb.Consent, now time.Time) (contactdb.Verdict, bool) {
	switch {
	case c != nil && (c.Kind == "none" || c.Kind == "withdrawn"):
		return never(ConsentWithdrawn, "the contact has not agreed to be called, or has taken it back")
	case !d.Consent.Required:
	case c == nil:
		return never(ConsentMissing, "no agreement to be called is known, and the campaign needs one")
	case len(d.Consent.Kinds) > 0 && !slices.Contains(d.Consent.Kinds, c.Kind):
		return never(ConsentMissing, fmt.Sprintf("the agreement is for %s, and the campaign needs one for %s", orUnknown(c.Kind), strings.Join(d.Consent.Kinds, " or ")))
	case !c.At.IsZero() && now.Before(c.At):
		return never(ConsentMissing, "the agreement begins at "+c.At.Format(time.RFC3339))
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return never(ConsentExpired, "the agreement to be called has expired at "+c.Expires.Format(time.RFC3339))
	}
	return contactdb.Verdict{}, false
}
