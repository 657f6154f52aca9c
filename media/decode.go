package media

import "bytes"

// DecodeWAV is ReadWAV for a file that is in memory, such as an embedded prompt.
func DecodeWAV(b []byte) ([][]int16, error) { return readWAV(bytes.NewReader(b), int64(len(b))) }
