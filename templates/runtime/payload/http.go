package payload

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// fromHTTP converts an event of payload format 2.0.
//
//   - Path is the raw path without the stage. API Gateway prepends a named
//     stage, even behind a custom domain, where clients do not send it. It
//     never prepends $default.
//   - RequestContext.Path includes the stage if clients send it, which they do
//     with API Gateway's own domain.
//   - Query parameters come from the raw query, so that repeated ones are
//     complete. Repeated headers arrive joined by commas and stay so, because
//     such a comma looks like one that the client sent.
//   - Cookies become a Cookie header again.
//   - Authorizer has the structure of format 1.0: the context of a Lambda
//     authorizer, whose values may be of any type, or the "claims" and "scopes"
//     of a JWT authorizer. What IAM provides is in RequestContext.Identity.
func (e *event) fromHTTP() events.APIGatewayProxyRequest {
	c := &e.RequestContext
	r := e.APIGatewayProxyRequest
	r.HTTPMethod = c.HTTP.Method

	rawPath := e.RawPath
	if rawPath == "" {
		rawPath = c.HTTP.Path
	}
	r.Path = trimStage(rawPath, c.Stage)
	r.Resource = r.Path
	if _, route, ok := strings.Cut(e.RouteKey, " "); ok {
		r.Resource = route
	}

	headers := newFields(len(e.Headers) + 1)
	headers.addHeaders(e.Headers)
	if len(e.Cookies) > 0 {
		headers.set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.Headers, r.MultiValueHeaders = headers.maps()

	query := newFields(0)
	query.addQuery(e.RawQueryString)
	r.QueryStringParameters, r.MultiValueQueryStringParameters = query.maps()

	r.RequestContext = c.APIGatewayProxyRequestContext
	context := &r.RequestContext
	context.HTTPMethod = r.HTTPMethod
	context.ResourcePath = r.Resource
	context.Path = rawPath
	if !strings.HasPrefix(c.DomainName, c.APIID+".execute-api.") {
		context.Path = r.Path
	}
	context.Protocol = c.HTTP.Protocol
	context.RequestTime, context.RequestTimeEpoch = c.Time, c.TimeEpoch
	context.Identity = events.APIGatewayRequestIdentity{
		SourceIP:   c.HTTP.SourceIP,
		UserAgent:  c.HTTP.UserAgent,
		ClientCert: c.Authentication.ClientCert,
	}
	convertAuthorizer(context)
	return r
}

// trimStage removes the stage from the start of a path.
func trimStage(path, stage string) string {
	rest, ok := strings.CutPrefix(path, "/"+stage)
	switch {
	case stage == "" || stage == "$default" || !ok:
		return path
	case rest == "":
		return "/"
	case rest[0] != '/':
		return path
	}
	return rest
}

// convertAuthorizer moves the authorizer data of format 2.0 to where format 1.0
// has it.
func convertAuthorizer(c *events.APIGatewayProxyRequestContext) {
	if jwt, ok := c.Authorizer["jwt"].(map[string]any); ok {
		c.Authorizer = jwt
		return
	}
	if iam, ok := c.Authorizer["iam"].(map[string]any); ok {
		field := func(fields map[string]any, name string) string {
			value, _ := fields[name].(string)
			return value
		}
		cognito, _ := iam["cognitoIdentity"].(map[string]any)
		id := &c.Identity
		id.AccessKey, id.AccountID = field(iam, "accessKey"), field(iam, "accountId")
		id.Caller, id.User, id.UserArn = field(iam, "callerId"), field(iam, "userId"), field(iam, "userArn")
		id.CognitoIdentityID, id.CognitoIdentityPoolID = field(cognito, "identityId"), field(cognito, "identityPoolId")
		c.Authorizer = nil
		return
	}
	if lambda, ok := c.Authorizer["lambda"]; ok {
		c.Authorizer, _ = lambda.(map[string]any)
	}
}
