package userarea_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// path is one of the paths that are answered by a single call to the user service.
type path struct {
	form   proto.Message // as a page would fill it
	answer func(v *visit, form proto.Message) (proto.Message, error)
	key    string   // of the outcome
	call   string   // of the user service
	needs  []string // fields without which the old server had no answer
}

func handler[Form, Answer proto.Message](handle func(v *visit, form Form) (Answer, error)) func(*visit, proto.Message) (proto.Message, error) {
	return func(v *visit, form proto.Message) (proto.Message, error) {
		return handle(v, form.(Form))
	}
}

// membersPaths are those that need a login (contract user.md 1.7).
func membersPaths() map[string]path {
	return map[string]path{
		"verify-email-address": {
			&storefrontv1.RequestVerificationRequest{},
			handler(func(v *visit, form *storefrontv1.RequestVerificationRequest) (*storefrontv1.RequestVerificationResponse, error) {
				return v.RequestVerification(v.ctx, form)
			}), "verify_email_address", "RequestVerification", nil,
		},
		"verify-email-address-response": {
			&storefrontv1.VerifyEmailAddressRequest{EmailVerificationCode: text("a:b:c")},
			handler(func(v *visit, form *storefrontv1.VerifyEmailAddressRequest) (*storefrontv1.VerifyEmailAddressResponse, error) {
				return v.VerifyEmailAddress(v.ctx, form)
			}), "verify_email_address_response", "VerifyAddress", []string{"email_verification_code"},
		},
		"update-my-information": {
			&storefrontv1.UpdateInformationRequest{Firstname: text("Grace"), Lastname: text("Öz"), EmailAddress: text("new@mail.example")},
			handler(func(v *visit, form *storefrontv1.UpdateInformationRequest) (*storefrontv1.UpdateInformationResponse, error) {
				return v.UpdateInformation(v.ctx, form)
			}), "update_my_information", "UpdateInformation", []string{"firstname", "lastname", "email_address"},
		},
		"update-communication-preferences": {
			preferencesForm(nil),
			handler(func(v *visit, form *storefrontv1.UpdatePreferencesRequest) (*storefrontv1.UpdatePreferencesResponse, error) {
				return v.UpdatePreferences(v.ctx, form)
			}), "update_communication_preferences", "UpdatePreferences",
			[]string{"no_longer_want_to_receive", "never_signed_up", "inappropriate", "spam", "other"},
		},
		"change-my-password": {
			passwordForm(),
			handler(func(v *visit, form *storefrontv1.ChangePasswordRequest) (*storefrontv1.ChangePasswordResponse, error) {
				return v.ChangePassword(v.ctx, form)
			}), "change_my_password", "ChangePassword", []string{"current_password", "new_password", "confirm_new_password"},
		},
		"terms-of-use-agree": {
			&storefrontv1.AgreeToTermsRequest{Version: text("1")},
			handler(func(v *visit, form *storefrontv1.AgreeToTermsRequest) (*storefrontv1.AgreeToTermsResponse, error) {
				return v.AgreeToTerms(v.ctx, form)
			}), "terms_of_use_agree", "AgreeToTerms", nil,
		},
		"sessions": {
			&storefrontv1.ListSessionsRequest{},
			handler(func(v *visit, form *storefrontv1.ListSessionsRequest) (*storefrontv1.ListSessionsResponse, error) {
				return v.ListSessions(v.ctx, form)
			}), "list_sessions", "ListSessions", nil,
		},
		"end-session": {
			&storefrontv1.EndSessionRequest{Session: text("theirs")},
			handler(func(v *visit, form *storefrontv1.EndSessionRequest) (*storefrontv1.EndSessionResponse, error) {
				return v.EndSession(v.ctx, form)
			}), "end_session", "EndSession", nil,
		},
		"end-other-sessions": {
			&storefrontv1.EndOtherSessionsRequest{},
			handler(func(v *visit, form *storefrontv1.EndOtherSessionsRequest) (*storefrontv1.EndOtherSessionsResponse, error) {
				return v.EndOtherSessions(v.ctx, form)
			}), "end_other_sessions", "EndOtherSessions", nil,
		},
	}
}

