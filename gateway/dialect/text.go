package dialect

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

func appendLabel(out []byte, name string) []byte { return append(appendText(out, name), ':') }

// appendText writes a JSON string. Whatever the text holds, the result is valid JSON and valid UTF-8; the line separators
// U+2028 and U+2029 are escaped because old scripts may not have them in string literals.
func appendText(out []byte, text string) []byte {
	out = append(out, '"')
	plain := 0 // where the part begins that needs no change
	for at := 0; at < len(text); {
		size, escape := examine(text[at:])
		if escape {
			out = append(out, text[plain:at]...)
			out = appendEscaped(out, text[at:at+size])
			plain = at + size
		}
		at += size
	}
	out = append(out, text[plain:]...)
	return append(out, '"')
}

// examine tells how long the first character is and whether it cannot stand as it is.
func examine(text string) (size int, escape bool) {
	first := text[0]
	if first < utf8.RuneSelf {
		return 1, first < ' ' || first == '"' || first == '\\' || first == 0x7f
	}
	character, size := utf8.DecodeRuneInString(text)
	isBroken := character == utf8.RuneError && size == 1
	return size, isBroken || character == '\u2028' || character == '\u2029'
}

func appendEscaped(out []byte, character string) []byte {
	switch character {
	case `"`, `\`:
		return append(out, '\\', character[0])
	case "\n":
		return append(out, `\n`...)
	case "\r":
		return append(out, `\r`...)
	case "\t":
		return append(out, `\t`...)
	case "\u2028":
		return append(out, `\u2028`...)
	case "\u2029":
		return append(out, `\u2029`...)
	}
	if first := character[0]; first < utf8.RuneSelf {
		return append(out, '\\', 'u', '0', '0', hexDigits[first>>4], hexDigits[first&0xf])
	}
	return append(out, `\ufffd`...)
}
