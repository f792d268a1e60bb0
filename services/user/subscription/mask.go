package subscription

import "strings"

const (
	shownOfLong  = 4 // contract user.md 2.16
	shownOfShort = 1
)

// mask hides most of an address from who merely has a link: of the part before the @ four characters stay, of a short one
// just the first, of a single one none (contract user.md 8, defect 27). Text that is no address is hidden in the same way.
func mask(address string) string {
	local, domain := address, ""
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		local, domain = address[:at], address[at:]
	}
	characters := []rune(local)
	shown := min(shownOfShort, max(len(characters)-1, 0))
	if len(characters) > shownOfLong {
		shown = shownOfLong
	}
	return string(characters[:shown]) + strings.Repeat("*", len(characters)-shown) + domain
}
