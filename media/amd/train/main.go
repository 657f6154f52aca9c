// Command train makes the answer detector's model: it lets synthesisers speak,
// reads Debian's recorded prompts, assembles answers of people and machines
// from them by a seed, measures them with the detector's own ear, fits the
// classifier, and proves it on speakers and languages that it hasn't seen.
//
//	apt-get install espeak-ng flite festival sox asterisk-core-sounds-{en,es,ru}-gsm
//	go run ./media/amd/train -out media/amd/model.txt
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"apel/media/amd"
	"apel/media/amd/evaluate"
)

type options struct {
	out, cache, write string
	people            string
	dump              string
	seed              uint64
	answers, folds    int
	speakers, trees   int
	workers, epochs   int
	languages         bool
	rate, vary        float64
	unseen, talkOff   bool
	judge             bool
	keyPieces, beeps  int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "train: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	flags.StringVar(&o.out, "out", "", "write the model to this `file`")
	flags.StringVar(&o.cache, "cache", filepath.Join(os.TempDir(), "amd-voices"), "keep synthesised speech in this `folder`")
	flags.StringVar(&o.people, "people", "", "learn also from people who recorded games and pictures, whose packages are unpacked in this `folder`")
	flags.StringVar(&o.write, "write", "", "write labelled answers to this `folder` and fit nothing")
	flags.StringVar(&o.dump, "dump", "", "write the moments of the cross-validation to this `file`")
	flags.Uint64Var(&o.seed, "seed", 1, "of everything that is drawn")
	flags.IntVar(&o.answers, "answers", 20000, "to assemble")
	flags.IntVar(&o.speakers, "speakers", 18, "drawn of espeak-ng for each language")
	flags.IntVar(&o.folds, "folds", 2, "of cross-validation by voice and language")
	flags.IntVar(&o.trees, "trees", 220, "of the model")
	flags.IntVar(&o.epochs, "epochs", 6, "of the network")
	flags.Float64Var(&o.rate, "rate", 0.012, "of the network's steps at the beginning")
	flags.Float64Var(&o.vary, "vary", 0.2, "how much the network hears a voice as another each time")
	flags.IntVar(&o.workers, "workers", 2, "at a time")
	flags.BoolVar(&o.languages, "languages", false, "also leave out one language after the other")
	flags.BoolVar(&o.talkOff, "talkoff", false, "fit nothing: count the beeps and tones heard where there are none")
	flags.IntVar(&o.keyPieces, "keys", 1350, "pieces of eight seconds of keys pressed that -talkoff hears")
	flags.IntVar(&o.beeps, "beeps", 0, "fit nothing: of this `many` answers, count the beeps that are found, and those heard where there are none")
	flags.BoolVar(&o.judge, "judge", false, "fit nothing: evaluate the built-in model on the answers it is made from")
	flags.BoolVar(&o.unseen, "unseen", false, "fit nothing: evaluate the built-in model on the French and Italian sounds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := os.MkdirAll(o.cache, 0o755); err != nil {
		return err
	}
	voices, err := gather(ctx, o, out)
	if err != nil {
		return err
	}
	switch {
	case o.talkOff:
		return talkOff(o, voices, out)
	case o.beeps > 0:
		countBeeps(ctx, o, voices, out)
		return ctx.Err()
	}
	answers := o.assembleAll(ctx, voices)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case o.write != "":
		return writeAnswers(o.write, answers)
	case o.judge:
		fmt.Fprint(out, evaluate.Summarise(outcomes(o, answers, amd.Settings{})))
		return nil
	case o.unseen:
		fmt.Fprintf(out, "with listen-on 4 s, as campaigns have it:\n%s", evaluate.Summarise(outcomes(o, answers, amd.Settings{ListenOn: 4 * time.Second})))
		fmt.Fprintf(out, "strict:\n%s", compare(o, answers, amd.Settings{}))
		return nil
	}
	return fitAndProve(ctx, o, answers, out)
}

// gather lets all voices speak and sorts what they said by speaker.
func gather(ctx context.Context, o options, out io.Writer) ([]voice, error) {
	var said []utterance
	packages := trainSounds
	if o.unseen {
		packages = unseenSounds
	}
	for _, p := range packages {
		u, err := recorded(p, o.cache)
		if err != nil {
			return nil, err
		}
		said = append(said, u...)
	}
	if !o.unseen && o.people != "" {
		u, err := people(o)
		if err != nil {
			return nil, err
		}
		said = append(said, u...)
	}
	if !o.unseen {
		all := speakers(rand.New(rand.NewPCG(o.seed, 2)), o.speakers)
		spoken := make([][]utterance, len(all))
		parallel(o.workers, len(all), func(i int) {
			if ctx.Err() == nil {
				spoken[i] = all[i].say(o.cache, o.seed)
			}
		})
		said = append(said, slices.Concat(spoken...)...)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	var voices []voice
	index := map[string]int{}
	for _, u := range said {
		i, ok := index[u.speaker]
		if !ok {
			i = len(voices)
			index[u.speaker] = i
			voices = append(voices, voice{u.speaker, u.language, u.engine, map[role][]utterance{}})
		}
		voices[i].said[u.role] = append(voices[i].said[u.role], u)
	}
	fmt.Fprintf(out, "%d utterances of %d voices\n", len(said), len(voices))
	return voices, nil
}

// mix of the kinds of answers, in per cent.
type mix []struct {
	kind  role
	share int
}

// What is learned from has more people who talk on than what the built-in model
// is measured on: they are the hardest to tell from machines.
var (
	measured = mix{{hello, 31}, {firm, 21}, {desk, 5}, {long, 24}, {brief, 19}}
	learned  = mix{{hello, 27}, {firm, 21}, {desk, 10}, {long, 24}, {brief, 18}}
)

// assembleAll assembles the answers; recorded voices are drawn more often than
// their number, because they are people.
func (o options) assembleAll(ctx context.Context, voices []voice) []answer {
	answers, kinds := make([]answer, o.answers), learned
	if o.unseen || o.judge || o.write != "" {
		kinds = measured
	}
	parallel(o.workers, len(answers), func(i int) {
		rng := rand.New(rand.NewPCG(o.seed, uint64(i)+1000))
		for ok := false; !ok && ctx.Err() == nil; {
			answers[i], ok = assemble(rng, draw(rng, voices), kinds.draw(rng), !o.unseen)
		}
	})
	return answers
}

// The shares in which voices of each kind answer.
var (
	shares           = []string{"recorded", "recorded", "recorded", "recorded", "espeak", "espeak", "espeak", "espeak", "flite", "festival"}
	sharesWithPeople = []string{"recorded", "recorded", "recorded", "recorded", "people", "people", "people", "espeak", "espeak", "flite", "festival"}
)

func draw(rng *rand.Rand, voices []voice) voice {
	engines := shares
	if slices.ContainsFunc(voices, func(v voice) bool { return v.engine == "people" }) {
		engines = sharesWithPeople
	}
	engine := engines[rng.IntN(len(engines))]
	var pool []voice
	for _, v := range voices {
		if v.engine == engine {
			pool = append(pool, v)
		}
	}
	if len(pool) == 0 {
		pool = voices
	}
	return pool[rng.IntN(len(pool))]
}

func (x mix) draw(rng *rand.Rand) role {
	n := rng.IntN(100)
	for _, m := range x {
		if n -= m.share; n < 0 {
			return m.kind
		}
	}
	return hello
}