// everybodysPaths need no login.
func everybodysPaths() map[string]path {
	return map[string]path{
		"reset-password": {
			&storefrontv1.ResetPasswordRequest{Username: text("gracehopper"), EmailAddress: text("grace@mail.example")},
			handler(func(v *visit, form *storefrontv1.ResetPasswordRequest) (*storefrontv1.ResetPasswordResponse, error) {
				return v.ResetPassword(v.ctx, form)
			}), "reset_password", "RequestPasswordReset", []string{"username", "email_address"},
		},
		"set-new-password": {
			newPasswordForm(nil),
			handler(func(v *visit, form *storefrontv1.SetNewPasswordRequest) (*storefrontv1.SetNewPasswordResponse, error) {
				return v.SetNewPassword(v.ctx, form)
			}), "set_new_password", "SetNewPassword", []string{"username", "password_reset_code"},
		},
		"forgot-username": {
			&storefrontv1.RemindUsernameRequest{EmailAddress: text("grace@mail.example")},
			handler(func(v *visit, form *storefrontv1.RemindUsernameRequest) (*storefrontv1.RemindUsernameResponse, error) {
				return v.RemindUsername(v.ctx, form)
			}), "forgot_username", "RemindUsername", []string{"email_address"},
		},
		"email-unsubscribe-lookup": {
			&storefrontv1.LookUpSubscriptionRequest{Token: text("a")},
			handler(func(v *visit, form *storefrontv1.LookUpSubscriptionRequest) (*storefrontv1.LookUpSubscriptionResponse, error) {
				return v.LookUpSubscription(v.ctx, form)
			}), "email_unsubscribe_lookup", "LookUpSubscription", nil,
		},
		"email-unsubscribe-confirm": {
			&storefrontv1.UnsubscribeRequest{Token: text("a")},
			handler(func(v *visit, form *storefrontv1.UnsubscribeRequest) (*storefrontv1.UnsubscribeResponse, error) {
				return v.Unsubscribe(v.ctx, form)
			}), "email_unsubscribe_confirm", "Unsubscribe", nil,
		},
		"email-unsubscribe-why": {
			explanationForm(nil),
			handler(func(v *visit, form *storefrontv1.ExplainUnsubscriptionRequest) (*storefrontv1.ExplainUnsubscriptionResponse, error) {
				return v.ExplainUnsubscription(v.ctx, form)
			}), "email_unsubscribe_why", "ExplainUnsubscription",
			[]string{"no_longer_want_to_receive", "never_signed_up", "inappropriate", "spam", "other"},
		},
		"put-chat-message": {
			chatForm(),
			handler(func(v *visit, form *storefrontv1.PutChatMessageRequest) (*storefrontv1.PutChatMessageResponse, error) {
				return v.PutChatMessage(v.ctx, form)
			}), "put_chat_message", "PutMessage", []string{"name", "email_address", "message"},
		},
		"pythonabot-notify-me": {
			&storefrontv1.NotifyMeRequest{EmailAddress: text("fan@mail.example"), HowExcited: text("5")},
			handler(func(v *visit, form *storefrontv1.NotifyMeRequest) (*storefrontv1.NotifyMeResponse, error) {
				return v.NotifyMe(v.ctx, form)
			}), "pythonabot_notify_me", "NotifyMe", []string{"email_address", "how_excited"},
		},
	}
}

// Whoever is not logged in learns that before any field is looked at (contract user.md 1.7).
func TestMembersPathsAreForMembers(t *testing.T) {
	t.Parallel()
	for name, path := range membersPaths() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := `{"` + path.key + `":"user_not_authenticated",` + version + `}`
			for _, cookies := range [][]string{nil, {"sessionid=" + newToken}} {
				v := arrive(t, cookies...)
				answer, err := path.answer(v, path.form.ProtoReflect().New().Interface())
				v.sees(refused, answer, err)
				require.Empty(t, v.behind.asked)
				require.Equal(t, cookies != nil, v.setCookies()["sessionid"] != "", "a dead session is forgotten, and nothing else is sent")
			}
			if strings.HasSuffix(name, "session") || strings.HasSuffix(name, "sessions") {
				return // these do not look the account up
			}
			v := arrive(t, sessionCookie, "csrftoken="+csrf)
			v.behind.fails[path.call] = named(fault.NotFound, "account-not-found")
			answer, err := path.answer(v, path.form)
			v.sees(refused, answer, err)
			require.Contains(t, v.behind.asked, path.call)
			require.Empty(t, v.setCookies())
		})
	}
}

