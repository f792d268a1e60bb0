package limit

import (
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
)

// Service answers user.v1.LimitService for the edge. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedLimitServiceServer
	limiter *Limiter
}

// NewService makes the service.
func NewService(limiter *Limiter) *Service { return &Service{limiter: limiter} }
