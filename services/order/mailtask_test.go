package order_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func TestOperatorsSeeToMailsOfOrders(t *testing.T) {
	t.Parallel()
	environ := []string{"DATABASE_URL=" + dbtest.URL(t, migrations.Set()), "PAYMENT_ADDR=127.0.0.1:1", "USER_ADDR=127.0.0.1:1", "SERVICE_SECRETS=secret-for-tests-only"}
	var said, errs bytes.Buffer
	require.Zero(t, process.Run(t.Context(), order.Program(), []string{"failed-order-mails"}, environ, &said, &errs), "%s", &errs)
	require.Equal(t, "no failed mails of orders\n", said.String())
	require.NotZero(t, process.Run(t.Context(), order.Program(), []string{"resend-order-mail", "nosuchorde", "-by", "ada", "-yes"}, environ, &said, &errs))
	require.Contains(t, errs.String(), "order-not-found")
}
