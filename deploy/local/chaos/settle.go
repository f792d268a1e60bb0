package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// settlePatience covers a job whose process was killed last of all: it is tried again up to 75 s after it began
// (services/platform/README.md, Jobs).
const settlePatience = 3 * time.Minute

// unsettled names what the shop still has to do by itself. Checkouts that nobody pays stay open until their session ends.
const unsettled = `
	SELECT 'orders without an accepted confirmation', count(*) FROM orders.purchase WHERE confirmation_accepted_at IS NULL
	UNION ALL SELECT 'mails not sent', count(*) FROM users.mails WHERE state = 'queued'
		AND NOT EXISTS (SELECT FROM users.mail_failures AS failure WHERE failure.mail_id = mails.id AND failure.resolved_at IS NULL)
	UNION ALL SELECT 'events not handled', count(*) FROM payments.webhook_event WHERE handled_at IS NULL
	UNION ALL SELECT 'refunds pending', count(*) FROM orders.refund WHERE state = 'pending'
	UNION ALL SELECT 'jobs of order', count(*) FROM orders.river_job WHERE state IN ('available', 'running', 'retryable')
	UNION ALL SELECT 'jobs of user', count(*) FROM users.river_job WHERE state IN ('available', 'running', 'retryable')`

// settle waits until the shop has come to rest and every payment in the sandbox was seen. It says what is left when it does not.
func (s *Shop) settle(ctx context.Context) (time.Duration, error) {
	began, left := time.Now(), ""
	err := until(ctx, settlePatience, func(ctx context.Context) (met bool, err error) {
		left, err = s.left(ctx)
		return left == "", err
	})
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("after %s without faults there are still %s", settlePatience, left)
	}
	return time.Since(began), err
}

func (s *Shop) left(ctx context.Context) (string, error) {
	rows, err := s.books.Query(ctx, unsettled)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	left := ""
	for rows.Next() {
		var what string
		var number int
		if err := rows.Scan(&what, &number); err != nil {
			return "", err
		}
		if number > 0 {
			left += fmt.Sprintf("%d %s, ", number, what)
		}
	}
	if err := rows.Err(); err != nil || left != "" {
		return left, err
	}
	return s.leftOfCharges(ctx)
}

// leftOfCharges are payments that became neither an order nor an exception yet.
func (s *Shop) leftOfCharges(ctx context.Context) (string, error) {
	charges, err := s.charges(ctx)
	if err != nil {
		return "", err
	}
	sessions := make([]string, 0, len(charges))
	for session := range charges {
		sessions = append(sessions, session)
	}
	missing, err := s.count(ctx, `SELECT count(*) FROM unnest($1::text[]) AS charged (session_id)
		WHERE NOT EXISTS (SELECT FROM orders.purchase WHERE purchase.session_id = charged.session_id)
		AND NOT EXISTS (SELECT FROM orders.payment_exception AS x WHERE x.session_id = charged.session_id)`, sessions)
	if err != nil || missing == 0 {
		return "", err
	}
	return fmt.Sprintf("%d charges without order or exception", missing), nil
}
