package chaos

import (
	"context"
	"time"
)

// Judge waits until the shop has settled by itself and checks the books: of the storm, and of everything else that was bought
// in this shop. Storm may be nil.
func (s *Shop) Judge(ctx context.Context, storm *Storm) (*Report, error) {
	waited, err := s.settle(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.readBooks(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.readFailures(ctx, found); err != nil {
		return nil, err
	}
	found.compare()
	found.explain()
	report := &Report{settled: waited, charges: len(found.charges), orders: len(found.orders)}
	report.interrupted = found.countMails()
	for session := range found.charges {
		if len(found.moneyExceptions(session)) > 0 {
			report.exceptions++
		}
	}
	if storm != nil {
		report.storm = storm
		found.compareDiary(storm.diary.payments())
		found.wrong = append(found.wrong, storm.diary.wrong...)
		var unexcused []string
		report.excused, unexcused = storm.happened.judge()
		found.wrong = append(found.wrong, unexcused...)
	}
	if report.shelves, err = s.checkShelves(ctx, found); err != nil {
		return nil, err
	}
	if report.codeUsed, err = s.checkCodes(ctx, found); err != nil {
		return nil, err
	}
	if err := s.closeCases(ctx, found, report); err != nil {
		return nil, err
	}
	report.Wrong = found.wrong
	return report, nil
}

// closeCases gives back what exceptions propose, compares refunds, and asks the shop whether it finds its own books in order.
func (s *Shop) closeCases(ctx context.Context, found *books, report *Report) error {
	if err := s.resolveAll(ctx, found); err != nil {
		return err
	}
	if _, err := s.settle(ctx); err != nil {
		return err
	}
	refunds, err := s.compareRefunds(ctx, found)
	if err != nil {
		return err
	}
	report.refunds = refunds
	for _, task := range [][]string{{"audit", "-patience", "0s"}, {"reconcile", "-grace", "0s"}} {
		if err := s.ask(ctx, task); err != nil {
			found.complain("%v", err)
		}
	}
	return nil
}

// taskPatience is how long a task may find something: a checkout whose turn it is this very second is one.
const taskPatience = 30 * time.Second

// ask runs a task of the order service that checks the books, until it has nothing to say.
func (s *Shop) ask(ctx context.Context, task []string) error {
	var last error
	_ = until(ctx, taskPatience, func(ctx context.Context) (bool, error) {
		if err := s.stack.Run(ctx, "order", task...); ctx.Err() == nil {
			last = err
		}
		return last == nil, nil
	})
	return last
}
