// Package dialect speaks the JSON and the forms of the old pages (contract encodings.md 1, order.md 1.3).
//
// A Renderer writes storefront messages as JSON by the options of their fields (proto/storefront/v1/dialect.proto), not by
// code per endpoint. Fields reads forms and queries into request messages by the same names, Integer the numbers in them. A
// Codec makes both known to grpc-gateway. What the messages mean is the areas' business.
package dialect

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// apiVersion is what every answer with a version key says.
const apiVersion = "0.0.1"

// ErrUnknownMessage is returned for a message that no service given to NewRenderer answers with.
var ErrUnknownMessage = errors.New("no rendering for this message")

// Renderer writes messages in the dialect. All options are read when it is made; it is safe for concurrent use.
type Renderer struct {
	plans map[protoreflect.MessageDescriptor]*plan
}

// NewRenderer prepares the answers of all methods of the services. It fails when a message has a field that the
// dialect cannot write.
func NewRenderer(services ...protoreflect.ServiceDescriptor) (*Renderer, error) {
	r := &Renderer{plans: map[protoreflect.MessageDescriptor]*plan{}}
	for _, service := range services {
		for i := range service.Methods().Len() {
			if _, err := r.planOf(service.Methods().Get(i).Output()); err != nil {
				return nil, fmt.Errorf("render %s: %w", service.FullName(), err)
			}
		}
	}
	return r, nil
}

// Append writes a message behind out: JSON, or the HTML of a page.
func (r *Renderer) Append(out []byte, message proto.Message) ([]byte, error) {
	reflected := message.ProtoReflect()
	prepared, ok := r.plans[reflected.Descriptor()]
	if !ok {
		return out, fmt.Errorf("%w: %s", ErrUnknownMessage, reflected.Descriptor().FullName())
	}
	if prepared.page != nil {
		return append(out, reflected.Get(prepared.page).String()...), nil
	}
	return prepared.append(out, reflected), nil
}

// IsPage tells whether a message is an HTML page.
func (r *Renderer) IsPage(message proto.Message) bool {
	prepared, ok := r.plans[message.ProtoReflect().Descriptor()]
	return ok && prepared.page != nil
}
