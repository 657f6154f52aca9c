package main

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// collection is a Debian package of what people recorded for games and for
// children to learn from. Nobody wrote down who said which: a file's path tells
// its language or its part, and whoever speaks that counts as one.
type collection struct {
	source, root string         // the package, and its sounds below /usr/share
	files        *regexp.Regexp // of paths below root; its groups name the speaker, the first its language
	languages    map[string]string
}

// French and Italian are in none of them, nor what is nearly French.
var collections = []collection{
	{"tuxpaint-stamps-default", "tuxpaint/stamps", regexp.MustCompile(`_desc_(be|bg|ca|da|el|es|ro|ru)\.ogg$`), nil},
	{"fillets-ng-data-cs", "games/fillets-ng/sound", regexp.MustCompile(`/(cs)/[a-z0-9]+-(m|v)-[^/]*\.ogg$`), nil},
	{"fillets-ng-data-nl", "games/fillets-ng/sound", regexp.MustCompile(`/(nl)/[a-z0-9]+-(m|v)-[^/]*\.ogg$`), nil},
	{"ktuberling-data", "ktuberling/sounds", regexp.MustCompile(`^(da|lt)/[^/]*\.ogg$`), nil},
	{"hedgewars-data", "games/hedgewars/Data/Sounds/voices", regexp.MustCompile(`^(British|Default|HillBilly|Mobster|Pirate|Russian_pl|Singer)/[^/]*\.ogg$`),
		map[string]string{"Russian_pl": "pl"}},
}

// leastOf is how many words, and how many sentences, a voice must have: it has to
// speak as people and as machines, or it would be a hint.
const leastOf = 5

// people reads the collections in a folder, / when the packages are installed.
func people(o options) ([]utterance, error) {
	var said []utterance
	for _, c := range collections {
		root := filepath.Join(o.people, "usr/share", c.root)
		files, err := filesBelow(root)
		if err != nil {
			return nil, fmt.Errorf("no sounds in %s: %w; apt-get install %s", root, err, c.source)
		}
		found := make([][]utterance, len(files))
		errs := make([]error, len(files))
		parallel(o.workers, len(files), func(i int) {
			name, language := c.speaker(files[i])
			if name == "" {
				return
			}
			pcm, err := decode(filepath.Join(root, files[i]), o.cache)
			errs[i] = err
			for _, u := range spokenIn(pcm) {
				found[i] = append(found[i], utterance{name, language, "people", u.role, u.pcm})
			}
		})
		for i, err := range errs {
			if err != nil {
				return nil, err
			}
			said = append(said, found[i]...)
		}
	}
	return ofBothRoles(said), nil
}

// ofBothRoles leaves out the voices with too few words or sentences.
func ofBothRoles(said []utterance) []utterance {
	words, sentences := map[string]int{}, map[string]int{}
	for _, u := range said {
		switch u.role {
		case word:
			words[u.speaker]++
		case long:
			sentences[u.speaker]++
		}
	}
	return slices.DeleteFunc(said, func(u utterance) bool {
		return words[u.speaker] < leastOf || sentences[u.speaker] < leastOf
	})
}

// sources names the packages.
func sources() (list []string) {
	for _, c := range collections {
		if !slices.Contains(list, c.source) {
			list = append(list, c.source)
		}
	}
	return list
}

// speaker of a file below the root; none if the file isn't of the collection.
func (c collection) speaker(path string) (name, language string) {
	part := c.files.FindStringSubmatch(path)
	if part == nil {
		return "", ""
	}
	language = part[1]
	if l, ok := c.languages[part[1]]; ok {
		language = l
	} else if c.languages != nil {
		language = "en"
	}
	return strings.Join(append([]string{c.source}, part[1:]...), " "), language
}

func filesBelow(root string) (list []string, err error) {
	err = fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	return list, err
}

// spokenIn takes a recording apart: what is said as a whole, by its length a
// word or a sentence, and its words between pauses, as such. What is quiet is
// measured by the noise of the recording; clicks are cut off.
func spokenIn(x []float64) (said []utterance) {
	const (
		frame = rate / 100
		joins = 15 // frames of quiet that don't part two words
		click = 8  // frames that make no word
	)
	powers := make([]float64, len(x)/frame)
	for i := range powers {
		for _, v := range x[i*frame : (i+1)*frame] {
			powers[i] += v * v / frame
		}
	}
	if len(powers) < click {
		return nil
	}
	sorted := slices.Sorted(slices.Values(powers))
	loud, quiet := sorted[len(sorted)*95/100], sorted[len(sorted)/20]
	bound := math.Max(loud/2000, 4*math.Min(quiet, loud/100))
	var runs [][2]int
	for i, p := range powers {
		switch last := len(runs) - 1; {
		case p <= bound:
		case last >= 0 && i-runs[last][1] <= joins:
			runs[last][1] = i + 1
		default:
			runs = append(runs, [2]int{i, i + 1})
		}
	}
	runs = slices.DeleteFunc(runs, func(r [2]int) bool { return r[1]-r[0] < click })
	if len(runs) == 0 {
		return nil
	}
	part := func(from, to int, r role) {
		if pcm := trim(x[max(0, from-1)*frame : min(len(x), (to+1)*frame)]); len(pcm) >= rate/8 {
			said = append(said, utterance{role: r, pcm: pcm})
		}
	}
	whole := [2]int{runs[0][0], runs[len(runs)-1][1]}
	switch length := whole[1] - whole[0]; {
	case length >= 150:
		part(whole[0], whole[1], long)
	case length >= 120:
		part(whole[0], whole[1], brief)
	default:
		part(whole[0], whole[1], word)
		return said
	}
	for _, r := range runs {
		if r[1]-r[0] < 120 && len(runs) > 1 {
			part(r[0], r[1], word)
		}
	}
	return said
}
