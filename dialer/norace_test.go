//go:build !race

package dialer_test

// raceEnabled makes long tests short: the race detector is ten times slower.
const raceEnabled = false
