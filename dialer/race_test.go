//go:build race

package dialer_test

const raceEnabled = true
