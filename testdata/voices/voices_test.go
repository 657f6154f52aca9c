package voices

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEveryClipIsShortTelephoneSound(t *testing.T) {
	for _, name := range Names() {
		ulaw, err := Ulaw(name)
		if err != nil {
			t.Fatal(err)
		}
		length := time.Duration(len(ulaw)) * time.Second / 8000
		if length < 200*time.Millisecond || length > 10*time.Second {
			t.Errorf("%s lasts %v", name, length)
		}
		wav, err := files.ReadFile(name + ".wav")
		if err != nil {
			t.Fatal(err)
		}
		// Format 7 (mu-law), 1 channel, 8,000 Hz.
		if got := wav[20:28]; string(got) != "\x07\x00\x01\x00\x40\x1f\x00\x00" {
			t.Errorf("%s has format % x", name, got)
		}
	}
}

func TestEachUseHasSeveralVoicesInBothLanguages(t *testing.T) {
	count := map[string]int{}
	for _, name := range Names() {
		lang, rest, _ := strings.Cut(name, "-")
		use, _, _ := strings.Cut(rest, "-")
		count[lang+"-"+use]++
	}
	want := map[string]int{"hello": 6, "phrase": 4, "business": 2, "short": 2, "long": 2, "announce": 1, "talk": 4, "operator": 3, "abandoned": 1}
	for use, least := range want {
		for _, lang := range []string{"en", "ro"} {
			if got := count[lang+"-"+use]; got < least {
				t.Errorf("%s-%s has %d clips, want at least %d", lang, use, got, least)
			}
		}
	}
}

func TestAllClipsTogetherStaySmall(t *testing.T) {
	paths, err := filepath.Glob("*.wav")
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	if sum > 1_500_000 {
		t.Errorf("the clips take %d bytes", sum)
	}
}
