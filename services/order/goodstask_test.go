package order_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func TestARunningServiceHearsWhatOperatorsChange(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, migrations.Set())
	_, err := demo.Load(t.Context(), open(t, url))
	require.NoError(t, err)
	service := start(t, url)
	environ := []string{"DATABASE_URL=" + url, "PAYMENT_ADDR=127.0.0.1:1", "USER_ADDR=127.0.0.1:1", "SERVICE_SECRETS=secret-for-tests-only"}
	works := func(args ...string) string {
		t.Helper()
		var said, errs bytes.Buffer
		require.Zero(t, process.Run(t.Context(), order.Program(), args, environ, &said, &errs), "%s", &errs)
		return said.String()
	}
	first := func() *orderv1.Sku {
		answer, err := orderv1.NewCatalogueServiceClient(service).GetCatalogue(t.Context(), &orderv1.GetCatalogueRequest{})
		require.NoError(t, err)
		return answer.GetCatalogue().GetProducts()[0].GetSkus()[0]
	}

	require.Contains(t, works("set-price", "1", "4.20", "-yes", "-by", "ada"), "4.20 from now on")
	require.Eventually(t, func() bool { return first().GetPriceMinor() == 420 }, patience, 10*time.Millisecond)
	works("set-stock", "1", "0", "-yes", "-by", "ada")
	require.Eventually(t, func() bool { return first().GetInventory().GetIdentifier() == "out-of-stock" }, patience, 10*time.Millisecond)
	require.Contains(t, works("stock"), "ON HAND")
	works("disable-shipping-method", "USPSRetailGround", "-yes", "-by", "ada")
	require.Contains(t, works("shipping-methods"), "USPSRetailGround")
	works("enable-shipping-method", "USPSRetailGround", "-yes", "-by", "ada")
}
