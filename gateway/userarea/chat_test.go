package userarea_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const requiredError = `[{"type":"required","description":"(text)"}]`

func chatForm() *storefrontv1.PutChatMessageRequest {
	return &storefrontv1.PutChatMessageRequest{Name: text("Visitor One"), EmailAddress: text("visitor@mail.example"), Message: text("Hello\nthere")}
}

// Contract user.md 2.21: whose message it is follows from the session alone, never from the address.
func TestPuttingAMessage(t *testing.T) {
	t.Parallel()
	for account, cookies := range map[int64][]string{0: nil, 7: {sessionCookie}} {
		v := arrive(t, cookies...)
		answer, err := v.PutChatMessage(v.ctx, chatForm())
		v.sees(`{"put_chat_message":"true",`+version+`}`, answer, err)
		v.asks("PutMessage", &userv1.PutMessageRequest{
			AccountId: account, Name: "Visitor One", Email: "visitor@mail.example", Message: "Hello\nthere", ClientAddress: "192.0.2.7",
		})
	}
}

func TestMessagesThatCannotBePut(t *testing.T) {
	t.Parallel()
	v := arrive(t)
	v.behind.violations = broken("name", "email", "message")
	answer, err := v.PutChatMessage(v.ctx, chatForm())
	v.sees(`{"put_chat_message":"validation_error","errors":{"name":`+requiredError+`,"email_address":`+requiredError+`,"message":`+requiredError+`},`+version+`}`, answer, err)
	v.behind.violations = broken("email")
	answer, err = v.PutChatMessage(v.ctx, chatForm())
	v.sees(`{"put_chat_message":"validation_error","errors":{"name":true,"email_address":`+requiredError+`,"message":true},`+version+`}`, answer, err)
}

// Contract user.md 2.22.
func TestNotifyingOfAProduct(t *testing.T) {
	t.Parallel()
	form := &storefrontv1.NotifyMeRequest{EmailAddress: text("<b>fan@mail.example"), HowExcited: text("5")}
	v := arrive(t)
	answer, err := v.NotifyMe(v.ctx, form)
	v.sees(`{"pythonabot_notify_me":"success",`+version+`}`, answer, err)
	v.asks("NotifyMe", &userv1.NotifyMeRequest{Email: "<b>fan@mail.example", HowExcited: "5", ClientAddress: "192.0.2.7"})

	v.behind.violations = broken("how_excited")
	answer, err = v.NotifyMe(v.ctx, form)
	v.sees(`{"pythonabot_notify_me":"validation_error","errors":{"email_address":true,"how_excited":`+requiredError+`},`+version+`}`, answer, err)
	v.behind.violations = broken("email", "how_excited")
	answer, err = v.NotifyMe(v.ctx, form)
	v.sees(`{"pythonabot_notify_me":"validation_error","errors":{"email_address":`+requiredError+`,"how_excited":`+requiredError+`},`+version+`}`, answer, err)

	v.behind.fails["NotifyMe"] = named(fault.Conflict, "prospect-exists")
	answer, err = v.NotifyMe(v.ctx, form)
	v.sees(`{"pythonabot_notify_me":"duplicate_prospect","errors":{"email_address":[{"type":"duplicate","description":"(text)"}],"how_excited":true},`+version+`}`, answer, err)
	require.NotContains(t, answer.GetErrors().GetEmailAddress()[0].GetDescription(), "fan", "descriptions are HTML and repeat nothing")
}
