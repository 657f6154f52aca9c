package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"apel/dialer"
	"apel/media/amd"
)

// inForce is the model of a data directory.
func inForce(t *testing.T, data string) *amd.Model {
	t.Helper()
	m, err := dialer.ReadModel(data)
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		m = amd.Builtin()
	}
	return m
}

func TestTheModelBeforeIsKeptAndComesBack(t *testing.T) {
	data := t.TempDir()
	a := &app{std: stdio{out: io.Discard, err: io.Discard}, flags: flags{data: data}}
	ids := []string{amd.Builtin().ID()}
	for range 2 {
		before := inForce(t, data)
		candidate := *before
		candidate.Base += 0.25
		id, err := a.adopt(&candidate, before)
		if err != nil {
			t.Fatal(err)
		}
		if now := inForce(t, data).ID(); now != id || now == before.ID() {
			t.Fatalf("model %s is in force, %s was adopted after %s", now, id, before.ID())
		}
		ids = append(ids, id)
	}
	for i := len(ids) - 2; i >= 0; i-- {
		if err := a.goBack(); err != nil {
			t.Fatal(err)
		}
		if now := inForce(t, data).ID(); now != ids[i] {
			t.Errorf("model %s is in force after going back, want %s", now, ids[i])
		}
	}
	if err := a.goBack(); err == nil {
		t.Error("there was something before the built-in model")
	}
	if left, _ := filepath.Glob(filepath.Join(data, "detector", ".model-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(dialer.ModelFile(data)); err == nil {
		t.Error("the file of an adopted model is still there")
	}
}
