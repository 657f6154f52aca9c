package campaign

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"apel/contactdb"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Filter is an expression over a contact's fields that says whether it is
// called: city == "Iași" && balance > 100. The words that every contact has
// are typed; any other word is one of the free fields of its list, read as
// what it is compared with. A free field that is missing, or is no number or
// day where one is needed, fits no comparison.
type Filter struct {
	source  string
	clauses []clause
	free    []string
}

// freeFields are the words that are not every contact's: free fields of lists.
func (f *Filter) freeFields() []string {
	if f == nil {
		return nil
	}
	return f.free
}

// clause is one of the conditions that must all hold.
type clause struct {
	text    string
	program *vm.Program
}

// Equal compares by what was written.
func (f *Filter) Equal(o *Filter) bool { return f.String() == o.String() }

// String is the expression as it was written; "" for none.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	return f.source
}

const (
	maxFilter = 2000 // characters
	maxNodes  = 400
)

// seen is a contact as an expression sees it.
type seen struct {
	Phone      string   `expr:"phone"`
	NumberType string   `expr:"number_type"`
	Region     string   `expr:"region"`
	List       string   `expr:"list"`
	Client     string   `expr:"client"`
	ExternalID string   `expr:"external_id"`
	Name       string   `expr:"name"`
	FirstName  string   `expr:"first_name"`
	LastName   string   `expr:"last_name"`
	Email      string   `expr:"email"`
	City       string   `expr:"city"`
	Language   string   `expr:"language"`
	Tags       []string `expr:"tags"`
	Consent    string   `expr:"consent"`
	ImportedAt float64  `expr:"imported_at"` // as date() gives it
	Attempts   int      `expr:"attempts"`
	Outcome    string   `expr:"last_outcome"`

	Fields map[string]string `expr:"fields"`
}

// words are the names of seen, for advice.
var words = strings.Fields("phone number_type region list client external_id name first_name last_name email city language tags consent imported_at attempts last_outcome fields")

func see(c contactdb.Candidate) *seen {
	s := &seen{Phone: c.Phone, NumberType: c.NumberType, Region: c.Region, List: c.List, Client: c.Client, ExternalID: c.ExternalID,
		Name: c.Name, FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, City: c.City, Language: c.Language, Tags: c.Tags,
		ImportedAt: seconds(c.ImportedAt), Attempts: c.Progress.Attempts, Outcome: c.Progress.LastOutcome, Fields: c.Fields}
	if c.Consent != nil {
		s.Consent = c.Consent.Kind
	}
	return s
}

func seconds(t time.Time) float64 { return float64(t.Unix()) }

// fails is the first clause that a contact does not meet; "" if it meets all.
func (f *Filter) fails(c contactdb.Candidate) string {
	if f == nil {
		return ""
	}
	env := see(c)
	for _, part := range f.clauses {
		yes, err := expr.Run(part.program, env)
		if err != nil || yes != true { // an expression that fails on a contact does not ask for it
			return part.text
		}
	}
	return ""
}

// parseFilter reads an expression. Its error tells the character, from 0, at
// which something is wrong.
func parseFilter(source string) (*Filter, *filterFault) {
	if n := len([]rune(source)); n > maxFilter {
		return nil, &filterFault{At: maxFilter, Problem: fmt.Sprintf("a filter has at most %d characters, not %d", maxFilter, n)}
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, faultOf(err)
	}
	f := &Filter{source: source, free: freeFieldsIn(tree.Node)}
	for _, node := range conjuncts(tree.Node) {
		if _, err := compile(source); err != nil { // first as a whole: places in errors are those of what was written
			return nil, faultOf(err)
		}
		text := node.String()
		program, err := compile(text)
		if err != nil {
			return nil, faultOf(err)
		}
		f.clauses = append(f.clauses, clause{text, program})
	}
	return f, nil
}

// freeFieldsIn collects the words that become free fields, and what stands in
// fields["..."].
func freeFieldsIn(n ast.Node) []string {
	c := &collecting{names: map[string]bool{}, not: map[string]bool{}}
	ast.Walk(&n, c)
	for name := range c.not {
		delete(c.names, name)
	}
	return slices.Sorted(maps.Keys(c.names))
}

type collecting struct{ names, not map[string]bool }

func (c *collecting) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if !slices.Contains(words, n.Value) {
			c.names[n.Value] = true
		}
	case *ast.MemberNode:
		of, isWord := n.Node.(*ast.IdentifierNode)
		if name, isText := n.Property.(*ast.StringNode); isWord && isText && of.Value == "fields" {
			c.names[name.Value] = true
		}
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			c.not[callee.Value] = true
		}
	case *ast.VariableDeclaratorNode:
		c.not[n.Name] = true
	}
}

// conjuncts are the conditions joined by and.
func conjuncts(n ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && (b.Operator == "&&" || b.Operator == "and") {
		return append(conjuncts(b.Left), conjuncts(b.Right)...)
	}
	return []ast.Node{n}
}

