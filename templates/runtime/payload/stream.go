package payload

import (
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/runtime/response"
)

// StreamType is the content type of a streamed response: its head, as
// [Kind.EncodeHead] returns it, and its body.
const StreamType = "application/vnd.awslambda.http-integration-response"

// CanStream reports whether a response of this kind can be streamed. HTTP APIs
// and load balancers do not invoke functions that way.
func (k Kind) CanStream() bool { return k == REST || k == FunctionURL }

// EncodeHead returns the status and the headers of a streamed response in the
// format of this kind, followed by the delimiter, which is eight zero bytes. It
// fails for a response that package response takes for malformed.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
func (k Kind) EncodeHead(r events.APIGatewayProxyResponse) ([]byte, error) {
	headers := http.Header{}
	if err := response.SetHeader(headers, r); err != nil {
		return nil, err
	}
	head := struct {
		StatusCode        int                 `json:"statusCode"`
		Headers           map[string]string   `json:"headers,omitempty"`
		MultiValueHeaders map[string][]string `json:"multiValueHeaders,omitempty"`
		Cookies           []string            `json:"cookies,omitempty"`
	}{StatusCode: r.StatusCode}
	if k == FunctionURL {
		head.Cookies = headers[setCookie]
		delete(headers, setCookie)
		head.Headers = joinValues(headers)
	} else {
		head.Headers, head.MultiValueHeaders = splitValues(headers)
	}
	encoded, err := marshal(0, head)
	return append(encoded, 0, 0, 0, 0, 0, 0, 0, 0), err
}
