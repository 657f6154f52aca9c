package main

import (
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// scalar says how a setting of one value is read, and what it takes.
type scalar struct {
	takes string
	parse func(string) (any, error)
}

var scalars = map[reflect.Type]scalar{
	reflect.TypeFor[string]():  {"text", func(s string) (any, error) { return s, nil }},
	reflect.TypeFor[bool]():    {"true or false", func(s string) (any, error) { return parseBool(s) }},
	reflect.TypeFor[int]():     {"a whole number, for example 30", func(s string) (any, error) { return strconv.Atoi(s) }},
	reflect.TypeFor[float64](): {"a number, for example 2.5", func(s string) (any, error) { return parseNumber(s) }},
	reflect.TypeFor[time.Duration](): {"a duration with its unit, for example 30s or 5m",
		func(s string) (any, error) { return time.ParseDuration(s) }},
	reflect.TypeFor[keepFor]():   {"how many days to keep it, for example 90d, or 0 for ever", func(s string) (any, error) { return parseKeepFor(s) }},
	reflect.TypeFor[megabytes](): {"a size, for example 500MB or 2GB; 0 switches it off", func(s string) (any, error) { return parseMegabytes(s) }},
	reflect.TypeFor[portRange](): {"FIRST-LAST between 1024 and 65535, for example 16384-32766",
		func(s string) (any, error) { return parsePorts(s) }},
}

func parseBool(s string) (bool, error) {
	if s != "true" && s != "false" {
		return false, fmt.Errorf("%q is neither true nor false", s)
	}
	return s == "true", nil
}

// parseNumber refuses NaN and infinities, which no setting means.
func parseNumber(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && (v-v != 0) {
		err = fmt.Errorf("%q is no number", s)
	}
	return v, err
}

func (f *settingsFile) readScalar(n ast.Node, key string, into reflect.Value) error {
	kind := scalars[into.Type()]
	text, ok := scalarText(n)
	if !ok {
		return f.at(n, "%s takes %s", key, kind.takes)
	}
	v, err := kind.parse(text)
	if err != nil {
		return f.at(n, "%s takes %s, not %q", key, kind.takes, text)
	}
	into.Set(reflect.ValueOf(v))
	return nil
}

// scalarText is a value as it was written: 5060 and +40 are text where text is
// wanted.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}
