package campaign

import (
	"fmt"
	"slices"
	"strings"
)

// Recorded messages without a person on the line need the prior consent of
// whoever gets them nearly everywhere; where it is written, by country. Held
// against the text of the regulation's contents (GB), the authorities' own pages
// (NO, RO: who enforces it, and articles beside it) and CRTC 2014-155 (CA: that
// consent is needed; the part's number was not seen).
var dropRules = map[string]string{
	"GB": "Privacy and Electronic Communications Regulations 2003, regulation 19",
	"US": "47 CFR 64.1200(a)(1) to (3)",
	"CA": "Unsolicited Telecommunications Rules of the CRTC, part IV",
	"NO": "markedsføringsloven, section 15",
	"RO": "Legea 506/2004, articolul 12(1)",
	"":   "Directive 2002/58/EC, article 13(1), and most countries' law; the campaign names none",
}

// europeanUnion has one rule for all (Directive 2002/58/EC, article 13(1)), which each member has
// in a law of its own.
var europeanUnion = strings.Fields("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE")

// checkVoiceDrop refuses a recorded message for which nobody says how those who
// are called agreed to it.
func (d *Definition) checkVoiceDrop() []error {
	if d.VoiceDrop.Message == "" || d.VoiceDrop.Consent != "" {
		return nil
	}
	rule := dropRules[d.Country]
	if rule == "" && slices.Contains(europeanUnion, d.Country) {
		rule = "Directive 2002/58/EC, article 13(1)"
	}
	if rule == "" {
		return nil
	}
	return []error{&Breach{Rule: rule, Problem: fmt.Sprintf("voice-drop: %s may be left only with people who have agreed to recorded messages; write consent: with how they did, or leave voice-drop: out", d.VoiceDrop.Message)}}
}