func compile(source string) (*vm.Program, error) {
	one := func(what string, read func(string) float64) expr.Option {
		return expr.Function(what, func(params ...any) (any, error) { return read(params[0].(string)), nil }, new(func(string) float64))
	}
	return expr.Compile(source, expr.Env(seen{}), expr.AsBool(), expr.MaxNodes(maxNodes),
		expr.DisableBuiltin("now"), expr.DisableBuiltin("date"), expr.DisableBuiltin("duration"), expr.DisableBuiltin("timezone"),
		expr.DisableBuiltin("repeat"),
		one("number", contactdb.FieldNumber), one("date", readDay), expr.Patch(&typing{}))
}

// typing gives the words that are not every contact's the type that they are
// compared with: it makes fields["x"], number(fields["x"]) or
// date(fields["x"]) of them.
type typing struct{}

type kind int

const (
	textual kind = iota
	numeric
	dated
	unclear
)

func (t *typing) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		t.binary(n)
	case *ast.UnaryNode:
		if n.Operator == "-" || n.Operator == "+" {
			become(&n.Node, numeric)
		}
	case *ast.CallNode:
		for i := range n.Arguments {
			become(&n.Arguments[i], textual)
		}
	case *ast.BuiltinNode:
		for i := range n.Arguments {
			become(&n.Arguments[i], textual)
		}
	case *ast.ConditionalNode:
		become(&n.Exp1, textual)
		become(&n.Exp2, textual)
	}
}

// binary types the words beside an operator.
func (t *typing) binary(n *ast.BinaryNode) {
	as := textual
	switch n.Operator {
	case "+", "-", "*", "/", "%", "**", "^", "..":
		as = numeric
		if n.Operator == "+" && (kindOf(n.Left) == textual || kindOf(n.Right) == textual) {
			as = textual
		}
	case "<", "<=", ">", ">=":
		as = numeric
		for _, side := range []ast.Node{n.Left, n.Right} {
			if k := kindOf(side); k != unclear {
				as = k
			}
		}
	case "==", "!=", "in", "not in":
		for _, side := range []ast.Node{n.Left, n.Right} {
			if k := kindOf(side); k != unclear {
				as = k
			}
		}
	case "&&", "||", "and", "or":
		return // a word alone is no condition: the checker says so
	}
	become(&n.Left, as)
	become(&n.Right, as)
}

// kindOf says what an operand is, as far as its form tells.
func kindOf(n ast.Node) kind {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return numeric
	case *ast.StringNode:
		return textual
	case *ast.ArrayNode:
		if len(n.Nodes) > 0 {
			return kindOf(n.Nodes[0])
		}
	case *ast.UnaryNode:
		return kindOf(n.Node)
	case *ast.BinaryNode:
		if strings.Contains("+ - * / % ** ^ ..", n.Operator) {
			return numeric
		}
	case *ast.CallNode:
		if name, ok := n.Callee.(*ast.IdentifierNode); ok && name.Value == "date" {
			return dated
		}
		return numeric
	case *ast.BuiltinNode:
		if slices.Contains([]string{"lower", "upper", "trim", "string"}, n.Name) {
			return textual
		}
		return numeric
	case *ast.IdentifierNode:
		switch {
		case n.Value == "imported_at":
			return dated
		case n.Value == "attempts":
			return numeric
		case slices.Contains(words, n.Value):
			return textual
		}
	}
	return unclear
}

// become makes a free field of a word.
func become(node *ast.Node, as kind) {
	word, ok := (*node).(*ast.IdentifierNode)
	if !ok || slices.Contains(words, word.Value) {
		return
	}
	var field ast.Node = &ast.MemberNode{Node: &ast.IdentifierNode{Value: "fields"}, Property: &ast.StringNode{Value: word.Value}}
	switch as {
	case numeric, dated:
		read := map[kind]string{numeric: "number", dated: "date"}[as]
		field = &ast.CallNode{Callee: &ast.IdentifierNode{Value: read}, Arguments: []ast.Node{field}}
	}
	at := word.Location()
	ast.Patch(node, field)
	(*node).SetLocation(at)
}

var dayForms = []string{time.DateOnly, time.RFC3339, time.DateTime, "02.01.2006", "02/01/2006", "2006-01-02T15:04:05"}

// readDay reads a day or a time as seconds since 1970; NaN if it is none.
func readDay(s string) float64 {
	for _, form := range dayForms {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil {
			return seconds(t)
		}
	}
	return math.NaN()
}

// filterFault is what is wrong with an expression.
type filterFault struct {
	At      int // character, from 0
	Problem string
	Instead string
}

func faultOf(err error) *filterFault {
	e := &filterFault{Problem: err.Error(), Instead: `a condition on the contact's fields: 'city == "Iași" && balance > 100'`}
	var at *file.Error
	if errors.As(err, &at) {
		e.At, e.Problem = at.From, at.Message
	}
	e.Problem, _, _ = strings.Cut(e.Problem, "\n")
	if word, found := strings.CutPrefix(e.Problem, "unknown name "); found {
		e.Problem = fmt.Sprintf("%q is neither a word that every contact has nor compared with anything", word)
		e.Instead = "compare it: " + word + ` == "yes"`
		if near := nearest(word, words); near != "" {
			e.Instead = "did you mean " + near + "?"
		}
	}
	return e
}