// A field that the old server insisted on is a bad request (contract user.md 1.7), and nobody is asked.
func TestFormsThatLackAField(t *testing.T) {
	t.Parallel()
	for _, paths := range []map[string]path{membersPaths(), everybodysPaths()} {
		for name, path := range paths {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, lacking := range path.needs {
					v := arrive(t, sessionCookie)
					form := proto.Clone(path.form)
					form.ProtoReflect().Clear(form.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(lacking)))
					_, err := path.answer(v, form)
					require.Equal(t, "field-missing", fault.ReasonOf(err), lacking)
					require.ErrorContains(t, err, "the field "+lacking+".")
					require.NotContains(t, v.behind.asked, path.call)
				}
			})
		}
	}
}

// What is not an outcome of the old pages stays a failure: limits get their 403, services that are away their 503.
func TestFailuresOfEveryPathAreNotHidden(t *testing.T) {
	t.Parallel()
	for _, paths := range []map[string]path{membersPaths(), everybodysPaths()} {
		for name, path := range paths {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, kind := range []fault.Kind{fault.RateLimited, fault.Unavailable, fault.DeadlineExceeded, fault.Internal} {
					v := arrive(t, sessionCookie, "csrftoken="+csrf)
					v.behind.fails[path.call] = named(kind, "some-reason")
					answer, err := path.answer(v, path.form)
					require.Equal(t, kind, fault.KindOf(err))
					require.Nil(t, answer)
					require.Empty(t, v.setCookies())
				}
				v := arrive(t, sessionCookie)
				v.behind.fails["ResolveSession"] = named(fault.Unavailable, "unavailable")
				_, err := path.answer(v, path.form)
				if _, needsLogin := membersPaths()[name]; needsLogin || path.call == "PutMessage" {
					require.Equal(t, fault.Unavailable, fault.KindOf(err), "not taken for a stranger")
					require.NotContains(t, v.behind.asked, path.call)
				}
			})
		}
	}
}

// Every outcome of the user service that the old pages know by a code (contract user.md 2.9 - 2.20).
func TestRefusalsAreCodesOfTheOldPages(t *testing.T) {
	t.Parallel()
	plain := []string{"code-doesnt-match", "signature-invalid", "signature-expired"}
	for name, reasons := range map[string][]string{
		"verify-email-address-response": plain,
		"set-new-password":              plain,
		"email-unsubscribe-lookup":      {"token-required", "member-not-found", "email-address-already-unsubscribed", "token-altered"},
		"email-unsubscribe-confirm":     {"token-required", "member-not-found", "email-address-already-unsubscribed", "token-altered"},
		"email-unsubscribe-why":         {"token-required", "member-not-found", "token-altered"},
		"terms-of-use-agree":            {"version-not-found", "version-provided-not-most-recent", "version-already-agreed"},
		"end-session":                   {"session-not-found"},
	} {
		path, isMembers := membersPaths()[name]
		if !isMembers {
			path = everybodysPaths()[name]
		}
		for _, reason := range reasons {
			v := arrive(t, sessionCookie)
			v.behind.fails[path.call] = named(fault.FailedPrecondition, reason)
			answer, err := path.answer(v, path.form)
			want := `{"` + path.key + `":"error","errors":{"error":"` + reason + `"},` + version + `}`
			switch name {
			case "verify-email-address-response", "set-new-password":
				want = `{"` + path.key + `":"` + reason + `",` + version + `}`
			case "terms-of-use-agree":
				want = `{"` + path.key + `":"error","errors":{"error":"` + reason + `"},"version":"1",` + version + `}`
			}
			v.sees(want, answer, err)
			require.Empty(t, v.setCookies())
		}
	}
}
