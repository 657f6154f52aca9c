package main

import (
	"bytes"
	"strings"
	"testing"

	"apel/contactdb"
	"apel/dialer"
)

func TestALongReasonDoesNotWidenWhatIsPrinted(t *testing.T) {
	why := "the disk of /var/lib/apel has 12 MB left, fewer than min-free (500 MB); make room first, then: apel campaign resume"
	var out bytes.Buffer
	writeCampaign(&out, dialer.CampaignStatus{Campaign: contactdb.Campaign{Name: "spring", State: contactdb.Paused, Reason: why, Version: 1}, Mode: "predictive"})
	lines := strings.Split(out.String(), "\n")
	if lines[0] != "SPRING  paused  version 1  predictive" || lines[1] != why {
		t.Errorf("printed:\n%s", out.String())
	}
	if got := []rune(brief(why)); len(got) != 40 || got[39] != '…' {
		t.Errorf("in a table it is %q", string(got))
	}
}
