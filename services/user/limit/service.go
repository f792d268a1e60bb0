package limit

import (
	"context"
	"strings"
	"unicode/utf8"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const longestKey = 200 // bytes

// bucket is a limit that other services may name.
type bucket struct {
	rule    Rule
	subject func(key string) string
}

// Service answers user.v1.LimitService for the edge. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedLimitServiceServer
	limiter *Limiter
	buckets map[string]bucket // by name; never changed
}

// NewService makes the service.
func NewService(limiter *Limiter) *Service {
	return &Service{limiter: limiter, buckets: map[string]bucket{
		PaymentLookup().Name: {rule: PaymentLookup(), subject: Address},
		DiscountCode().Name:  {rule: DiscountCode(), subject: Address},
		CheckoutStart().Name: {rule: CheckoutStart(), subject: Address},
	}}
}

// Allow counts one try in a bucket.
func (s *Service) Allow(ctx context.Context, request *userv1.AllowRequest) (*userv1.AllowResponse, error) {
	named, known := s.buckets[request.GetBucket()]
	if !known {
		return nil, fault.New(fault.Invalid, "bucket-unknown", "")
	}
	key := request.GetKey()
	if len(key) > longestKey || !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return nil, fault.New(fault.Invalid, "key-invalid", "")
	}
	if err := s.limiter.Allow(ctx, named.rule, named.subject(key)); err != nil {
		return nil, err
	}
	return &userv1.AllowResponse{}, nil
}
