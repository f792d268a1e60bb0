package userarea_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func passwordForm() *storefrontv1.ChangePasswordRequest {
	return &storefrontv1.ChangePasswordRequest{CurrentPassword: text("Tr0ubadour&Lute"), NewPassword: text("An0ther&Lute"), ConfirmNewPassword: text("An0ther&Lute2")}
}

func newPasswordForm(change func(*storefrontv1.SetNewPasswordRequest)) *storefrontv1.SetNewPasswordRequest {
	form := &storefrontv1.SetNewPasswordRequest{
		Username: text("gracehopper"), PasswordResetCode: text("a:b:c."), NewPassword: text("An0ther&Lute"), ConfirmNewPassword: text("An0ther&Lute2"),
	}
	if change != nil {
		change(form)
	}
	return form
}

// Contract user.md 2.10 and 2.12: always the same answer.
func TestHelpForWhoCannotGetIn(t *testing.T) {
	t.Parallel()
	v := arrive(t, "csrftoken="+csrf)
	reset, err := v.ResetPassword(v.ctx, &storefrontv1.ResetPasswordRequest{Username: text("Nobody"), EmailAddress: text("")})
	v.sees(`{"reset_password":"success",`+version+`}`, reset, err)
	v.asks("RequestPasswordReset", &userv1.RequestPasswordResetRequest{Username: "Nobody", ClientAddress: "192.0.2.7"})
	reminded, err := v.RemindUsername(v.ctx, &storefrontv1.RemindUsernameRequest{EmailAddress: text("grace@mail.example")})
	v.sees(`{"forgot_username":"success",`+version+`}`, reminded, err)
	v.asks("RemindUsername", &userv1.RemindUsernameRequest{Email: "grace@mail.example", ClientAddress: "192.0.2.7"})
	require.Empty(t, v.setCookies())
}

// Contract user.md 2.11.
func TestSettingANewPassword(t *testing.T) {
	t.Parallel()
	v := arrive(t, "csrftoken="+csrf)
	answer, err := v.SetNewPassword(v.ctx, newPasswordForm(nil))
	v.sees(`{"set_new_password":"success",`+version+`}`, answer, err)
	v.asks("SetNewPassword", &userv1.SetNewPasswordRequest{
		Username: "gracehopper", Code: "a:b:c.", NewPassword: "An0ther&Lute", ConfirmNewPassword: "An0ther&Lute2", ClientAddress: "192.0.2.7",
	})
	require.Empty(t, v.setCookies(), "nobody is logged in by it")

	v.behind.violations = broken("password", "password")
	answer, err = v.SetNewPassword(v.ctx, newPasswordForm(nil))
	v.sees(`{"set_new_password":"password-error","errors":{"new-password":[{"type":"required","description":"(text)"},
		{"type":"required","description":"(text)"}]},`+version+`}`, answer, err)
}

// The old server read the new password only after the code had matched.
func TestANewPasswordThatIsNotSent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*storefrontv1.SetNewPasswordRequest){
		"new_password":         func(f *storefrontv1.SetNewPasswordRequest) { f.NewPassword = nil },
		"confirm_new_password": func(f *storefrontv1.SetNewPasswordRequest) { f.ConfirmNewPassword = nil },
	} {
		v := arrive(t)
		v.behind.violations = broken("password")
		_, err := v.SetNewPassword(v.ctx, newPasswordForm(change))
		require.Equal(t, "field-missing", fault.ReasonOf(err))
		require.ErrorContains(t, err, "the field "+name+".")
		v.behind.fails["SetNewPassword"] = named(fault.Invalid, "signature-invalid")
		answer, err := v.SetNewPassword(v.ctx, newPasswordForm(change))
		v.sees(`{"set_new_password":"signature-invalid",`+version+`}`, answer, err)
	}
}

// Contract user.md 2.15: a new session and a new CSRF secret, as after a login.
func TestChangingAPassword(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie, cartCookie(), "csrftoken="+csrf)
	answer, err := v.ChangePassword(v.ctx, passwordForm())
	v.sees(`{"change_my_password":"success",`+version+`}`, answer, err)
	v.asks("ChangePassword", &userv1.ChangePasswordRequest{
		AccountId: 7, CurrentPassword: "Tr0ubadour&Lute", NewPassword: "An0ther&Lute", ConfirmNewPassword: "An0ther&Lute2",
		SessionToken: oldToken, ClientAddress: "192.0.2.7", UserAgent: browser,
	})
	cookies := v.setCookies()
	require.Len(t, cookies, 2)
	require.Contains(t, cookies["sessionid"], newToken+"; expires=")
	require.NotContains(t, cookies["csrftoken"], csrf)
}

func TestPasswordsThatDoNotChange(t *testing.T) {
	t.Parallel()
	for field, key := range map[string]string{"current_password": "current-password", "password": "password"} {
		v := arrive(t, sessionCookie, "csrftoken="+csrf)
		v.behind.violations = broken(field)
		answer, err := v.ChangePassword(v.ctx, passwordForm())
		v.sees(`{"change_my_password":"errors","errors":{"`+key+`":[{"type":"required","description":"(text)"}]},`+version+`}`, answer, err)
		require.Empty(t, v.setCookies())
	}
}
