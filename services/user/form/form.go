// Package form holds the rules that what people type has to keep (contract user.md 1.9): names, user names, addresses,
// passwords, messages. Broken rules are answers, not errors: codes for the pages and sentences for people.
//
// Whether a user name is taken is asked by the room that makes accounts.
package form

import (
	"regexp"
	"strings"
	"unicode/utf8"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
)

// Lengths count characters (contract user.md 1.9).
const (
	LongestFirstName = 30
	LongestLastName  = 150
	LongestUsername  = 150
	LongestMessage   = 5000

	shortestUsername = 6
	longestEmail     = 254
	longestPassword  = 150
	shortestPassword = 8
)

// The field names of user.v1.FieldViolation.
const (
	FieldFirstName       = "first_name"
	FieldLastName        = "last_name"
	FieldUsername        = "username"
	FieldEmail           = "email"
	FieldPassword        = "password"
	FieldCurrentPassword = "current_password"
	FieldName            = "name"
	FieldMessage         = "message"
	FieldHowExcited      = "how_excited"
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

// Name tries the rules of a person's name.
func Name(field, name string, longest int) []*userv1.FieldViolation {
	c := check{field: field}
	c.refuse(name == "", "required", "Please fill this in.")
	c.refuse(!nameForm.MatchString(name), "not_valid", "Only the letters A to Z, digits and blanks can be used here.")
	c.refuse(utf8.RuneCountInString(name) > longest, "too_many_chars", "This is too long.")
	return c.broken
}

// Username tries the rules of a new user name, apart from whether it is free.
func Username(username string) []*userv1.FieldViolation {
	c := check{field: FieldUsername}
	if username == "" {
		c.refuse(true, "required", "Please choose a user name.")
		return c.broken
	}
	length := utf8.RuneCountInString(username)
	c.refuse(!usernameForm.MatchString(username), "not_valid", "A user name consists of the letters A to Z, digits, _ and -.")
	c.refuse(length > LongestUsername, "too_many_chars", "A user name has at most 150 characters.")
	c.refuse(length < shortestUsername, "too_short", "A user name has at least 6 characters.")
	return c.broken
}

// UsernameTaken is the verdict on a user name that somebody has.
func UsernameTaken() *userv1.FieldViolation {
	return &userv1.FieldViolation{Field: FieldUsername, Code: "unavailable", Description: "Somebody else has this user name. Please choose another."}
}

// Email tries the rules of an e-mail address.
func Email(email string) []*userv1.FieldViolation {
	c := check{field: FieldEmail}
	if email == "" {
		c.refuse(true, "required", "Please give your e-mail address.")
		return c.broken
	}
	c.refuse(!emailForm.MatchString(email), "not_valid", "This is not an e-mail address we can write to.")
	c.refuse(utf8.RuneCountInString(email) > longestEmail, "too_many_chars", "An e-mail address has at most 254 characters.")
	return c.broken
}

// Password tries the rules of a new password and its repetition.
func Password(plain, confirmation string) []*userv1.FieldViolation {
	c := check{field: FieldPassword}
	if plain == "" {
		c.refuse(true, "required", "Please choose a password.")
		return c.broken
	}
	length := utf8.RuneCountInString(plain)
	c.refuse(length > longestPassword, "too_many_chars", "A password has at most 150 characters.")
	c.refuse(length < shortestPassword, "too_short", "A password has at least 8 characters.")
	c.refuse(!strings.ContainsAny(plain, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "no_capital_letter", "A password needs a capital letter.")
	c.refuse(!strings.ContainsAny(plain, specialCharacters), "no_special_character", "A password needs one of these: ! @ # $ % ^ & * ( ) ~ { } [ ]")
	c.refuse(plain != confirmation, "confirm_password_doesnt_match", "The two passwords differ.")
	return c.broken
}

// Guessable tries whether a password that keeps all other rules is easily guessed (contract user.md 1.10).
func Guessable(plain, username, firstName, lastName, email string) []*userv1.FieldViolation {
	c := check{field: FieldPassword}
	for _, reason := range password.Guessable(plain, []password.Attribute{
		{Name: "user name", Value: username},
		{Name: "first name", Value: firstName},
		{Name: "last name", Value: lastName},
		{Name: "e-mail address", Value: email},
	}) {
		c.refuse(true, "django_validation", reason)
	}
	return c.broken
}

// NormalEmail makes the domain lower case, as it means the same; the part before it is left as typed.
func NormalEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	return email[:at+1] + strings.ToLower(email[at+1:])
}

// IsUsername tells what an account can be called, leaving out what the database may not take.
func IsUsername(text string) bool {
	return text != "" && usernameForm.MatchString(text) && len(text) <= LongestUsername
}

// Message tries the rules of a chat message.
func Message(message string) []*userv1.FieldViolation {
	c := check{field: FieldMessage}
	c.refuse(message == "", "required", "Please write a message.")
	c.refuse(utf8.RuneCountInString(message) > LongestMessage, "too_many_chars", "A message has at most 5000 characters.")
	c.refuse(!isText(message), "not_valid", "This message holds characters that cannot be kept.")
	return c.broken
}

// HowExcited tries the rules of an answer on the scale from 1 to 5.
func HowExcited(answer string) []*userv1.FieldViolation {
	c := check{field: FieldHowExcited}
	if answer == "" {
		c.refuse(true, "required", "Please choose a number.")
		return c.broken
	}
	c.refuse(len(answer) != 1 || answer[0] < '1' || answer[0] > '5', "out_of_range", "Please choose a number from 1 to 5.")
	return c.broken
}

// Refusal is one broken rule of one field, for rules that are known elsewhere.
func Refusal(field, code, description string) *userv1.FieldViolation {
	return &userv1.FieldViolation{Field: field, Code: code, Description: description}
}

// isText leaves out what the database does not take (contract user.md 8, defect 25).
func isText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}
