package payload

import (
	"net/netip"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// fromALB makes a 1.0 event of a load balancer's.
//
//   - The query is sent percent-encoded, and decoded here. What is not percent-encoded stays as it is. The path is as sent.
//   - The caller's address is the last of X-Forwarded-For, which the load balancer itself appends. (Not so where its
//     attribute routing.http.xff_header_processing.mode is preserve: then callers can write what they like.)
//   - The request's id is X-Amzn-Trace-Id, by which the load balancer's access log has it. A caller can send a part of it.
//   - The domain is the Host header, which a caller can choose where the listener's rules do not check it.
//   - There is no stage, no account, no protocol and no time, as nothing is said of them.
func (e *event) fromALB() events.APIGatewayProxyRequest {
	r := e.APIGatewayProxyRequest
	r.Resource = r.Path

	headers := newFields(len(e.Headers) + len(e.MultiValueHeaders))
	query := newFields(len(e.QueryStringParameters) + len(e.MultiValueQueryStringParameters))
	if e.MultiValueHeaders != nil {
		headers.addMultiHeaders(e.MultiValueHeaders)
		query.addMultiEncoded(e.MultiValueQueryStringParameters)
	} else {
		headers.addHeaders(e.Headers)
		query.addEncoded(e.QueryStringParameters)
	}
	r.Headers, r.MultiValueHeaders = headers.maps()
	r.QueryStringParameters, r.MultiValueQueryStringParameters = query.maps()

	r.RequestContext = events.APIGatewayProxyRequestContext{
		ResourcePath: r.Resource,
		Path:         r.Path,
		HTTPMethod:   r.HTTPMethod,
		RequestID:    r.Headers["X-Amzn-Trace-Id"],
		DomainName:   r.Headers["Host"],
		Identity: events.APIGatewayRequestIdentity{
			SourceIP:  lastAddress(r.Headers["X-Forwarded-For"]),
			UserAgent: r.Headers["User-Agent"],
		},
	}
	return r
}

// lastAddress is the last IP address of X-Forwarded-For, without the port that a load balancer can be told to add, or ""
// where the last is no address.
func lastAddress(forwarded string) string {
	last := strings.TrimSpace(forwarded[strings.LastIndexByte(forwarded, ',')+1:])
	if with, err := netip.ParseAddrPort(last); err == nil {
		return with.Addr().String()
	}
	if address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(last, "["), "]")); err == nil {
		return address.String()
	}
	return ""
}
