package catalogue

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
)

// leastToCompress is the size in bytes from which compressing pays.
const leastToCompress = 512

// edition is one version of the catalogue as answers. It is immutable.
type edition struct {
	version  string
	list     *encoded
	products map[string]*encoded // by identifier
}

// encoded is one answer in all its forms.
type encoded struct {
	plain      variant
	compressed variant // without body when compressing does not pay
}

// variant is a body with the values of its headers, which all answers share.
type variant struct {
	body   []byte
	length []string
	tag    []string
}

func newEdition(renderer *dialect.Renderer, catalogue *orderv1.Catalogue) (*edition, error) {
	list, err := encode(renderer, listOf(catalogue.GetProducts()))
	if err != nil {
		return nil, err
	}
	made := &edition{version: catalogue.GetVersion(), list: list, products: make(map[string]*encoded, len(catalogue.GetProducts()))}
	for _, product := range catalogue.GetProducts() {
		made.products[product.GetIdentifier()], err = encode(renderer, &storefrontv1.ShowProductResponse{
			Product:           "success",
			ProductIdentifier: product.GetIdentifier(),
			ProductData:       detailOf(product),
		})
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

func encode(renderer *dialect.Renderer, answer proto.Message) (*encoded, error) {
	body, err := renderer.Append(nil, answer)
	if err != nil {
		return nil, fmt.Errorf("encode the catalogue: %w", err)
	}
	digest := sha256.Sum256(body)
	tag := hex.EncodeToString(digest[:12])
	made := &encoded{plain: variantOf(bytes.Clone(body), tag)}
	if len(body) < leastToCompress {
		return made, nil
	}
	small, err := compress(body)
	if err != nil {
		return nil, fmt.Errorf("compress the catalogue: %w", err)
	}
	if len(small) < len(body) {
		made.compressed = variantOf(small, tag+"-gzip")
	}
	return made, nil
}

func variantOf(body []byte, tag string) variant {
	return variant{body: body, length: []string{strconv.Itoa(len(body))}, tag: []string{`"` + tag + `"`}}
}

func compress(body []byte) ([]byte, error) {
	var small bytes.Buffer
	writer, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(body); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(small.Bytes()), nil
}
