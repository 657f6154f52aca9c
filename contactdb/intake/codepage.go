package intake

import "strings"

// In Windows-1250 and Latin-1 the same byte is often a letter of two different
// languages. Each byte below votes, by what stands beside it in the word.

// centralOnly are letters in Windows-1250 (ţ ł ą ś ż ź ť Ţ Ł Ą Ż ľ Ľ) and signs, or Icelandic, in Latin-1: within a word they can only be the former.
const centralOnly = "\xFE\xB3\xB9\x9C\xBF\x9F\x9D\x8D\x8F\xDE\xA3\xA5\xAF\xBE\xBC"

// westernOnly are å Å à À in Latin-1, and ĺ Ĺ ŕ Ŕ, which only Slovak has.
const westernOnly = "\xE5\xC5\xE0\xC0"

// centralCountries write in Windows-1250.
var centralCountries = " RO MD HU PL CZ SK HR SI BA ME RS AL "

// codePage decides between Windows-1250 and Latin-1 for text that is not UTF-8.
// Where the letters say nothing the country of the numbers does.
func codePage(sample []byte, country string) string {
	votes := 0 // positive: Central European
	for i, b := range sample {
		if b < 0x80 {
			continue
		}
		var before, after byte = ' ', ' '
		if i > 0 {
			before = sample[i-1]
		}
		if i+1 < len(sample) {
			after = sample[i+1]
		}
		votes += vote(before, b, after)
	}
	if votes > 0 || votes == 0 && country != "" && strings.Contains(centralCountries, " "+country+" ") {
		return win1250Name
	}
	return latin1Name
}

// vote is 1 for Windows-1250, -1 for Latin-1, 0 if both read well.
func vote(before, b, after byte) int {
	word := isLetterByte(before) || isLetterByte(after)
	switch {
	case strings.IndexByte(centralOnly, b) >= 0 && word:
		return 1
	case b == 0xBA || b == 0xAA: // ş Ş, but º ª at the end of Spanish nº, Mª
		if isLetterByte(after) {
			return 1
		}
	case strings.IndexByte(westernOnly, b) >= 0:
		return -1
	case b == 0xE3 || b == 0xC3: // ă, but ã in João, Magalhães
		return oneIf(!strings.ContainsRune("oeOE", rune(after)))
	case b == 0xF1 || b == 0xD1: // ñ stands before a vowel, ń does not
		return oneIf(!strings.ContainsRune("aeiouAEIOU", rune(after)))
	}
	return 0
}

func oneIf(central bool) int {
	if central {
		return 1
	}
	return -1
}

func isLetterByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0xC0
}
