package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"apel/campaign"
	"apel/contactdb"
	"apel/contactdb/intake"
	"apel/dialer"
	"apel/dialer/console/web"
)

// Code says what kind of error a Problem is.
type Code string

// The codes. A command's exit code follows from them.
const (
	Failed     Code = "failed"      // the machine could not do it
	Input      Code = "input"       // what was given cannot be used; nothing was changed
	Usage      Code = "usage"       // the request itself is wrong
	NotFound   Code = "not-found"   // what was named is not there
	NotAllowed Code = "not-allowed" // not by this caller
	SignIn     Code = "sign-in"     // who asks is not known
	TooMany    Code = "too-many"    // wrong attempts; see Retry-After
	Busy       Code = "busy"        // try again in a moment
	State      Code = "state"       // not in this state
	Refused    Code = "refused"     // by a compliance rule
	NotRunning Code = "not-running" // needs a running service
)

var statuses = map[Code]int{
	Failed:     http.StatusInternalServerError,
	Input:      http.StatusBadRequest,
	Usage:      http.StatusBadRequest,
	NotFound:   http.StatusNotFound,
	NotAllowed: http.StatusForbidden,
	SignIn:     http.StatusUnauthorized,
	TooMany:    http.StatusTooManyRequests,
	Busy:       http.StatusServiceUnavailable,
	State:      http.StatusConflict,
	Refused:    http.StatusUnprocessableEntity,
	NotRunning: http.StatusServiceUnavailable,
}

// Problem is an error as the API answers it: one sentence with its cause and
// the next step.
type Problem struct {
	Sentence string   `json:"error"`
	Code     Code     `json:"code"`
	Message  string   `json:"message,omitempty"` // which sentence it is, for pages in other languages; Args are its words
	Args     []string `json:"args,omitempty"`
}

func (p *Problem) Error() string { return p.Sentence }

func problem(code Code, format string, args ...any) *Problem {
	return &Problem{Sentence: fmt.Sprintf(format, args...), Code: code}
}

// codes maps what the layers below promise to codes; the first that fits wins.
var codes = []struct {
	is   error
	code Code
	next string // the next step, where the layer below cannot know it
}{
	{dialer.ErrNotRunning, NotRunning, "start it: apel serve"},
	{dialer.ErrRefused, Refused, ""},
	{dialer.ErrInput, Input, ""},
	{contactdb.ErrNotFound, NotFound, ""},
	{contactdb.ErrExists, State, ""},
	{contactdb.ErrInUse, State, "wait for it to end"},
	{contactdb.ErrState, State, ""},
	{contactdb.ErrNoSpace, Failed, "nothing was changed; free some space and do it again"},
	{contactdb.ErrNewer, Failed, "use the newer apel"},
	{contactdb.ErrDamaged, Failed, "restore it from a backup"},
	{fs.ErrPermission, NotAllowed, ""},
	{context.Canceled, Failed, ""},
}

// ProblemOf turns any error into a Problem.
func ProblemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return problem(Input, "the request is larger than %d bytes; send less at once", tooLarge.Limit)
	}
	var file *intake.FileError
	if errors.As(err, &file) {
		return problem(Input, "%v", file)
	}
	var definition *campaign.Error
	if errors.As(err, &definition) {
		return problem(Input, "%v", definition)
	}
	for _, c := range codes {
		if errors.Is(err, c.is) {
			p := &Problem{Sentence: sentence(err, c.is, c.next), Code: c.code}
			var said *dialer.Sentence
			if errors.As(err, &said) {
				p.Message, p.Args = said.Code, said.Args
			}
			return p
		}
	}
	return &Problem{Sentence: err.Error(), Code: Failed}
}

// commandsToSee is where a sentence sends who works at the command line.
var commandsToSee = regexp.MustCompile(`; see: apel .*$| \(see: apel [^)]*\)`)

// inWordsOf is a problem in the language of the person who is signed in in a
// browser; machines and the command line get English.
func inWordsOf(r *http.Request, p *Problem) *Problem {
	if c := callerOf(r); c == nil || c.Session == "" {
		return p
	}
	said, words := *p, func(s string) string {
		said := web.Said(langOf(r), strings.Replace(s, ", or say whose national numbers these are (--country RO)", "", 1)) // which the command line takes
		return commandsToSee.ReplaceAllString(said, "")
	}
	said.Sentence, said.Args = words(p.Sentence), slices.Clone(p.Args)
	for i, arg := range said.Args { // one may be a sentence of a layer below
		said.Args[i] = words(arg)
	}
	return &said
}

// planInWordsOf is a plan likewise.
func planInWordsOf(r *http.Request, p dialer.Plan) dialer.Plan {
	if c := callerOf(r); c == nil || c.Session == "" {
		return p
	}
	for i, v := range p.Violations {
		p.Violations[i] = web.Said(langOf(r), v)
	}
	for i, v := range p.Warnings {
		p.Warnings[i] = web.Said(langOf(r), v)
	}
	return p
}

// codeOf is the code of an error, "" of none.
func codeOf(err error) Code {
	if err == nil {
		return ""
	}
	return ProblemOf(err).Code
}

// sentence takes off the word of the sentinel, which the code says already,
// and adds the next step unless the error names one.
func sentence(err, is error, next string) string {
	s := strings.TrimPrefix(err.Error(), is.Error()+": ")
	if damage, found := strings.CutSuffix(s, "restore a backup"); found && is == contactdb.ErrDamaged {
		return damage + "restore a backup: apel db restore FILE; or save what can be read: apel db salvage --out FILE"
	}
	if next == "" || strings.Contains(s, ";") {
		return s
	}
	return s + "; " + next
}
