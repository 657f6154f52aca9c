package pacing

import (
	"fmt"
	"strings"
)

// Grounds are what led to a decision; String makes the sentence, which costs
// more than the decision of a small team and is not always read.
type Grounds struct {
	Said string // a policy's own words, in the place of all else

	mode                                Mode
	place, wish                         int
	by                                  Cause   // what wish was more than
	free, air                           int     // operators free, calls in the air
	ratio                               float64 // in Power
	live, abandoned, bearable           int
	held                                bool // Power's wish was more than is bearable
	freeing, worth, loss, price, inHand float64
	fallback                            fallback
	known, need                         int
}

// fallback is why Power or Predictive does as Progressive.
type fallback uint8

const (
	none fallback = iota
	unschooled
	refusing
	spent
)

// String is the sentence: "place 3: 2 free + 1.4 freeing in 8 s, ..."; nothing
// if nothing was decided yet.
func (g Grounds) String() string {
	if g.Said != "" || g.mode == "" {
		return g.Said
	}
	head := fmt.Sprintf("place %d: ", g.place)
	if g.place < g.wish {
		head = fmt.Sprintf("place %d of %d, no more %s: ", g.place, g.wish, g.by)
	}
	return head + g.body() + g.tail()
}

func (g *Grounds) body() string {
	switch {
	case g.mode == Predictive && g.fallback != unschooled && g.fallback != refusing:
		return fmt.Sprintf("%d free + %.1f freeing in 8 s, %d in the air worth %.1f answers, risk %.3f of %.3f, budget %.1f people",
			g.free, g.freeing, g.air, g.worth, g.loss, g.price, g.inHand)
	case g.mode == Power && g.held:
		return fmt.Sprintf("%d free, %d in the air, ratio %.2g, %d abandoned of %d live, %d more bearable", g.free, g.air, g.ratio, g.abandoned, g.live, g.bearable)
	case g.mode == Power:
		return fmt.Sprintf("%d free, %d in the air, ratio %.2g", g.free, g.air, g.ratio)
	}
	return fmt.Sprintf("%d free, %d in the air, one call a free operator", g.free, g.air)
}

func (g *Grounds) tail() string {
	switch g.fallback {
	case unschooled:
		return fmt.Sprintf("; predictive falls back to progressive: %d of %d calls known", g.known, g.need)
	case refusing:
		return "; one call at a time: the last calls failed at once"
	case spent:
		return fmt.Sprintf("; %s falls back to progressive: the budget is spent", g.mode)
	}
	return ""
}

// Phrase is a part of a sentence that a page can say in its reader's language:
// a text by its Code, into which Args are put.
type Phrase struct {
	Code string
	Args []string
}

func phrase(code, format string, args ...any) Phrase {
	p := Phrase{Code: code}
	if format != "" {
		p.Args = strings.Split(fmt.Sprintf(format, args...), " ")
	}
	return p
}

// Phrases are what String says, in its order; nil for a policy's own words and
// if nothing was decided yet.
func (g Grounds) Phrases() []Phrase {
	if g.Said != "" || g.mode == "" {
		return nil
	}
	all := []Phrase{phrase("place", "%d", g.place)}
	if g.place < g.wish {
		all[0] = phrase("place-less", "%d %d %s", g.place, g.wish, g.by)
	}
	switch {
	case g.mode == Predictive && g.fallback != unschooled && g.fallback != refusing:
		all = append(all, phrase("predictive", "%d %.1f %d %.1f %.3f %.3f %.1f", g.free, g.freeing, g.air, g.worth, g.loss, g.price, g.inHand))
	case g.mode == Power && g.held:
		all = append(all, phrase("power-held", "%d %d %.2g %d %d %d", g.free, g.air, g.ratio, g.abandoned, g.live, g.bearable))
	case g.mode == Power:
		all = append(all, phrase("power", "%d %d %.2g", g.free, g.air, g.ratio))
	default:
		all = append(all, phrase("progressive", "%d %d", g.free, g.air))
	}
	switch g.fallback {
	case unschooled:
		all = append(all, phrase("unschooled", "%d %d", g.known, g.need))
	case refusing:
		all = append(all, phrase("refusing", ""))
	case spent:
		all = append(all, phrase("spent", "%s", g.mode))
	}
	return all
}
