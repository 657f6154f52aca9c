// Package voices holds synthesised speech for callees, operators and the
// abandonment message: 8 kHz mono mu-law WAV, in English and Romanian, made by
// make.sh. A clip's name is language-use-voice, such as "en-hello-anna".
package voices

import (
	"embed"
	"encoding/binary"
	"fmt"
	"strings"
)

//go:embed *.wav
var files embed.FS

// Names lists the clips, sorted.
func Names() []string {
	entries, _ := files.ReadDir(".") // the embedded root always reads
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".wav")
	}
	return names
}

// Ulaw gives a clip's samples as they are in the file: mu-law, 8 kHz.
func Ulaw(name string) ([]byte, error) {
	wav, err := files.ReadFile(name + ".wav")
	if err != nil {
		return nil, err
	}
	for at := 12; at+8 <= len(wav); {
		size := int(binary.LittleEndian.Uint32(wav[at+4:]))
		if string(wav[at:at+4]) == "data" {
			return wav[at+8 : at+8+size], nil
		}
		at += 8 + size + size%2
	}
	return nil, fmt.Errorf("clip %s has no samples", name)
}
