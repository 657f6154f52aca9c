package web

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Lang is a language of the console.
type Lang string

const (
	English  Lang = "en"
	Romanian Lang = "ro"
)

// Langs in the order in which pages offer them.
var Langs = []Lang{English, Romanian}

// text is one message in every language.
type text struct{ en, ro string }

func (t text) in(l Lang) string {
	if l == Romanian {
		return t.ro
	}
	return t.en
}

// messages is the table of all texts, in parts that belong to parts of the
// console. A test holds it against what pages and scripts use.
var messages = merge(shellTexts, wordTexts, deskTexts, errorTexts, floorTexts, whyTexts, complianceTexts, verbTexts, auditTexts)

func merge(parts ...map[string]text) map[string]text {
	all := map[string]text{}
	for _, part := range parts {
		for key, t := range part {
			if _, twice := all[key]; twice {
				panic("console text " + key + " is there twice")
			}
			all[key] = t
		}
	}
	return all
}

// slot is where an argument stands in a message, and what is counted by it.
var slot = regexp.MustCompile(`\{(\d)(?::([^}]*))?\}`)

// Text is a message; {0}, {1}... in it are replaced by args, {0:call|calls} by a
// number and the form that goes with it. A key that is not in the table shows as itself.
func Text(l Lang, key string, args ...any) string {
	t, ok := messages[key]
	if !ok {
		return key
	}
	return slot.ReplaceAllStringFunc(t.in(l), func(s string) string {
		part := slot.FindStringSubmatch(s)
		i, _ := strconv.Atoi(part[1]) // a digit
		if i >= len(args) {
			return s
		}
		arg := fmt.Sprint(args[i])
		if part[2] == "" {
			return arg
		}
		forms := strings.Split(part[2], "|")
		return arg + " " + forms[min(form(l, arg), len(forms)-1)]
	})
}

// form is which form of a noun goes with a number: in English one and many, in
// Romanian one, few and, after 19, many, with a "de" (CLDR's plural rules). The
// number may have its thousands grouped.
func form(l Lang, number string) int {
	n, err := strconv.Atoi(strings.NewReplacer(",", "", ".", "").Replace(number))
	switch {
	case err == nil && n == 1:
		return 0
	case l == Romanian && (n%100 >= 20 || n != 0 && n%100 == 0):
		return 2
	}
	return 1
}

// Word is the message of a word that the program uses (a state, a role, an
// outcome), or the word itself when it is one of the user's own.
func Word(l Lang, kind, word string) string {
	if t, ok := messages[kind+"."+word]; ok {
		return t.in(l)
	}
	return word
}

// Texts are all messages in a language, for scripts.
func Texts(l Lang) map[string]string {
	all := make(map[string]string, len(messages))
	for key, t := range messages {
		all[key] = t.in(l)
	}
	return all
}

// Choose picks a language: the one asked for, else the first of an
// Accept-Language header that we have (its order is taken as its preference).
func Choose(asked, accept string) Lang {
	for _, l := range Langs {
		if asked == string(l) {
			return l
		}
	}
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(tag, "-")
		for _, l := range Langs {
			if strings.EqualFold(tag, string(l)) {
				return l
			}
		}
	}
	return English
}
