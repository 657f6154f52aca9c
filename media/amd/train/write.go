package main

import (
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
)

// writeAnswers writes WAV files and the labels file that apel detect --evaluate reads.
func writeAnswers(folder string, answers []answer) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "labels.csv"))
	if err != nil {
		return err
	}
	labels := csv.NewWriter(f)
	_ = labels.Write([]string{"file", "kind", "group", "spoke_until_ms", "beep_ms"}) // Error tells, at the end
	for i, a := range answers {
		name := fmt.Sprintf("%05d-%s.wav", i, a.kind)
		c := clip(a)
		_ = labels.Write([]string{name, string(c.Kind), c.Group, fmt.Sprint(c.SpokeUntil.Milliseconds()), fmt.Sprint(int(a.beepEnd * 1000))})
		if err := os.WriteFile(filepath.Join(folder, name), wavFile(a.pcm), 0o644); err != nil {
			return err
		}
	}
	labels.Flush()
	if err := labels.Error(); err != nil {
		return err
	}
	return f.Close()
}

func wavFile(pcm []int16) []byte {
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, uint32(36+2*len(pcm)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(pcm)))
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}
