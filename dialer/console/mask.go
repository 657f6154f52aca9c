package console

import "regexp"

// A number in E.164 wherever it stands in an answer, with the key before it if
// it is a value. Zone offsets have fewer digits.
var number = regexp.MustCompile(`("caller_id":")?\+\d{7,15}`)

// maskNumbers leaves of each phone number in an answer what tells its country,
// and its last three digits. Our own numbers, which callees see, stay.
func maskNumbers(body []byte) []byte {
	return number.ReplaceAllFunc(body, func(found []byte) []byte {
		if found[0] == '"' {
			return found
		}
		out := append([]byte(nil), found...)
		for i := 3; i < len(out)-3; i++ {
			out[i] = '*'
		}
		return out
	})
}

// Masked is one number as this caller may see it.
func (c *Caller) Masked(phone string) string {
	if c.SeesNumbers() {
		return phone
	}
	return string(maskNumbers([]byte(phone)))
}
