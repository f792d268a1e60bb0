package mail

import (
	"maps"
	"slices"
	"time"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
)

// What a template may contain follows from the mail it is for: allowed knows what fills it in (message.go, order.go,
// account.go; campaigns: contract user.md 5.1).

var (
	forAll     = []string{"line_break", "short_line_break", "ENVIRONMENT_DOMAIN", "em_cd"}
	forMembers = []string{"recipient_first_name", "recipient_last_name", "username"}
	// forAccounts are the placeholders of single templates, beside those of all members.
	forAccounts = map[string][]string{
		"welcome":                  {"email_verification_code"}, // of mails queued before member-welcome
		welcomeTemplate:            {"email_verification_code", "mb_cd", "token"},
		verificationTemplate:       {"email_verification_code"},
		passwordResetTemplate:      {"password_reset_code"},
		usernameReminderTemplate:   {"email_address"},
		emailChangedTemplate:       {"email_verification_code"},
		passwordChangedTemplate:    {},
		emailChangedNoticeTemplate: {},
	}
	forOperators = []string{"chat_message_id", "received_at"}
	forCampaigns = []string{"draft_text", "draft_html", "msg_subject", "recipient_first_name"}
)

const (
	purposeOrder    = "order-confirmation"
	purposeCampaign = "campaign"
	audienceMember  = "member"
	audienceOps     = "operator"
)

// allowed are the placeholders that a template may use, sorted.
func allowed(code, purpose, audience string) []string {
	names := slices.Concat(forAll, allowedFor(code, purpose, audience))
	slices.Sort(names)
	return names
}

func allowedFor(code, purpose, audience string) []string {
	switch {
	case purpose == purposeOrder && audience == audienceMember:
		return append(orderPlaceholders(), "mb_cd")
	case purpose == purposeOrder:
		return append(orderPlaceholders(), "pr_cd", newsletterField)
	case purpose == purposeCampaign && audience == audienceMember:
		return slices.Concat(forCampaigns, []string{"mb_cd", "token"})
	case purpose == purposeCampaign:
		return slices.Concat(forCampaigns, []string{"pr_cd", "pr_token"})
	case audience == audienceOps:
		return forOperators
	}
	return slices.Concat(forMembers, forAccounts[code])
}

func orderPlaceholders() []string {
	return slices.Collect(maps.Keys(orderFields(&userv1.SendOrderConfirmationRequest{}, time.Time{})))
}
