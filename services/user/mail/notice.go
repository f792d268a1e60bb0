package mail

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect"
)

const (
	noticeKey        = "order-notice:"
	longestNoticeKey = 100
	longestAddress   = 2000 // of a page of the carrier
)

// The templates of the news about orders.
const (
	statusTemplate    = "order-status"
	shippedTemplate   = "order-shipped"
	cancelledTemplate = "order-cancelled"
	refundedTemplate  = "order-refunded"
)

// trackingField is the one value that may hold the address of a page elsewhere.
const trackingField = "tracking_information"

// SendOrderNotice queues news about an order, once per key: a repeat changes nothing.
func (s *Service) SendOrderNotice(ctx context.Context, request *userv1.SendOrderNoticeRequest) (*userv1.SendOrderNoticeResponse, error) {
	template := noticeTemplate(request.GetKind())
	if template == "" || !wellFormed(request.GetKey(), longestNoticeKey) || !wellFormed(request.GetOrderIdentifier(), longestIdentifier) {
		return nil, fault.New(fault.Invalid, "invalid-request", "")
	}
	email, err := prospect.ParseAddress(request.GetEmail())
	if err != nil {
		return nil, err
	}
	letter := Letter{Key: noticeKey + request.GetKey(), TemplateCode: template, Recipient: email, Fields: noticeFields(request)}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return s.notify(ctx, tx, letter, request) })
	if err != nil {
		return nil, fmt.Errorf("send order notice: %w", err)
	}
	return &userv1.SendOrderNoticeResponse{}, nil
}

// wellFormed: a text on one line, not empty, at most longest bytes.
func wellFormed(text string, longest int) bool {
	return text != "" && len(text) <= longest && oneLine(text) == text
}

// noticeTemplate is "" for a kind that there is not.
func noticeTemplate(kind userv1.OrderNoticeKind) string {
	switch kind {
	case userv1.OrderNoticeKind_ORDER_NOTICE_KIND_STATUS:
		return statusTemplate
	case userv1.OrderNoticeKind_ORDER_NOTICE_KIND_SHIPPED:
		return shippedTemplate
	case userv1.OrderNoticeKind_ORDER_NOTICE_KIND_CANCELLED:
		return cancelledTemplate
	case userv1.OrderNoticeKind_ORDER_NOTICE_KIND_REFUNDED:
		return refundedTemplate
	case userv1.OrderNoticeKind_ORDER_NOTICE_KIND_UNSPECIFIED:
	}
	return ""
}

func (s *Service) notify(ctx context.Context, tx pgx.Tx, letter Letter, request *userv1.SendOrderNoticeRequest) error {
	if _, exists, err := s.outbox.prospectOf(ctx, tx, letter.Key); exists || err != nil {
		return err
	}
	holder, err := s.address(ctx, tx, &letter, request.GetAccountId())
	if err != nil {
		return err
	}
	letter.Fields[orderLinkField] = s.orderLink(request.GetOrderIdentifier(), letter.TemplateCode, holder)
	return s.outbox.put(ctx, tx, letter)
}

// address says whose the letter is, and gives the parameter by which links tell it (contract storefront.md 10).
func (s *Service) address(ctx context.Context, tx pgx.Tx, letter *Letter, accountID int64) (string, error) {
	if accountID != 0 {
		code, err := s.memberCode(ctx, tx, accountID)
		letter.AccountID = accountID
		return "mb_cd=" + code, err
	}
	guest, err := s.prospects.Ensure(ctx, tx, letter.Recipient)
	letter.ProspectID = guest.ID
	return "pr_cd=" + guest.Code, err
}

func (s *Service) orderLink(identifier, template, holder string) string {
	return s.site + "/account/order?identifier=" + url.QueryEscape(identifier) + "&em_cd=" + template + "&" + holder
}

// noticeFields are the placeholders of all four templates, but for the link. Everything is put on one line; what is missing
// is left out.
func noticeFields(notice *userv1.SendOrderNoticeRequest) map[string]string {
	return map[string]string{
		"recipient_first_name": orElse(oneLine(notice.GetRecipientName()), "Customer"),
		identifierField:        notice.GetOrderIdentifier(),
		"status_title":         oneLine(notice.GetStatusTitle()),
		"status_description":   oneLine(notice.GetStatusDescription()),
		trackingField:          tracking(notice),
		"refund_information":   refunds(notice),
	}
}

// tracking is empty for what was not shipped. The page of the carrier is a line of its own (fillHTML makes it a link).
func tracking(notice *userv1.SendOrderNoticeRequest) string {
	page := oneLine(notice.GetTrackingUrl())
	if !isWebPage(page) {
		page = ""
	}
	return joinParts(newLine, titled("Carrier", notice.GetCarrier()), titled("Tracking number", notice.GetTrackingNumber()), page)
}

func titled(title, text string) string {
	line := oneLine(text)
	if line == "" {
		return ""
	}
	return title + ": " + line
}

// isWebPage keeps out addresses that run something, or that look like another host's for a user name before the host or for
// signs that are not shown.
func isWebPage(text string) bool {
	if len(text) > longestAddress || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	page, err := url.Parse(text)
	return err == nil && (page.Scheme == "https" || page.Scheme == "http") && page.Hostname() != "" && page.User == nil
}

// refunds is empty where nothing goes back.
func refunds(notice *userv1.SendOrderNoticeRequest) string {
	if notice.GetRefundMinor() == 0 {
		return ""
	}
	lines := []string{"Refund: " + dollars(notice.GetRefundMinor())}
	if notice.GetRefundedMinor() > notice.GetRefundMinor() {
		lines = append(lines, "With earlier refunds: "+dollars(notice.GetRefundedMinor()))
	}
	return joinParts(newLine, append(lines, "Order total: "+dollars(notice.GetTotalMinor()))...)
}
