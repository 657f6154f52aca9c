package campaign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"apel/contactdb"

	"github.com/goccy/go-yaml/ast"
)

const exampleLists = "lists: [spring-leads, {name: old-customers, weight: 2, order: newest}]"

// lists reads names, or names with what else is to be said of a list.
func (s *section) lists(to *[]List) {
	e, ok := s.get("lists")
	if !ok {
		return
	}
	var all []List
	for _, n := range items(e.value) {
		l, ok := s.list(n)
		switch {
		case !ok:
		case slices.ContainsFunc(all, func(o List) bool { return o.Name == l.Name }):
			s.at(n, fmt.Sprintf("%s is in lists twice", quoted(l.Name)), "it once")
		default:
			all = append(all, l)
		}
	}
	*to = all
}

func (s *section) list(n ast.Node) (l List, ok bool) {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		if l.Name, ok = s.scalar(n, "lists", exampleLists); ok && !oneLine.MatchString(l.Name) {
			s.at(n, fmt.Sprintf("lists can't be %s: %s", quoted(l.Name), aLine), "spring-leads")
			return l, false
		}
		return l, ok
	}
	m := s.section(n, "a list", exampleLists)
	m.text("name", &l.Name, oneLine, aLine, "spring-leads")
	if _, weighted := m.get("weight"); weighted {
		l.Weight = 1
		m.whole("weight", &l.Weight, 1, 100)
	}
	m.order(&l.Order)
	m.filter(&l.Filter)
	m.done()
	if _, named := m.get("name"); !named && m.valid {
		s.at(n, "a list has no name", exampleLists)
	}
	return l, l.Name != ""
}

// oldest is how the order of import is written.
const oldest = "oldest"

func (s *section) order(to *contactdb.Order) {
	orders := []string{oldest, string(contactdb.Newest), string(contactdb.Best)}
	e, ok := s.get("order")
	if !ok {
		return
	}
	v, ok := s.scalar(e.value, "order", "order: newest")
	switch {
	case !ok:
	case strings.HasPrefix(v, contactdb.Highest) || strings.HasPrefix(v, contactdb.Lowest):
		if _, field, _ := strings.Cut(v, " "); strings.TrimSpace(field) != field || field == "" || len(field) > 100 {
			s.at(e.value, fmt.Sprintf("%s does not name a field", quoted(v)), "order: highest balance")
			return
		}
		*to = contactdb.Order(v)
	case !slices.Contains(orders, v):
		instead := "order: newest"
		if near := nearest(v, orders); near != "" {
			instead = "order: " + near
		}
		s.at(e.value, fmt.Sprintf("order is one of %s, highest FIELD, lowest FIELD, not %s", strings.Join(orders, ", "), quoted(v)), instead)
	case v == oldest:
		*to = contactdb.Oldest
	default:
		*to = contactdb.Order(v)
	}
}

// filter reads an expression.
func (s *section) filter(to **Filter) {
	e, ok := s.get("filter")
	if !ok {
		return
	}
	const example = `filter: 'city == "Iași" && balance > 100'`
	v, ok := s.scalar(e.value, "filter", example)
	if !ok || strings.TrimSpace(v) == "" {
		return
	}
	f, err := parseFilter(v)
	if err == nil {
		*to = f
		return
	}
	line, column := place(e.value)
	if _, block := e.value.(*ast.LiteralNode); !block {
		column += err.At
		if tok := e.value.GetToken(); tok != nil && strings.HasPrefix(strings.TrimSpace(tok.Origin), "'") || tok != nil && strings.HasPrefix(strings.TrimSpace(tok.Origin), `"`) {
			column++
		}
	}
	s.report.add(line, column, "filter: "+err.Problem, err.Instead)
}

func (s *section) consent(to *Consent) {
	c, ok := s.part("consent", "consent: {required: true, kinds: [marketing]}")
	if !ok {
		return
	}
	c.truth("required", &to.Required)
	c.texts("kinds", &to.Kinds, oneLine, aLine, "marketing")
	c.done()
	if kinds, ok := c.get("kinds"); ok && !to.Required {
		c.at(kinds.at, "kinds of consent count only where one is required", "consent: {required: true, kinds: [...]}")
	}
}

func (s *section) numbers(to *Numbers) {
	n, ok := s.part("numbers", "numbers: {order: in-turn, switch: 15m}")
	if !ok {
		return
	}
	n.text("order", &to.Order, regexp.MustCompile("^(in-turn|in-row)$"), "it is in-turn or in-row", "in-turn")
	n.duration("switch", &to.Switch, 0, 30*24*time.Hour)
	n.done()
}

func (s *section) callbacks(to *Callbacks) {
	c, ok := s.part("callbacks", "callbacks: {deputy: 15m, beyond-max: true}")
	if !ok {
		return
	}
	c.delay("deputy", &to.Deputy)
	c.truth("beyond-max", &to.BeyondMax)
	c.done()
}

const exampleCallerID = `caller-id: "+40312345678"`

// callerIDs reads one number or several, with their limits. Unquoted, YAML
// would take +40... for a sum; here it is what was written.
func (s *section) callerIDs(to *[]CallerID) {
	e, ok := s.get("caller-id")
	if !ok {
		return
	}
	var all []CallerID
	for _, n := range items(e.value) {
		c, ok := s.callerID(n)
		switch {
		case !ok:
		case slices.ContainsFunc(all, func(o CallerID) bool { return o.Number == c.Number }):
			s.at(n, fmt.Sprintf("%s is in caller-id twice", c.Number), "it once")
		default:
			all = append(all, c)
		}
	}
	*to = all
}

func (s *section) callerID(n ast.Node) (c CallerID, ok bool) {
	number := n
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		m := s.section(n, "a caller ID", `caller-id: [{number: "+40312345678", per-day: 400, rest: 24h}]`)
		e, there := m.get("number")
		m.whole("per-day", &c.PerDay, 0, 100_000)
		m.duration("rest", &c.Rest, 0, 90*24*time.Hour)
		m.done()
		if !there {
			s.at(n, "a caller ID has no number", `{number: "+40312345678", per-day: 400}`)
			return c, false
		}
		if rest, ok := m.get("rest"); ok && c.PerDay == 0 {
			m.at(rest.at, "a number rests when it has made its calls of a day, and no per-day is given", "per-day: 400, or leave rest out")
		}
		number = e.value
	}
	if c.Number, ok = s.scalar(number, "caller-id", exampleCallerID); !ok {
		return c, false
	}
	if !e164.MatchString(c.Number) {
		s.at(number, fmt.Sprintf("caller-id can't be %s: %s", quoted(c.Number), anE164), `"`+likelyE164(c.Number)+`"`)
		return c, false
	}
	return c, true
}
