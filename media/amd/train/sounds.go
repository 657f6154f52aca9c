package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// soundsRoot is where Debian's asterisk-core-sounds packages put their files.
const soundsRoot = "/usr/share/asterisk/sounds"

// The languages of the packages: for training, and for the final evaluation alone.
var (
	trainSounds  = []string{"en", "es", "es-co", "ru"}
	unseenSounds = []string{"fr", "it"}
)

// recorded reads a package: single words are answers of people and parts of
// business greetings, sentences are what machines say. The English transcript
// says how many words a file has; the same names are in every language.
func recorded(language, cache string) ([]utterance, error) {
	words, err := transcript()
	if err != nil {
		return nil, err
	}
	pattern, source := language+"_*_*_*", "asterisk-core-sounds-"+language+"-gsm"
	if language == "es-co" { // another speaker, in a package of its own
		pattern, source, language = "es", "asterisk-prompt-es-co", "es"
	}
	folders, _ := filepath.Glob(filepath.Join(soundsRoot, pattern))
	if len(folders) == 0 {
		return nil, fmt.Errorf("no sounds in %s for %s; apt-get install %s", soundsRoot, language, source)
	}
	root := folders[0]
	files, err := filepath.Glob(filepath.Join(root, "*.gsm"))
	for _, sub := range []string{"digits", "letters", "phonetic", "followme", "dictate"} {
		more, _ := filepath.Glob(filepath.Join(root, sub, "*.gsm"))
		files = append(files, more...)
	}
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no sounds in %s; apt-get install %s", root, source)
	}
	var said []utterance
	for _, f := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(f, root+"/"), ".gsm")
		r := roleOf(name, words[name])
		if r == "" {
			continue
		}
		pcm, err := decode(f, cache)
		if err != nil {
			return nil, err
		}
		if pcm = trim(pcm); len(pcm) < rate/8 {
			continue
		}
		said = append(said, utterance{filepath.Base(root), language, "recorded", fit(r, len(pcm)), pcm})
	}
	return said, nil
}

func roleOf(name string, words int) role {
	switch {
	case strings.HasPrefix(name, "letters/ascii"), strings.Contains(name, "tone"), strings.HasPrefix(name, "beep"), strings.HasPrefix(name, "silence"), strings.HasPrefix(name, "tt-"), strings.HasPrefix(name, "confbridge-join"), strings.HasPrefix(name, "confbridge-leave"):
		return ""
	case name == "hello" || name == "goodbye" || name == "vm-goodbye":
		return hello
	case words >= 5:
		return long
	case words >= 3:
		return brief
	case words > 0 || strings.Contains(name, "/"):
		return word
	}
	return ""
}

// fit corrects a role by how long the utterance turned out in its language.
func fit(r role, samples int) role {
	switch {
	case r == word && samples > rate*12/10:
		return brief
	case r == brief && samples < rate*8/10:
		return word
	case r == long && samples < rate*15/10:
		return brief
	}
	return r
}

// transcript counts the words of each file of the English package.
func transcript() (map[string]int, error) {
	f, err := os.Open("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
	if err != nil {
		return nil, errors.New("no transcript of the sounds; apt-get install asterisk-core-sounds-en-gsm")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	words := map[string]int{}
	scan := bufio.NewScanner(z)
	for scan.Scan() {
		if name, text, ok := strings.Cut(scan.Text(), ":"); ok && !strings.HasPrefix(strings.TrimSpace(text), "[") {
			words[name] = len(strings.Fields(text))
		}
	}
	return words, scan.Err()
}

// decode gives a sound of any format, of one channel at 8 kHz, by sox.
func decode(path, cache string) ([]float64, error) {
	out := filepath.Join(cache, strings.ReplaceAll(strings.TrimSuffix(path, ".gsm"), "/", "_")+".wav")
	data, err := os.ReadFile(out)
	if err != nil {
		if err := exec.Command("sox", path, "-r", "8000", "-c", "1", "-b", "16", "-e", "signed", out).Run(); err != nil {
			return nil, fmt.Errorf("sox %s: %w", path, err)
		}
		if data, err = os.ReadFile(out); err != nil {
			return nil, err
		}
	}
	return readWAV(data)
}
