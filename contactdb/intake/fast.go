package intake

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// fastNumbers reads numbers as ParseNumber does, some twenty times as fast.
//
// libphonenumber decides by regular expressions over the whole national number,
// but nearly always only its first digits matter: "7[2-8]\d{7}" looks at two.
// That is proved, not assumed: the expressions of every region with the country
// code run as automata, and where each of the last digits leads all of them to
// the same states whatever it is, the verdict on one number is the verdict on
// all that share the digits before. Such verdicts are kept; whatever else is
// asked goes the long way. A fastNumbers belongs to one goroutine.
type fastNumbers struct {
	country string
	home    callingCode    // of country; zero if there is none
	abroad  *regexp.Regexp // what one dials there before a country code
	zeros   bool           // and that is 00
	codes   map[int]*callingCode
	known   map[prefix]verdict
	zones   map[string][]string // sorted, by the names as they come
}

// callingCode is what the fast way needs of a country calling code.
type callingCode struct {
	code     int
	text     string
	trunk    string // national prefix, digits only
	easy     bool   // numbers can be taken apart by the rules in split
	patterns []*syntax.Prog
}

// prefix is the first digits of a national number of some length.
type prefix struct {
	code   int
	length uint8 // of the national number
	known  uint8 // digits in digits
	digits uint64
}

// verdict says what is known of the numbers of a prefix.
type verdict struct {
	proved       bool // all of them are valid numbers of this type and region
	kind, region string
}

func newFastNumbers(country string) *fastNumbers {
	f := &fastNumbers{country: country, codes: map[int]*callingCode{}, known: map[prefix]verdict{}, zones: map[string][]string{}}
	if country != "" {
		c, m := f.code(phonenumbers.GetCountryCodeForRegion(country)), regionRules[country]
		abroad, err := regexp.Compile("^(?:" + m.GetInternationalPrefix() + ")")
		if m.GetNationalPrefixForParsing() == c.trunk && m.GetNationalPrefixTransformRule() == "" && err == nil {
			f.home, f.abroad, f.zeros = *c, abroad, m.GetInternationalPrefix() == "00"
		}
	}
	return f
}

// parse reads one cell; errors are those of ParseNumber.
func (f *fastNumbers) parse(text string) (Number, error) {
	clean, err := cleanNumber(text)
	if err != nil {
		return Number{}, err
	}
	if code, national := f.split(clean); code != nil {
		if n, ok := f.look(code, national); ok {
			return n, nil
		}
	}
	return parseClean(clean, f.country)
}

// split takes a number in its plainest forms apart; nil for all others.
func (f *fastNumbers) split(clean string) (*callingCode, string) {
	var buf [20]byte
	digits := buf[:0]
	for i := range len(clean) {
		switch c := clean[i]; {
		case c >= '0' && c <= '9':
			if len(digits) == 15 {
				return nil, ""
			}
			digits = append(digits, c)
		case c == ' ' || c == '-' || c == '(' || c == ')' || c == '+' && i == 0:
		default:
			return nil, ""
		}
	}
	if strings.HasPrefix(clean, "+") {
		return f.international(string(digits))
	}
	home, all := &f.home, string(digits)
	switch {
	case f.zeros && strings.HasPrefix(clean, "00"):
		return f.international(all[2:])
	case !home.easy || len(all) < 6 || strings.HasPrefix(all, home.text) || strings.HasPrefix(all, "00") || f.abroad.MatchString(all):
		return nil, ""
	case home.trunk == "0" && all[0] == '0':
		return home, all[1:]
	case all[0] == '0' || home.trunk != "" && strings.HasPrefix(all, home.trunk):
		return nil, ""
	}
	return home, all
}

func (f *fastNumbers) international(digits string) (*callingCode, string) {
	for n := 1; n <= 3 && n < len(digits); n++ {
		code, _ := strconv.Atoi(digits[:n]) // they are digits
		if !phonenumbers.GetSupportedCallingCodes()[code] {
			continue
		}
		c, national := f.code(code), digits[n:]
		if c == nil || !c.easy || national[0] == '0' || c.trunk != "" && strings.HasPrefix(national, c.trunk) {
			return nil, ""
		}
		return c, national
	}
	return nil, ""
}

// code is what is known of a calling code; nil if it is no country's.
func (f *fastNumbers) code(code int) *callingCode {
	if c, ok := f.codes[code]; ok {
		return c
	}
	c := &callingCode{code: code, text: strconv.Itoa(code), easy: true}
	f.codes[code] = c
	regions := phonenumbers.GetRegionCodesForCountryCode(code)
	if code == 0 || len(regions) == 0 || slices.Contains(regions, "001") {
		c.easy = false
		return c
	}
	main := phonenumbers.GetRegionCodeForCountryCode(code)
	for _, region := range regions {
		m := regionRules[region]
		if m == nil {
			c.easy = false
			return c
		}
		if region == main {
			c.trunk = m.GetNationalPrefix()
			// What is stripped must be these digits and nothing else.
			c.easy = c.easy && m.GetNationalPrefixForParsing() == c.trunk && m.GetNationalPrefixTransformRule() == ""
		}
		c.add(m.GetLeadingDigits(), true)
		for _, d := range []*phonenumbers.PhoneNumberDesc{m.GetGeneralDesc(), m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(),
			m.GetSharedCost(), m.GetPersonalNumber(), m.GetVoip(), m.GetPager(), m.GetUan(), m.GetVoicemail()} {
			c.add(d.GetNationalNumberPattern(), false)
		}
	}
	return c
}

