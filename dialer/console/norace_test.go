//go:build !race

package console

// raceEnabled leaves the browser's shift to a run without the race detector:
// sound is lost when encoding it takes longer than it lasts.
const raceEnabled = false
