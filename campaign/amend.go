package campaign

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"apel/pacing"

	"github.com/goccy/go-yaml/ast"
)

// Change is what a supervisor changes of a campaign that calls; nil: it stays.
type Change struct {
	Mode             *pacing.Mode `json:"mode,omitempty"`
	Ratio            *float64     `json:"ratio,omitempty"`     // calls per operator, in power
	MaxLines         *int         `json:"max_lines,omitempty"` // calls at once; 0: no limit but the trunks'
	AbandonmentLimit *float64     `json:"abandonment_limit,omitempty"`
}

// Limits are the settings of a definition that a Change may change.
func (d *Definition) Limits() Change {
	return Change{&d.Pacing.Mode, &d.Pacing.Ratio, &d.Pacing.MaxLines, &d.Abandonment.Limit}
}

// errUnlike is of files whose settings stand where Amend doesn't look for them.
var errUnlike = errors.New("the definition is written in a way in which this can't be changed alone; change its text")

// Amend writes a change into a definition. Its comments and all else stay as
// they were written. The error is Parse's if the change is not allowed.
func Amend(source []byte, c Change) ([]byte, error) {
	want, err := Parse(source)
	if err != nil {
		return nil, err
	}
	for _, set := range []struct {
		group, key string
		value      string // "": stays
	}{
		{"pacing", "mode", written(c.Mode, &want.Pacing.Mode, func(m pacing.Mode) string { return strconv.Quote(string(m)) })},
		{"pacing", "ratio", written(c.Ratio, &want.Pacing.Ratio, func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) })},
		{"pacing", "max-lines", written(c.MaxLines, &want.Pacing.MaxLines, strconv.Itoa)},
		{"abandonment", "limit", written(c.AbandonmentLimit, &want.Abandonment.Limit, formatPercent)},
	} {
		if set.value == "" {
			continue
		}
		if source, err = amend(source, set.group, set.key, set.value); err != nil {
			return nil, err
		}
	}
	want.agree()
	got, err := Parse(source)
	if err != nil {
		return nil, err
	}
	is, err := got.Marshal()
	if err != nil {
		return nil, err
	}
	should, err := want.Marshal()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(is, should) {
		return nil, errUnlike
	}
	return source, nil
}

// written is a value that is to be another, as the file has it, and sets it.
func written[V comparable](to, now *V, format func(V) string) string {
	if to == nil || *to == *now {
		return ""
	}
	*now = *to
	return strings.Trim(format(*to), `"`)
}

// amend writes one setting of a group: in its place if it is there, else after
// the first of the group, else with the group at the end.
func amend(source []byte, group, key, value string) ([]byte, error) {
	r := &report{}
	root := r.tree(source)
	if root == nil {
		return nil, r.err()
	}
	top := r.section(root, "", "")
	e, there := top.get(group)
	setting := key + ": " + value
	switch of := e.value.(type) {
	case nil:
		if flow, ok := root.(*ast.MappingNode); there || ok && flow.IsFlowStyle {
			return nil, errUnlike
		}
		_, column := place(root)
		r.lines = append(r.lines, strings.Repeat(" ", column-1)+group+": {"+setting+"}")
	case *ast.MappingNode:
		in := r.section(of, group, "")
		old, has := in.get(key)
		switch {
		case has:
			r.rewrite(old.value, func(string) string { return value })
		case len(of.Values) == 0:
			r.rewrite(of, func(string) string { return "{" + setting })
		case of.IsFlowStyle:
			r.rewrite(of, func(string) string { return "{" + setting + ", " })
		default:
			line, column := place(of)
			r.lines = append(r.lines[:line], append([]string{strings.Repeat(" ", column-1) + setting}, r.lines[line:]...)...)
		}
	default: // pacing: predictive
		r.rewrite(of, func(mode string) string {
			if key == "mode" {
				return value
			}
			return fmt.Sprintf("{mode: %s, %s}", mode, setting)
		})
	}
	return []byte(strings.Join(r.lines, "\n") + "\n"), nil
}

// rewrite replaces the text of a value in its line; of a mapping, its bracket.
func (r *report) rewrite(n ast.Node, with func(string) string) {
	line, column := place(n)
	text := []rune(r.lines[line-1])
	from := min(column-1, len(text)-1)
	to := from + len([]rune(n.GetToken().Value))
	if q := text[from]; q == '"' || q == '\'' {
		to = from + 1
		for to < len(text) && text[to] != q {
			to++
		}
		to++
	}
	to = min(to, len(text))
	r.lines[line-1] = string(text[:from]) + with(string(text[from:to])) + string(text[to:])
}
