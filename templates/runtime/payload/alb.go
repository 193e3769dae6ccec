package payload

import (
	"net/netip"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// fromALB converts an event of a load balancer.
//
//   - Query parameters arrive percent-encoded and are decoded. What is not
//     valid percent-encoding stays as it is. The path stays as the client sent
//     it.
//   - SourceIP is the last address in X-Forwarded-For, which the load balancer
//     appends. With routing.http.xff_header_processing.mode=preserve it does
//     not, and clients can send any address.
//   - RequestID is X-Amzn-Trace-Id, which is also in the load balancer's access
//     log. Clients control a part of it.
//   - DomainName is the Host header, which clients control unless the
//     listener's rules check it.
//   - There is no stage, account, protocol or time, because the event has none.
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

// lastAddress returns the last IP address in X-Forwarded-For, without the port
// that a load balancer may add, or an empty string if the last entry is not an
// address.
func lastAddress(forwarded string) string {
	last := strings.TrimSpace(forwarded[strings.LastIndexByte(forwarded, ',')+1:])
	if addrPort, err := netip.ParseAddrPort(last); err == nil {
		return addrPort.Addr().String()
	}
	if address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(last, "["), "]")); err == nil {
		return address.String()
	}
	return ""
}
