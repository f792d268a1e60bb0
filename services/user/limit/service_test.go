package limit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
)

// Contract README: what the old server did not limit must leave room for 20 in an hour.
func TestBucketsOfTheEdgeLeaveRoomAndEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	service := limit.NewService(limit.New(dbtest.New(t, migrations.Set()), telemetry.Silent(), func() time.Time { return now }))
	for _, bucket := range []string{"payment-lookup", "discount-code", "checkout-start"} {
		allow := func(address string) error {
			_, err := service.Allow(t.Context(), &userv1.AllowRequest{Bucket: bucket, Key: address})
			return err
		}
		allowed := 0
		for allowed < 1000 && allow("192.0.2.1") == nil {
			allowed++
		}
		require.Equal(t, 60, allowed, bucket)
		require.Equal(t, fault.RateLimited, fault.KindOf(allow("192.0.2.1")), bucket)
		require.NoError(t, allow("192.0.2.2"), bucket)
	}
}
