//go:build !race

package simulate_test

// raceEnabled makes long tests short: the race detector is ten times slower.
const raceEnabled = false
