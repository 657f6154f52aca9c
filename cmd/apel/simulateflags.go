package main

import (
	"fmt"
	"strconv"
	"strings"
)

// mostOperators of a simulated team, and mostCells of a sweep.
const (
	mostOperators = 10_000
	mostCells     = 200
)

// counts is a flag of numbers of operators: 10, 5,10,25, 5..50 or 5..50/5.
type counts []int

func (c *counts) String() string {
	var all []string
	for _, n := range *c {
		all = append(all, strconv.Itoa(n))
	}
	return strings.Join(all, ",")
}

func (c *counts) Type() string { return "operators" }

func (c *counts) Set(text string) error {
	var all []int
	for part := range strings.SplitSeq(text, ",") {
		some, err := countsOf(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	if len(all) > mostCells {
		return fmt.Errorf("%d teams are too many for one table; at most %d", len(all), mostCells)
	}
	*c = all
	return nil
}

// countsOf reads a number or a range, which is gone through in ten steps at
// most unless it says in which.
func countsOf(text string) ([]int, error) {
	span, step, stepped := strings.Cut(text, "/")
	first, last, isRange := strings.Cut(span, "..")
	if !isRange {
		last = first
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	by := max((to-from+9)/10, 1)
	var err3 error
	if stepped {
		by, err3 = strconv.Atoi(step)
	}
	if err1 != nil || err2 != nil || err3 != nil || from < 1 || to > mostOperators || from > to || by < 1 || (stepped && !isRange) {
		return nil, fmt.Errorf("%q is no number of operators from 1 to %d; write 10, 5,10,25, 5..50 or 5..50/5", text, mostOperators)
	}
	var all []int
	for n := from; n <= to; n += by {
		all = append(all, n)
	}
	if all[len(all)-1] != to && !stepped {
		all = append(all, to)
	}
	return all, nil
}

// share is a flag between 0 and 1, written 3% or .03.
type share float64

func (s *share) String() string { return strconv.FormatFloat(100*float64(*s), 'g', 6, 64) + "%" }
func (s *share) Type() string   { return "share" }

func (s *share) Set(text string) error {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return fmt.Errorf("%q is no share; write 3%% or .03", text)
	}
	*s = share(v)
	return nil
}

// shares is a flag of several shares.
type shares []share

func (s *shares) String() string {
	var all []string
	for _, v := range *s {
		all = append(all, v.String())
	}
	return strings.Join(all, ",")
}

func (s *shares) Type() string { return "shares" }

func (s *shares) Set(text string) error {
	var all shares
	for part := range strings.SplitSeq(text, ",") {
		var v share
		if err := v.Set(part); err != nil {
			return err
		}
		all = append(all, v)
	}
	*s = all
	return nil
}
