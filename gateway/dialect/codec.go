package dialect

import (
	"fmt"
	"io"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"
)

const (
	jsonType = "application/json"
	htmlType = "text/html; charset=utf-8"

	usualAnswer = 512 // bytes; larger ones grow
)

// Codec makes the dialect known to grpc-gateway, for every content type: forms in, JSON or pages out. It is safe for
// concurrent use.
type Codec struct{ renderer *Renderer }

// NewCodec makes the codec of a renderer.
func NewCodec(renderer *Renderer) *Codec { return &Codec{renderer: renderer} }

// ContentType is that of an answer.
func (c *Codec) ContentType(answer any) string {
	if message, ok := answer.(proto.Message); ok && c.renderer.IsPage(message) {
		return htmlType
	}
	return jsonType
}

// Marshal renders an answer.
func (c *Codec) Marshal(answer any) ([]byte, error) {
	message, ok := answer.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%w: %T", ErrUnknownMessage, answer)
	}
	return c.renderer.Append(make([]byte, 0, usualAnswer), message)
}

// Unmarshal reads an urlencoded form.
func (c *Codec) Unmarshal(data []byte, request any) error {
	fields, err := ReadQuery(string(data), len(data)+1)
	if err != nil {
		return err
	}
	return fill(request, fields)
}

// NewDecoder reads a request message from a Body, or from the raw body when it is wanted as bytes.
func (c *Codec) NewDecoder(body io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(request any) error {
		if raw, ok := request.(*[]byte); ok {
			read, err := io.ReadAll(body)
			*raw = read
			return err
		}
		form, ok := body.(*Body)
		if !ok {
			return nil
		}
		return fill(request, form.Fields)
	})
}

// NewEncoder renders answers to w.
func (c *Codec) NewEncoder(w io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(answer any) error {
		rendered, err := c.Marshal(answer)
		if err != nil {
			return err
		}
		_, err = w.Write(rendered)
		return err
	})
}

func fill(request any, fields Fields) error {
	message, ok := request.(proto.Message)
	if !ok {
		return fmt.Errorf("a form does not go into %T", request)
	}
	return fields.Fill(message)
}

// Body is a request body that was read already: whoever checked the CSRF token in it leaves its fields here.
type Body struct{ Fields Fields }

// Read always is at the end.
func (*Body) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing.
func (*Body) Close() error { return nil }
