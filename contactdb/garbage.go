package contactdb

import (
	"os"
	"runtime/debug"
)

// TuneGC is for a program that runs a store, at its beginning: the heap grows to
// three times what lives before garbage is collected, not to twice, unless the
// environment's GOGC says otherwise. While the collector runs it takes a fourth of
// the processors from who settles calls; of a store little lives in memory, so that
// half as many runs cost some tens of megabytes.
func TuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}