func (c *callingCode) add(pattern string, open bool) {
	if pattern == "" {
		return
	}
	if open {
		pattern = "(?:" + pattern + ")[0-9]*"
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		c.easy = false
		return
	}
	p, err := syntax.Compile(re.Simplify())
	if err != nil {
		c.easy = false
		return
	}
	for _, i := range p.Inst {
		if i.Op == syntax.InstEmptyWidth { // it looks at what stands around
			c.easy = false
		}
	}
	c.patterns = append(c.patterns, p)
}

// regionRules are libphonenumber's rules by region.
var regionRules = func() map[string]*phonenumbers.PhoneMetadata {
	all := map[string]*phonenumbers.PhoneMetadata{}
	if c, err := phonenumbers.MetadataCollection(); err == nil {
		for _, m := range c.GetMetadata() {
			all[m.GetId()] = m
		}
	}
	return all
}()

// look answers from a proved verdict; not ok if there is none, or it is not
// that the number is valid.
func (f *fastNumbers) look(c *callingCode, national string) (Number, bool) {
	if len(national) < 6 || len(national) > 15 {
		return Number{}, false
	}
	for free := len(national) - 2; free >= 2; free-- {
		key := prefix{code: c.code, length: uint8(len(national)), known: uint8(len(national) - free)}
		key.digits, _ = strconv.ParseUint(national[:key.known], 10, 64) // they are digits
		v, asked := f.known[key]
		if !asked {
			v = f.prove(c, national, free)
			f.known[key] = v
		}
		if v.proved {
			return f.number(c, national, v)
		}
	}
	return Number{}, false
}

func (f *fastNumbers) number(c *callingCode, national string, v verdict) (Number, bool) {
	if v.kind == "" {
		return Number{}, false // proved to be invalid: the long way says why
	}
	n := Number{E164: "+" + c.text + national, Type: v.kind, Region: v.region}
	zones, err := phonenumbers.GetTimezonesForPrefix(n.E164)
	if err != nil || len(zones) == 0 || zones[0] == phonenumbers.UNKNOWN_TIMEZONE {
		return n, err == nil
	}
	sorted := f.zones[zones[0]]
	if len(zones) > 1 || sorted == nil {
		sorted = sortedSet(slices.Clone(zones))
		if len(zones) == 1 {
			f.zones[zones[0]] = sorted
		}
	}
	n.Zones = slices.Clip(sorted)
	return n, true
}

// prove asks libphonenumber about one number and makes it the verdict on all
// that differ from it only in the last digits, if no expression looks at those.
func (f *fastNumbers) prove(c *callingCode, national string, free int) verdict {
	for _, p := range c.patterns {
		if !blind(p, national, free) {
			return verdict{}
		}
	}
	n, err := parseClean("+"+c.text+national, "")
	if err != nil {
		return verdict{proved: true}
	}
	if n.E164 != "+"+c.text+national || n.Extension != "" {
		return verdict{}
	}
	return verdict{proved: true, kind: n.Type, region: n.Region}
}

// blind says whether an automaton that has read a number up to its last digits
// comes to the same states whatever these are.
func blind(p *syntax.Prog, digits string, free int) bool {
	states := closure(p, []uint32{uint32(p.Start)})
	known := len(digits) - free
	for i := range len(digits) {
		if i < known {
			states = step(p, states, rune(digits[i]))
			continue
		}
		next := step(p, states, '0')
		for d := '1'; d <= '9'; d++ {
			if !slices.Equal(next, step(p, states, d)) {
				return false
			}
		}
		states = next
	}
	return true
}

// step reads one digit in all states.
func step(p *syntax.Prog, states []uint32, digit rune) []uint32 {
	var next []uint32
	for _, s := range states {
		if i := &p.Inst[s]; isRune(i.Op) && i.MatchRune(digit) {
			next = append(next, i.Out)
		}
	}
	return closure(p, next)
}

func isRune(op syntax.InstOp) bool {
	return op == syntax.InstRune || op == syntax.InstRune1 || op == syntax.InstRuneAny || op == syntax.InstRuneAnyNotNL
}

// closure follows what reads nothing; the states are sorted.
func closure(p *syntax.Prog, from []uint32) []uint32 {
	seen := map[uint32]bool{}
	var out []uint32
	for len(from) > 0 {
		s := from[len(from)-1]
		from = from[:len(from)-1]
		if seen[s] {
			continue
		}
		seen[s] = true
		switch i := &p.Inst[s]; i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			from = append(from, i.Out, i.Arg)
		case syntax.InstCapture, syntax.InstNop:
			from = append(from, i.Out)
		default:
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}
