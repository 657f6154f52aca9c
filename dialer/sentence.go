package dialer

import "fmt"

// Sentence is an error that a page can say in its reader's language: by its
// Code, into whose text Args are put.
type Sentence struct {
	Kind error // a sentinel of this package's or of contactdb's
	Code string
	Args []string
	Text string // in English
}

func (s *Sentence) Error() string { return s.Kind.Error() + ": " + s.Text }

// Unwrap gives the kind.
func (s *Sentence) Unwrap() error { return s.Kind }

// say makes a Sentence; the arguments of its text are those of its code.
func say(kind error, code, format string, args ...any) error {
	s := &Sentence{Kind: kind, Code: code, Text: fmt.Sprintf(format, args...)}
	for _, a := range args {
		s.Args = append(s.Args, fmt.Sprint(a))
	}
	return s
}
