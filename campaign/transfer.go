package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

const exampleTransfer = `transfer: {numbers: [{name: Billing, number: "+40312345000"}]}`

func (s *section) transfer(to *Transfer) {
	t, ok := s.part("transfer", exampleTransfer)
	if !ok {
		return
	}
	defer t.done()
	list, ok := t.get("numbers")
	if !ok {
		return
	}
	to.Numbers = nil
	for _, n := range items(list.value) {
		one, ok := t.transferNumber(n)
		switch {
		case !ok:
		case slices.ContainsFunc(to.Numbers, func(o TransferNumber) bool { return o.Number == one.Number || o.Name == one.Name }):
			t.at(n, fmt.Sprintf("%s, %s is in transfer: numbers twice", one.Name, one.Number), "it once")
		default:
			to.Numbers = append(to.Numbers, one)
		}
	}
}

func (s *section) transferNumber(n ast.Node) (one TransferNumber, ok bool) {
	m := s.section(n, "a transfer number", `{name: Billing, number: "+40312345000"}`)
	if !m.valid {
		return one, false
	}
	m.text("name", &one.Name, oneLine, aLine, "Billing")
	e, there := m.get("number")
	m.done()
	if !there {
		m.at(n, "a transfer number has no number", `{name: Billing, number: "+40312345000"}`)
		return one, false
	}
	if one.Number, ok = m.scalar(e.value, "number", `"+40312345000"`); !ok {
		return one, false
	}
	if !e164.MatchString(one.Number) {
		m.at(e.value, fmt.Sprintf("number can't be %s: %s", quoted(one.Number), anE164), `"`+likelyE164(one.Number)+`"`)
		return one, false
	}
	if one.Name == "" {
		one.Name = one.Number
	}
	return one, true
}

// TransferNumber is the outside number that may be consulted, by its name, which
// is all that some operators see, or by itself.
func (d *Definition) TransferNumber(name string) (TransferNumber, bool) {
	at := slices.IndexFunc(d.Transfer.Numbers, func(n TransferNumber) bool { return n.Number == name || n.Name == name })
	if at < 0 {
		return TransferNumber{}, false
	}
	return d.Transfer.Numbers[at], true
}

func (d *Definition) writeTransfer(b *strings.Builder) {
	if d.Hold != "" {
		fmt.Fprintf(b, "hold: %s\n", strconv.Quote(d.Hold))
	}
	if len(d.Transfer.Numbers) == 0 {
		return
	}
	b.WriteString("transfer:\n  numbers:\n")
	for _, n := range d.Transfer.Numbers {
		fmt.Fprintf(b, "    - {name: %s, number: %s}\n", strconv.Quote(n.Name), strconv.Quote(n.Number))
	}
}
