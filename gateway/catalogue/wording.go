package catalogue

import (
	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
)

// listOf is the answer of contract order.md 4.2.
func listOf(products []*orderv1.Product) *storefrontv1.ListProductsResponse {
	list := &storefrontv1.ListProductsResponse{}
	for _, product := range products {
		low, high := prices(product.GetSkus())
		list.ProductsData = append(list.ProductsData, &storefrontv1.ProductSummary{
			Title:             product.GetTitle(),
			TitleUrl:          product.GetTitleUrl(),
			Identifier:        product.GetIdentifier(),
			Headline:          product.Headline,
			DescriptionPart_1: product.DescriptionPart_1,
			DescriptionPart_2: product.DescriptionPart_2,
			PriceLow:          low,
			PriceHigh:         high,
			ProductImageUrl:   mainImage(product.GetImages()),
		})
	}
	return list
}

// prices are the lowest and highest of the SKUs, nil without SKUs.
func prices(skus []*orderv1.Sku) (low, high *int64) {
	for _, sku := range skus {
		price := sku.GetPriceMinor()
		if low == nil || price < *low {
			low = &price
		}
		if high == nil || price > *high {
			high = &price
		}
	}
	return low, high
}

func mainImage(images []*orderv1.Image) *string {
	for _, image := range images {
		if image.GetMain() {
			url := image.GetUrl()
			return &url
		}
	}
	return nil
}

// detailOf is the product_data of contract order.md 4.3.
func detailOf(product *orderv1.Product) *storefrontv1.ProductDetail {
	detail := &storefrontv1.ProductDetail{
		Title:             product.GetTitle(),
		TitleUrl:          product.GetTitleUrl(),
		Identifier:        product.GetIdentifier(),
		Headline:          product.Headline,
		DescriptionPart_1: product.DescriptionPart_1,
		DescriptionPart_2: product.DescriptionPart_2,
		ProductImages:     imagesOf(product.GetImages()),
	}
	for _, video := range product.GetVideos() {
		detail.ProductVideos = append(detail.ProductVideos, &storefrontv1.ProductVideo{
			VideoId: video.GetVideoId(), VideoUrl: video.GetUrl(), VideoThumbnailUrl: video.GetThumbnailUrl(), Caption: video.Caption,
		})
	}
	for _, sku := range product.GetSkus() {
		detail.Skus = append(detail.Skus, skuOf(sku))
	}
	return detail
}

func skuOf(sku *orderv1.Sku) *storefrontv1.ProductSku {
	inventory := sku.GetInventory()
	return &storefrontv1.ProductSku{
		SkuId:                      sku.GetSkuId(),
		Color:                      sku.Color,
		Size:                       sku.Size,
		Description:                sku.Description,
		Price:                      sku.GetPriceMinor(),
		InventoryStatusIdentifier:  inventory.GetIdentifier(),
		InventoryStatusTitle:       inventory.GetTitle(),
		InventoryStatusDescription: descriptionOf(inventory),
		SkuImages:                  imagesOf(sku.GetImages()),
	}
}

func descriptionOf(inventory *orderv1.Inventory) *string {
	if inventory == nil {
		return nil
	}
	return inventory.Description
}

func imagesOf(images []*orderv1.Image) []*storefrontv1.ProductImage {
	worded := make([]*storefrontv1.ProductImage, 0, len(images))
	for _, image := range images {
		worded = append(worded, &storefrontv1.ProductImage{
			ImageId: image.GetImageId(), ImageUrl: image.GetUrl(), Main: image.GetMain(), Caption: image.Caption,
		})
	}
	return worded
}
