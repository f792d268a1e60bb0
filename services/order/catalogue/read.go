package catalogue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/catalogue/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// tables is all rows of the catalogue as they were together at one moment.
type tables struct {
	products        []dbgen.Product
	productImages   []dbgen.ProductImage
	productVideos   []dbgen.ProductVideo
	skus            []dbgen.SkusRow
	skuImages       []dbgen.SkuImage
	shippingMethods []dbgen.ShippingMethod
	statuses        []dbgen.Status
	configuration   []dbgen.ConfigurationRow
	nextPrices      []time.Time
}

var errNoConfiguration = errors.New("the configuration table has no row")

// read asks for everything in one round trip. The transaction around it makes all answers come from one moment, so
// that no SKU is seen without its price.
func read(ctx context.Context, db *postgres.Database, at time.Time) (tables, error) {
	var found tables
	batch := &pgx.Batch{}
	batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	queue(batch, &found.products, pgx.RowToStructByPos, dbgen.Products)
	queue(batch, &found.productImages, pgx.RowToStructByPos, dbgen.ProductImages)
	queue(batch, &found.productVideos, pgx.RowToStructByPos, dbgen.ProductVideos)
	queue(batch, &found.skus, pgx.RowToStructByPos, dbgen.Skus, at)
	queue(batch, &found.skuImages, pgx.RowToStructByPos, dbgen.SkuImages)
	queue(batch, &found.shippingMethods, pgx.RowToStructByPos, dbgen.ShippingMethods)
	queue(batch, &found.statuses, pgx.RowToStructByPos, dbgen.Statuses)
	queue(batch, &found.configuration, pgx.RowToStructByPos, dbgen.Configuration)
	queue(batch, &found.nextPrices, pgx.RowTo, dbgen.NextPrice, at)
	batch.Queue("COMMIT")
	if err := db.SendBatch(ctx, batch).Close(); err != nil {
		return tables{}, fmt.Errorf("read the catalogue: %w", err)
	}
	if len(found.configuration) == 0 {
		return tables{}, errNoConfiguration
	}
	return found, nil
}

func queue[Row any](batch *pgx.Batch, into *[]Row, scan pgx.RowToFunc[Row], sql string, args ...any) {
	batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		read, err := pgx.CollectRows(rows, scan)
		*into = read
		return err
	})
}
