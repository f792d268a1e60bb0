package limit

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// ChangePassword is per account: who holds a session that is not his must not guess the password (contract user.md 8,
// defect 7).
func ChangePassword() Rule { return Rule{Name: "change-my-password", Most: 20, Window: time.Hour} }

// ChangePasswordByAddress is per client address.
func ChangePasswordByAddress() Rule {
	return Rule{Name: "change-my-password-address", Most: 60, Window: time.Hour}
}

// ResetPassword is per user name as it was sent (contract user.md 1.6).
func ResetPassword() Rule { return Rule{Name: "reset-password", Most: 5, Window: time.Hour} }

// ResetPasswordByAddress is per client address (contract user.md 8, defect 8).
func ResetPasswordByAddress() Rule {
	return Rule{Name: "reset-password-address", Most: 60, Window: time.Hour}
}

// SetNewPassword is of wrong codes, per user name as it was sent (contract user.md 8, defect 7).
func SetNewPassword() Rule { return Rule{Name: "set-new-password", Most: 20, Window: time.Hour} }

// SetNewPasswordByAddress is per client address.
func SetNewPasswordByAddress() Rule {
	return Rule{Name: "set-new-password-address", Most: 60, Window: time.Hour}
}

// ForgotUsername is per e-mail address without case (contract user.md 8, defect 7).
func ForgotUsername() Rule { return Rule{Name: "forgot-username", Most: 20, Window: time.Hour} }

// ForgotUsernameByAddress is per client address.
func ForgotUsernameByAddress() Rule {
	return Rule{Name: "forgot-username-address", Most: 20, Window: time.Hour}
}

// Typed is the subject for what a customer typed, of any length and with any characters: its hash, so that the counters
// know no names.
func Typed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}
