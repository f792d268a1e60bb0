package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue/dbgen"
)

// build makes a snapshot of the rows, which come in display order.
func build(found tables) (*Snapshot, error) {
	snapshot := &Snapshot{configuration: configurationOf(found.configuration[0]), replaced: make(chan struct{})}
	if len(found.nextPrices) > 0 {
		snapshot.nextPriceAt = found.nextPrices[0]
	}
	snapshot.takeShippingMethods(found.shippingMethods)
	snapshot.statuses = make(map[string]Status, len(found.statuses))
	for _, row := range found.statuses {
		snapshot.statuses[row.Identifier] = Status(row)
	}
	products := productsOf(found)
	snapshot.takeSkus(found.skus, products)
	version, err := digest(products)
	if err != nil {
		return nil, err
	}
	snapshot.proto = &orderv1.Catalogue{Version: version, Products: products}
	return snapshot, nil
}

func (s *Snapshot) takeShippingMethods(rows []dbgen.ShippingMethod) {
	s.methods = make(map[string]ShippingMethod, len(rows))
	s.methodsByID = make(map[int64]ShippingMethod, len(rows))
	for _, row := range rows {
		method := ShippingMethod{
			ID: row.ID, Identifier: row.Identifier, Carrier: row.Carrier, CostMinor: row.CostMinor,
			TrackingCodeBaseURL: row.TrackingCodeBaseUrl, Active: row.Active,
		}
		s.methods[method.Identifier] = method
		s.methodsByID[method.ID] = method
		if method.Active {
			s.offered = append(s.offered, method)
		}
	}
}

// takeSkus puts beside each SKU what a cart line shows of its product.
func (s *Snapshot) takeSkus(rows []dbgen.SkusRow, products []*orderv1.Product) {
	parents := make(map[int64]*orderv1.Product, len(products))
	images := map[int64]string{}
	for _, product := range products {
		parents[product.GetProductId()] = product
		for _, sku := range product.GetSkus() {
			images[sku.GetSkuId()] = mainImage(sku.GetImages(), mainImage(product.GetImages(), ""))
		}
	}
	s.skus = make(map[int64]Sku, len(rows))
	for _, row := range rows {
		parent := parents[row.ProductID]
		s.skus[row.ID] = Sku{
			ID: row.ID, PriceMinor: row.PriceMinor, Color: row.Color, Size: row.Size, Description: row.Description,
			Inventory: inventoryOf(row), ImageURL: images[row.ID],
			ProductID: row.ProductID, ProductIdentifier: parent.GetIdentifier(),
			ProductTitle: parent.GetTitle(), ProductTitleURL: parent.GetTitleUrl(),
		}
	}
}

// mainImage is the address of the main picture, else the given one (contract order.md 3.1).
func mainImage(images []*orderv1.Image, otherwise string) string {
	for _, image := range images {
		if image.GetMain() {
			return image.GetUrl()
		}
	}
	return otherwise
}

func productsOf(found tables) []*orderv1.Product {
	products := make([]*orderv1.Product, len(found.products))
	byID := make(map[int64]*orderv1.Product, len(found.products))
	for i, row := range found.products {
		products[i] = &orderv1.Product{
			ProductId: row.ID, Identifier: row.Identifier, Title: row.Title, TitleUrl: row.TitleUrl,
			Headline: row.Headline, DescriptionPart_1: row.DescriptionPart1, DescriptionPart_2: row.DescriptionPart2,
		}
		byID[row.ID] = products[i]
	}
	for _, row := range found.productImages {
		product := byID[row.ProductID]
		product.Images = append(product.Images, &orderv1.Image{ImageId: row.ID, Url: row.ImageUrl, Main: row.MainImage, Caption: row.Caption})
	}
	for _, row := range found.productVideos {
		product := byID[row.ProductID]
		product.Videos = append(product.Videos, &orderv1.Video{VideoId: row.ID, Url: row.VideoUrl, ThumbnailUrl: row.VideoThumbnailUrl, Caption: row.Caption})
	}
	images := imagesOfSkus(found.skuImages)
	for _, row := range found.skus {
		product := byID[row.ProductID]
		product.Skus = append(product.Skus, &orderv1.Sku{
			SkuId: row.ID, Color: row.Color, Size: row.Size, Description: row.Description, PriceMinor: row.PriceMinor,
			Inventory: inventoryOf(row).Proto(), Images: images[row.ID],
		})
	}
	return products
}

func imagesOfSkus(rows []dbgen.SkuImage) map[int64][]*orderv1.Image {
	images := map[int64][]*orderv1.Image{}
	for _, row := range rows {
		images[row.SkuID] = append(images[row.SkuID], &orderv1.Image{ImageId: row.ID, Url: row.ImageUrl, Main: row.MainImage, Caption: row.Caption})
	}
	return images
}

func inventoryOf(row dbgen.SkusRow) Inventory {
	return Inventory{Identifier: row.InventoryIdentifier, Title: row.InventoryTitle, Description: row.InventoryDescription}
}

func configurationOf(row dbgen.ConfigurationRow) Configuration {
	configuration := Configuration{
		UsernamesAllowedToCheckout:    entries(row.UsernamesAllowedToCheckout),
		AnCtValuesAllowedToCheckout:   entries(row.AnCtValuesAllowedToCheckout),
		InitialOrderStatus:            row.InitialOrderStatus,
		OrderConfirmationEmCdMember:   row.OrderConfirmationEmCdMember,
		OrderConfirmationEmCdProspect: row.OrderConfirmationEmCdProspect,
	}
	if row.DefaultShippingMethod != nil {
		configuration.DefaultShippingMethod = *row.DefaultShippingMethod
	}
	return configuration
}

// entries splits a list of the configuration; a space around an entry never closes the shop (contract order.md O-13).
func entries(list string) []string {
	found := []string{}
	for entry := range strings.SplitSeq(list, ",") {
		if trimmed := strings.TrimSpace(entry); trimmed != "" {
			found = append(found, trimmed)
		}
	}
	return found
}

// digest names the content, so that processes with the same goods have the same version.
func digest(products []*orderv1.Product) (string, error) {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(&orderv1.Catalogue{Products: products})
	if err != nil {
		return "", fmt.Errorf("encode the catalogue: %w", err)
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:16]), nil
}
