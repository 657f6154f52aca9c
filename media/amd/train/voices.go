package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	_ "embed"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

//go:embed phrases.txt
var phraseText string

// role of an utterance in an answer.
type role string

const (
	hello role = "hello" // a person of one or two words
	firm  role = "firm"  // a business greeting of up to 2.5 s
	desk  role = "desk"  // a longer one
	long  role = "long"  // a sentence of a machine's greeting
	brief role = "brief" // a machine's short greeting
	word  role = "word"  // a single word, to make greetings of
)

// utterance is one phrase said by one speaker, trimmed of silence.
type utterance struct {
	speaker, language, engine string
	role                      role
	pcm                       []float64 // 8 kHz, active level 0 dB
}

// speaker is one voice in one way of speaking.
type speaker struct {
	engine, language, name string
	command                []string // the phrase comes on standard input; -o FILE follows
}

var (
	firms = []string{"Delta Transport", "Auto Nova", "Hotel Central", "Omega", "Blue River", "Radio Taxi", "Electro Plus", "Acme", "Santé Clinic", "Bistro Verde", "Metro Foods", "Alfa Consulting", "Optik Weber", "Nord Service"}
	names = []string{"Maria", "Andrei", "Elena", "John", "Anna", "Thomas", "Sofia", "Victor", "Peter", "Julia", "Robert", "Nadia", "Carmen", "Daniel", "Eva", "Marek"}
)

// speakers draws the voices: for each language several espeak-ng variants with
// a pitch and a speed, and every voice of flite and festival that is installed.
func speakers(rng *rand.Rand, perLanguage int) []speaker {
	variants := []string{"", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+m8", "+f1", "+f2", "+f3", "+f4", "+f5", "+klatt", "+klatt3", "+klatt5", "+Alicia", "+Andrea", "+belinda", "+david", "+edward", "+linda", "+miguel", "+norbert", "+pablo", "+paul", "+rob", "+shelby", "+steph", "+victor", "+grandma", "+grandpa", "+caleb", "+john"}
	dialects := map[string][]string{"en": {"en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029"}, "es": {"es", "es-419"}, "pt": {"pt", "pt-br"}}
	var all []speaker
	for _, language := range languages() {
		for range perLanguage {
			voice := language
			if d := dialects[language]; d != nil {
				voice = d[rng.IntN(len(d))]
			}
			voice += variants[rng.IntN(len(variants))]
			pitch, speed := 25+rng.IntN(55), 135+rng.IntN(75)
			all = append(all, speaker{"espeak", language, fmt.Sprintf("espeak %s p%d s%d", voice, pitch, speed),
				[]string{"espeak-ng", "-v", voice, "-p", fmt.Sprint(pitch), "-s", fmt.Sprint(speed), "--stdin", "-w"}})
		}
	}
	for _, v := range []string{"kal", "awb", "rms", "slt", "kal16"} {
		stretch := fmt.Sprintf("duration_stretch=%.2f", 0.85+0.35*rng.Float64())
		all = append(all, speaker{"flite", "en", "flite " + v, []string{"flite", "-voice", v, "--setf", stretch, "-f", "/dev/stdin", "-o"}})
	}
	festival := map[string]string{"cmu_us_slt_arctic_hts": "en", "kal_diphone": "en", "ked_diphone": "en",
		"czech_dita": "cs", "czech_ph": "cs", "czech_krb": "cs", "czech_machac": "cs", "hy_fi_mv_diphone": "fi", "suo_fi_lj_diphone": "fi", "upc_ca_ona_hts": "ca", "msu_ru_nsh_clunits": "ru"}
	for _, v := range sortedKeys(festival) {
		all = append(all, speaker{"festival", festival[v], "festival " + v, []string{"text2wave", "-eval", "(voice_" + v + ")", "-o"}})
	}
	return all
}

// languages lists those of the phrases. French and Italian are not among them
// by decision: they stand for the unseen world.
func languages() (list []string) {
	seen := map[string]bool{}
	for _, p := range phrases() {
		if !seen[p.language] {
			seen[p.language] = true
			list = append(list, p.language)
		}
	}
	return list
}

type phrase struct {
	language string
	role     role
	text     string
}

func phrases() (list []phrase) {
	scan := bufio.NewScanner(strings.NewReader(phraseText))
	for scan.Scan() {
		if f := strings.SplitN(scan.Text(), " ", 3); len(f) == 3 && f[0] != "#" {
			list = append(list, phrase{f[0], role(f[1]), f[2]})
		}
	}
	return list
}

// say lets a speaker say the phrases of its language, each with names drawn.
// What the synthesiser can't say is left out.
// What is drawn depends on seed, speaker and phrase alone: a new phrase changes
// nothing that was said before.
func (s speaker) say(cache string, seed uint64) (said []utterance) {
	for _, p := range phrases() {
		if p.language != s.language {
			continue
		}
		rng := rand.New(rand.NewPCG(seed, hash(s.name+"|"+p.text)))
		text := strings.NewReplacer("{firm}", firms[rng.IntN(len(firms))], "{name}", names[rng.IntN(len(names))],
			"{number}", fmt.Sprintf("%d %d %d", rng.IntN(10), rng.IntN(100), rng.IntN(100))).Replace(p.text)
		if s.engine == "espeak" && s.language == "en" && rng.IntN(3) == 0 {
			continue // English has most phrases
		}
		wav, err := s.synthesise(cache, text)
		if err != nil {
			fmt.Fprintln(os.Stderr, s.name+": "+err.Error())
			continue
		}
		pcm, err := readWAV(wav)
		if pcm = trim(pcm); err != nil || len(pcm) < rate/8 {
			continue
		}
		said = append(said, utterance{s.name, s.language, s.engine, p.role, pcm})
	}
	return said
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, s) // a hash takes everything
	return h.Sum64()
}

// encode brings a text to what the synthesiser reads: festival's Czech voices
// take UTF-8 for so many strange letters, and spell them out.
func (s speaker) encode(text string) string {
	if s.engine != "festival" || s.language != "cs" {
		return text
	}
	coded, err := charmap.ISO8859_2.NewEncoder().String(text)
	if err != nil {
		return text
	}
	return coded
}

// synthesise gives the WAV of a text, from the cache if it was said before.
func (s speaker) synthesise(cache, text string) ([]byte, error) {
	sum := sha1.Sum([]byte(strings.Join(s.command, "|") + "|" + s.encode(text)))
	path := filepath.Join(cache, fmt.Sprintf("%x.wav", sum[:10]))
	if data, err := os.ReadFile(path); err == nil {
		return data, nil
	}
	command := exec.CommandContext(context.Background(), s.command[0], append(s.command[1:], path)...)
	command.Stdin = strings.NewReader(s.encode(text))
	var talk bytes.Buffer
	command.Stderr = &talk
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%w: %.200s", err, talk.String())
	}
	return os.ReadFile(path)
}
