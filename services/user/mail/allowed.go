package mail

import (
	"iter"
	"maps"
	"slices"
	"time"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
)

// What a template may contain follows from the mail it is for: allowed knows what fills it in (message.go, orderfields.go,
// notice.go, account.go; campaigns: contract user.md 5.1).

const (
	purposeOrder    = "order-confirmation"
	purposeNotice   = "order-notice"
	purposeCampaign = "campaign"
	audienceMember  = "member"
	audienceOps     = "operator"

	earlierWelcomeTemplate = "welcome" // of mails queued before member-welcome
)

// allowed are the placeholders that a template may use, sorted.
func allowed(code, purpose, audience string) []string {
	names := append(allowedFor(code, purpose, audience), "line_break", "short_line_break", "ENVIRONMENT_DOMAIN", "em_cd")
	slices.Sort(names)
	return names
}

func allowedFor(code, purpose, audience string) []string {
	switch {
	case purpose == purposeOrder && audience == audienceMember:
		return append(orderPlaceholders(), "mb_cd")
	case purpose == purposeOrder:
		return append(orderPlaceholders(), "pr_cd", newsletterField)
	case purpose == purposeNotice:
		return append(slices.Collect(maps.Keys(noticeFields(nil))), orderLinkField)
	case purpose == purposeCampaign && audience == audienceMember:
		return append(campaignPlaceholders(), "mb_cd", "token")
	case purpose == purposeCampaign:
		return append(campaignPlaceholders(), "pr_cd", "pr_token")
	case audience == audienceOps:
		return []string{"chat_message_id", "received_at"}
	}
	return append(accountPlaceholders(code), "recipient_first_name", "recipient_last_name", "username")
}

func orderPlaceholders() []string {
	return slices.Collect(maps.Keys(orderFields(&userv1.SendOrderConfirmationRequest{}, time.Time{})))
}

func campaignPlaceholders() []string {
	return []string{"draft_text", "draft_html", "msg_subject", "recipient_first_name"}
}

// accountPlaceholders are those of single templates.
func accountPlaceholders(code string) []string {
	switch code {
	case welcomeTemplate:
		return []string{verificationField, "mb_cd", "token"}
	case earlierWelcomeTemplate, verificationTemplate, emailChangedTemplate:
		return []string{verificationField}
	case passwordResetTemplate:
		return []string{resetField}
	case usernameReminderTemplate:
		return []string{"email_address"}
	}
	return nil
}

// needed is the placeholder that a mail is sent for, "" where there is none.
func needed(code, purpose string) string {
	if purpose == purposeOrder || purpose == purposeNotice {
		return identifierField
	}
	switch code {
	case welcomeTemplate, earlierWelcomeTemplate, verificationTemplate, emailChangedTemplate:
		return verificationField
	case passwordResetTemplate:
		return resetField
	case usernameReminderTemplate:
		return "username"
	}
	return ""
}

// carriesCode tells from a mail's placeholders whether a copy of it would hand a code to a third person.
func carriesCode(placeholders iter.Seq[string]) bool {
	for name := range placeholders {
		if name == verificationField || name == resetField {
			return true
		}
	}
	return false
}
