package payload

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/runtime/response"
)

// Encode returns a response in the format of this kind. It fails for a response
// that package response takes for malformed, or if IsBase64Encoded is set and
// the body is not base64. Headers have canonical names, and Content-Type is
// application/json if the function did not set it.
//
//   - Format 1.0 has headers with one value and headers with several values.
//   - Format 2.0 has one value for each header, and a list of cookies. Several
//     values of another header are joined by commas.
//   - A load balancer reads one of the two header maps, depending on the target
//     group. Without multi-value headers, several values are joined by commas.
//     Cookies cannot be joined, so each further Set-Cookie is written with
//     different letter case (SET-COOKIE): the names are distinct keys in JSON
//     but the same header in HTTP.
//   - A body that is not valid UTF-8 cannot be a JSON string, and is sent in
//     base64. Responses without a body, such as 204, have none.
//
// The result may be larger than [Kind.ResponseLimit].
func (k Kind) Encode(r events.APIGatewayProxyResponse) ([]byte, error) {
	headers := http.Header{}
	if err := response.SetHeader(headers, r); err != nil {
		return nil, err
	}
	if r.IsBase64Encoded {
		if err := checkBase64(r.Body); err != nil {
			return nil, fmt.Errorf("%w: decoding body: %w", response.ErrMalformed, err)
		}
	}
	switch {
	case !response.HasBody(r.StatusCode):
		r.Body, r.IsBase64Encoded = "", false
	case !r.IsBase64Encoded && !utf8.ValidString(r.Body):
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(r.Body)), true
	}
	switch k {
	case HTTP, FunctionURL:
		cookies := headers[setCookie]
		delete(headers, setCookie)
		return marshal(len(r.Body), httpResponse{
			StatusCode:      r.StatusCode,
			Headers:         joinValues(headers),
			Cookies:         cookies,
			Body:            r.Body,
			IsBase64Encoded: r.IsBase64Encoded,
		})
	case ALB, ALBMultiValue:
		encoded, err := newALBResponse(r, headers, k == ALBMultiValue)
		if err != nil {
			return nil, err
		}
		return marshal(len(r.Body), encoded)
	}
	r.Headers, r.MultiValueHeaders = splitValues(headers)
	return marshal(len(r.Body), r)
}

// ResponseLimit returns the size in bytes of the largest encoded response that
// the service accepts. Lambda's limit for all responses is 6 MB, that of load
// balancers is 1 MB.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
func (k Kind) ResponseLimit() int {
	if k == ALB || k == ALBMultiValue {
		return 1 << 20
	}
	return 6_291_556
}

type httpResponse struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies,omitempty"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// An albResponse has one of the two header maps, even if it is empty.
type albResponse struct {
	StatusCode        int    `json:"statusCode"`
	StatusDescription string `json:"statusDescription"`
	Headers           any    `json:"headers,omitempty"`
	MultiValueHeaders any    `json:"multiValueHeaders,omitempty"`
	Body              string `json:"body"`
	IsBase64Encoded   bool   `json:"isBase64Encoded"`
}

func newALBResponse(
	r events.APIGatewayProxyResponse, headers http.Header, multiValue bool,
) (albResponse, error) {
	status := strconv.Itoa(r.StatusCode) + " " + http.StatusText(r.StatusCode)
	encoded := albResponse{
		StatusCode:        r.StatusCode,
		StatusDescription: strings.TrimSpace(status),
		Body:              r.Body,
		IsBase64Encoded:   r.IsBase64Encoded,
	}
	if multiValue {
		encoded.MultiValueHeaders = headers
		return encoded, nil
	}
	cookies := headers[setCookie]
	delete(headers, setCookie)
	if len(cookies) > caseVariants {
		return encoded, fmt.Errorf("response has %d cookies: a load balancer without multi-value headers supports at most %d",
			len(cookies), caseVariants)
	}
	single := joinValues(headers)
	for i, cookie := range cookies {
		single[caseVariant(setCookie, i)] = cookie
	}
	encoded.Headers = single
	return encoded, nil
}

// checkBase64 returns an error if body is not base64. It does not keep the
// decoded body, which may be several megabytes long.
func checkBase64(body string) error {
	// Padding is valid only at the end. base64.NewDecoder does not notice data
	// after padding that ends its buffer.
	if at := strings.IndexByte(strings.TrimRight(body, "=\r\n"), '='); at >= 0 {
		return base64.CorruptInputError(at)
	}
	_, err := io.Copy(io.Discard, base64.NewDecoder(base64.StdEncoding, strings.NewReader(body)))
	return err
}

// marshal encodes v like lambda.Start, which does not escape <, > and &. The
// body has size bytes.
func marshal(size int, v any) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(size + 512)
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

const setCookie = "Set-Cookie"

// splitValues returns the headers with one value, and those with several. Like
// those of lambda.Start, the maps are nil if they are empty.
func splitValues(headers http.Header) (single map[string]string, multi map[string][]string) {
	for name, values := range headers {
		if len(values) > 1 {
			if multi == nil {
				multi = map[string][]string{}
			}
			multi[name] = values
			continue
		}
		if single == nil {
			single = make(map[string]string, len(headers))
		}
		single[name] = values[0]
	}
	return single, multi
}

func joinValues(headers http.Header) map[string]string {
	single := make(map[string]string, len(headers))
	for name, values := range headers {
		single[name] = strings.Join(values, ", ")
	}
	return single
}

// caseVariants is the number of ways to write the nine letters of Set-Cookie.
const caseVariants = 1 << 9

// caseVariant returns the i-th way to write a name: each bit of i determines
// the case of one letter.
func caseVariant(name string, i int) string {
	letters := []byte(name)
	for j := range letters {
		if letters[j] == '-' {
			continue
		}
		if i&1 == 1 {
			letters[j] ^= 'a' - 'A'
		}
		i >>= 1
	}
	return string(letters)
}

// BadGateway returns the response that API Gateway sends in place of a
// malformed one.
func BadGateway() events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{
		StatusCode: http.StatusBadGateway,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       `{"message":"Internal server error"}`,
	}
}
