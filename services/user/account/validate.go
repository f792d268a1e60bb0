package account

import (
	"regexp"
	"strings"
	"unicode/utf8"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
)

// Lengths count characters (contract user.md 1.9).
const (
	longestFirstName = 30
	longestLastName  = 150
	longestUsername  = 150
	shortestUsername = 6
	longestEmail     = 254
	longestPassword  = 150
	shortestPassword = 8
)

// The field names of user.v1.FieldViolation.
const (
	fieldFirstName = "first_name"
	fieldLastName  = "last_name"
	fieldUsername  = "username"
	fieldEmail     = "email"
	fieldPassword  = "password"
)

// Go's $ does not match before a final newline, which the old shop let pass (contract user.md 8, defect 23).
var (
	nameForm     = regexp.MustCompile(`^[A-Za-z0-9 ]*$`)
	usernameForm = regexp.MustCompile(`^[a-zA-Z0-9_-]*$`)
	emailForm    = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9_.+-]*[a-zA-Z0-9])?@(([a-zA-Z0-9-])+\.)+([a-zA-Z0-9]{2,4})+$`)
)

const specialCharacters = "!@#$%^&*()~{}[]"

// check collects the broken rules of one field, in the order in which they are tried.
type check struct {
	field  string
	broken []*userv1.FieldViolation
}

func (c *check) refuse(when bool, code, description string) {
	if when {
		c.broken = append(c.broken, &userv1.FieldViolation{Field: c.field, Code: code, Description: description})
	}
}

// validateForm gives the broken rules in the order of contract user.md 1.9. Whether the user name is free is asked
// elsewhere.
func validateForm(form *userv1.CreateAccountRequest) []*userv1.FieldViolation {
	var broken []*userv1.FieldViolation
	broken = append(broken, validateName(fieldFirstName, form.GetFirstName(), longestFirstName)...)
	broken = append(broken, validateName(fieldLastName, form.GetLastName(), longestLastName)...)
	broken = append(broken, validateUsername(form.GetUsername())...)
	broken = append(broken, validateEmail(form.GetEmail())...)
	return append(broken, validatePassword(form.GetPassword(), form.GetConfirmPassword())...)
}

func validateName(field, name string, longest int) []*userv1.FieldViolation {
	c := check{field: field}
	c.refuse(name == "", "required", "Please fill this in.")
	c.refuse(!nameForm.MatchString(name), "not_valid", "Only the letters A to Z, digits and blanks can be used here.")
	c.refuse(utf8.RuneCountInString(name) > longest, "too_many_chars", "This is too long.")
	return c.broken
}

func validateUsername(username string) []*userv1.FieldViolation {
	c := check{field: fieldUsername}
	if username == "" {
		c.refuse(true, "required", "Please choose a user name.")
		return c.broken
	}
	length := utf8.RuneCountInString(username)
	c.refuse(!usernameForm.MatchString(username), "not_valid", "A user name consists of the letters A to Z, digits, _ and -.")
	c.refuse(length > longestUsername, "too_many_chars", "A user name has at most 150 characters.")
	c.refuse(length < shortestUsername, "too_short", "A user name has at least 6 characters.")
	return c.broken
}

func usernameTaken() *userv1.FieldViolation {
	return &userv1.FieldViolation{Field: fieldUsername, Code: "unavailable", Description: "Somebody else has this user name. Please choose another."}
}

func validateEmail(email string) []*userv1.FieldViolation {
	c := check{field: fieldEmail}
	if email == "" {
		c.refuse(true, "required", "Please give your e-mail address.")
		return c.broken
	}
	c.refuse(!emailForm.MatchString(email), "not_valid", "This is not an e-mail address we can write to.")
	c.refuse(utf8.RuneCountInString(email) > longestEmail, "too_many_chars", "An e-mail address has at most 254 characters.")
	return c.broken
}

func validatePassword(password, confirmation string) []*userv1.FieldViolation {
	c := check{field: fieldPassword}
	if password == "" {
		c.refuse(true, "required", "Please choose a password.")
		return c.broken
	}
	length := utf8.RuneCountInString(password)
	c.refuse(length > longestPassword, "too_many_chars", "A password has at most 150 characters.")
	c.refuse(length < shortestPassword, "too_short", "A password has at least 8 characters.")
	c.refuse(!strings.ContainsAny(password, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "no_capital_letter", "A password needs a capital letter.")
	c.refuse(!strings.ContainsAny(password, specialCharacters), "no_special_character", "A password needs one of these: ! @ # $ % ^ & * ( ) ~ { } [ ]")
	c.refuse(password != confirmation, "confirm_password_doesnt_match", "The two passwords differ.")
	return c.broken
}

// normalEmail makes the domain lower case, as it means the same; the part before it is left as typed.
func normalEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	return email[:at+1] + strings.ToLower(email[at+1:])
}
