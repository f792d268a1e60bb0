package rpc

import (
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// inProcessHeaders collects what a handler sets with grpc.SetHeader and its kin.
type inProcessHeaders struct {
	method string

	mu      sync.Mutex // handlers may set headers from several goroutines
	header  metadata.MD
	trailer metadata.MD
}

// Method is the full method name.
func (h *inProcessHeaders) Method() string { return h.method }

// SetHeader adds to the headers.
func (h *inProcessHeaders) SetHeader(added metadata.MD) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.header = metadata.Join(h.header, added)
	return nil
}

// SendHeader adds to the headers; they reach the caller with the reply.
func (h *inProcessHeaders) SendHeader(added metadata.MD) error { return h.SetHeader(added) }

// SetTrailer adds to the trailers.
func (h *inProcessHeaders) SetTrailer(added metadata.MD) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trailer = metadata.Join(h.trailer, added)
	return nil
}

func (h *inProcessHeaders) deliver(options []grpc.CallOption) {
	if len(options) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, option := range options {
		switch asked := option.(type) {
		case grpc.HeaderCallOption:
			*asked.HeaderAddr = h.header
		case grpc.TrailerCallOption:
			*asked.TrailerAddr = h.trailer
		}
	}
}
