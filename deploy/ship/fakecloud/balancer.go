package fakecloud

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// serveQuery is the query protocol, which Elastic Load Balancing speaks.
func (c *Cloud) serveQuery(w http.ResponseWriter, r *http.Request, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	operation := form.Get("Action")
	answer := c.answer(r, operation, func() (any, *refusal) {
		if operation != "DescribeTargetHealth" {
			return nil, refuse("InvalidAction", "the fake does not know %s", operation)
		}
		return c.targets(form.Get("TargetGroupArn")), nil
	})
	w.Header().Set("Content-Type", "text/xml")
	if answer.refusal != nil {
		w.WriteHeader(answer.refusal.status)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", answer.refusal.kind, answer.refusal.message)
		return
	}
	_, _ = fmt.Fprintf(w, "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>%s</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>", answer.value)
}

// targets are one per task, and one that drains.
func (c *Cloud) targets(group string) string {
	var text strings.Builder
	for _, one := range c.services {
		if one.group != group {
			continue
		}
		one.move(c)
		state := "healthy"
		if one.deployments[0].image.Start == Unhealthy {
			state = "unhealthy"
		}
		for index := range one.desired {
			member(&text, index, state)
		}
		member(&text, one.desired, "draining")
	}
	return text.String()
}

func member(text *strings.Builder, index int, state string) {
	_, _ = fmt.Fprintf(text, "<member><Target><Id>10.0.0.%d</Id><Port>8000</Port></Target><TargetHealth><State>%s</State><Description>Health checks</Description></TargetHealth></member>", index+1, state)
}
