package web

import (
	"fmt"
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
var messages = merge(shellTexts, wordTexts, deskTexts, errorTexts, floorTexts, whyTexts, complianceTexts, verbTexts)

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

// Text is a message; {0}, {1}... in it are replaced by args. A key that is not
// in the table shows as itself.
func Text(l Lang, key string, args ...any) string {
	t, ok := messages[key]
	if !ok {
		return key
	}
	s := t.in(l)
	for i, a := range args {
		s = strings.ReplaceAll(s, fmt.Sprintf("{%d}", i), fmt.Sprint(a))
	}
	return s
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
