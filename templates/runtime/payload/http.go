package payload

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// fromHTTP makes a 1.0 event of a 2.0 one.
//
//   - The path is the raw one without the stage. API Gateway puts a named stage before it, behind a custom domain too,
//     where callers do not send it; $default never stands there.
//   - requestContext.path has the stage where callers send it: at API Gateway's own address.
//   - Of repeated query parameters all are there, since they are taken from the raw query. Repeated headers were joined
//     by commas, and stay so: nobody can tell that comma from one that was sent.
//   - Cookies are the one header again that they were.
//   - The authorizer is what 1.0 has there: a Lambda authorizer's context as it is (though its values may be of any
//     type, not of text alone), a JWT authorizer's "claims" and "scopes". What IAM knows is in the request's identity.
func (e *event) fromHTTP() events.APIGatewayProxyRequest {
	c := &e.RequestContext
	r := e.APIGatewayProxyRequest
	r.HTTPMethod = c.HTTP.Method

	sent := e.RawPath
	if sent == "" {
		sent = c.HTTP.Path
	}
	r.Path = withoutStage(sent, c.Stage)
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
	context.Path = sent
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
	authorize(context)
	return r
}

// withoutStage is a path without the stage that it begins with, if it does.
func withoutStage(path, stage string) string {
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

// authorize puts what an authorizer of format 2.0 says where format 1.0 has it.
func authorize(c *events.APIGatewayProxyRequestContext) {
	if jwt, ok := c.Authorizer["jwt"].(map[string]any); ok {
		c.Authorizer = jwt
		return
	}
	if iam, ok := c.Authorizer["iam"].(map[string]any); ok {
		text := func(fields map[string]any, name string) string {
			value, _ := fields[name].(string)
			return value
		}
		cognito, _ := iam["cognitoIdentity"].(map[string]any)
		id := &c.Identity
		id.AccessKey, id.AccountID = text(iam, "accessKey"), text(iam, "accountId")
		id.Caller, id.User, id.UserArn = text(iam, "callerId"), text(iam, "userId"), text(iam, "userArn")
		id.CognitoIdentityID, id.CognitoIdentityPoolID = text(cognito, "identityId"), text(cognito, "identityPoolId")
		c.Authorizer = nil
		return
	}
	if lambda, ok := c.Authorizer["lambda"]; ok {
		c.Authorizer, _ = lambda.(map[string]any)
	}
}
