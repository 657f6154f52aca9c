package world

import (
	"flag"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"apel/pacing"
)

// The tables of pacing/README.md: go test ./pacing/world -run Tables -tables . -seeds 12 -timeout 0 -v
var (
	tables     = flag.String("tables", "", "print the tables whose names match this expression")
	seeds      = flag.Int("seeds", 12, "shifts a cell")
	first      = flag.Int("first", 1, "seed of the first shift of a cell")
	teams      = flag.String("teams", "", "teams instead of each table's own")
	causeSeeds = flag.Int("cause-seeds", 0, "shifts for each cause taken away, all causes; 0: one shift, the restrictions only")
	policy     = flag.String("policy", "predictive", "policy of the tables")
)

type table struct {
	name  string
	teams []int
	c     Config
}

var common = []int{5, 10, 25, 50}

func every() []table {
	t := []table{{"plain", []int{1, 3, 5, 10, 25, 50}, Config{}}, {"large", []int{100, 200}, Config{}}, {"huge", []int{500}, Config{}}}
	for _, sd := range []float64{.12, .20, .28} {
		t = append(t, table{fmt.Sprintf("exact %.2f", sd), common, Config{AnswerSpread: sd, Prediction: Exact}})
	}
	t = append(t, table{"choose 50, exact 0.28", common, Config{AnswerSpread: .28, Prediction: Exact, Choose: 50}},
		table{"choose 5, exact 0.28", common, Config{AnswerSpread: .28, Prediction: Exact, Choose: 5}},
		table{"learned 0.28", common, Config{AnswerSpread: .28, Prediction: Learned}},
		table{"none 0.28", common, Config{AnswerSpread: .28}},
		table{"rings differ", []int{5, 10, 25}, Config{Rings: Rings{People: 10 * time.Second, Machines: 20 * time.Second}}},
		table{"told wrap-up", []int{5, 10, 25}, Config{ToldWrap: true}},
		table{"two hours", []int{5, 10, 25}, Config{Hours: 2}},
		table{"memoryless", []int{25}, Config{WrapCV: 1}})
	for name, c := range foreign() {
		t = append(t, table{"world: " + name, []int{2, 10, 50}, c})
	}
	return t
}

func foreign() map[string]Config {
	return map[string]Config{
		"5 % answer":        {AnswerRate: .05},
		"70 % answer":       {AnswerRate: .7, MachineRate: .1, NoAnswerRate: .15},
		"talk 20 s":         {Talk: 20 * time.Second},
		"talk 10 min":       {Talk: 10 * time.Minute},
		"heavy talks":       {TalkCV: 2.5},
		"light talks":       {TalkCV: .3},
		"machines late":     {Rings: Rings{Machines: 25 * time.Second}},
		"machines at once":  {Rings: Rings{Machines: 2 * time.Second}},
		"operators differ":  {OperatorSpread: .4},
		"set-up 3 s":        {SetUp: 3 * time.Second},
		"no-answers vanish": {Rings: Rings{NoAnswer: 15 * time.Second}},
	}
}

func TestTables(t *testing.T) {
	if *tables == "" {
		t.Skip("prints the tables with -tables .")
	}
	want := regexp.MustCompile(*tables)
	for _, tb := range every() {
		if !want.MatchString(tb.name) {
			continue
		}
		for _, n := range chosen(tb.teams) {
			printCell(tb, n)
		}
	}
}

// chosen are the teams of the flag, or a table's own.
func chosen(own []int) []int {
	if *teams == "" {
		return own
	}
	own = nil
	for _, w := range strings.Fields(*teams) {
		n, _ := strconv.Atoi(w)
		own = append(own, n)
	}
	return own
}

// many are n shifts, as many at once as there are processors.
func many(n int, shift func(i int) Result) []Result {
	rs, next := make([]Result, n), make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				rs[i] = shift(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return rs
}

func printCell(tb table, n int) {
	start := time.Now()
	rs := many(*seeds, func(i int) Result {
		c := tb.c
		c.Operators, c.Seed = n, uint64(*first+i)
		s := pacing.Settings{MaxAbandonment: .03, Debt: *debt, Ratio: 2}
		return Run(c, *policy, PolicyFor(*policy, s))
	})
	s := Summarise(rs, .03)
	printTenths(rs)
	fmt.Printf("| %s | %d | %.4f ± %.4f | %.4f | %.4f | %d of %d | meanwhile %.2f %% | skill %.2f | %v\n", tb.name, n, s.Occupancy.Mean, s.Occupancy.Error,
		s.Abandonment.Mean, s.Abandonment.Most, s.Over, s.Shifts, 100*meanwhile(rs), rs[0].Brier, time.Since(start).Round(10*time.Millisecond))
}

// meanwhile is the share of the minutes at whose end the window stood over the
// cap, all shifts together.
func meanwhile(rs []Result) float64 {
	over, all := 0, 0
	for i := range rs {
		for _, m := range rs[i].Timeline {
			all++
			if float64(m.Abandoned) > .03*float64(m.Live)+1e-9 {
				over++
			}
		}
	}
	return float64(over) / float64(max(all, 1))
}

// printTenths shows what was told of contacts beside what came, by tenths of
// the chance told, all shifts together.
func printTenths(rs []Result) {
	var sums [10]struct{ n, told, came float64 }
	for i := range rs {
		for _, t := range rs[i].Tenths {
			x, n := &sums[min(int(t.Predicted*10), 9)], float64(t.Calls)
			x.n, x.told, x.came = x.n+n, x.told+n*t.Predicted, x.came+n*t.Answered
		}
	}
	for _, x := range sums {
		if x.n > 0 {
			fmt.Printf("  %5.0f calls told %.3f, answered %.3f\n", x.n, x.told/x.n, x.came/x.n)
		}
	}
}

func TestCompareTable(t *testing.T) {
	if *tables == "" {
		t.Skip("prints the comparison with -tables .")
	}
	for _, n := range []int{3, 5, 10, 25, 50} {
		for _, name := range []string{"preview", "progressive", "power", "predictive", "adaptive", "adaptive-hard"} {
			*policy = name
			printCell(table{name: "compare " + name}, n)
		}
	}
}
