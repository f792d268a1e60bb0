package web

import (
	"net/http"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
)

// changesWhenRead: old pages read these paths to change something, which no token protects (contract user.md 8, defect 9).
// The path that Stripe's customers come back to is not among them: it does only what is due anyway.
func changesWhenRead(rpc protoreflect.FullName) bool {
	switch rpc {
	case "storefront.v1.UserAreaService.LogOut", "storefront.v1.UserAreaService.RequestVerification":
		return true
	}
	return false
}

// isForeignChange tells a change that a page of another site has the browser ask for: by a link, an image, or a script
// whose origin is none of ours. Browsers that do not say where a request comes from are let through, as are addresses that
// somebody has typed in.
func (d *Door) isForeignChange(r *http.Request, route *routes.Route, secure bool) bool {
	if !isSafe(r.Method) || !changesWhenRead(route.RPC) {
		return false
	}
	return r.Header.Get("Sec-Fetch-Site") == "cross-site" && !d.origins.trusts(originOf(r), r.Host, secure)
}
