package payload

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Encode returns a response in the format of this kind. It fails if the status
// is not between 100 and 599, or if IsBase64Encoded is set and the body is not
// base64.
//
//   - A response of format 1.0 is passed through.
//   - Format 2.0 has one value for each header, and a list of cookies. Several
//     values of another header are joined by commas.
//   - A load balancer reads one of the two header maps, depending on the target
//     group. Without multi-value headers, several values are joined by commas.
//     Cookies cannot be joined, so each further Set-Cookie is written with
//     different letter case (SET-COOKIE): the names are distinct keys in JSON
//     but the same header in HTTP.
//   - A header in both maps of the response has the values of both without
//     duplicates, as in API Gateway.
//   - A body that is not valid UTF-8 cannot be a JSON string, and is sent in
//     base64.
//
// The result may be larger than [Kind.ResponseLimit].
func (k Kind) Encode(response events.APIGatewayProxyResponse) ([]byte, error) {
	if err := checkResponse(response); err != nil {
		return nil, err
	}
	if !response.IsBase64Encoded && !utf8.ValidString(response.Body) {
		response.Body = base64.StdEncoding.EncodeToString([]byte(response.Body))
		response.IsBase64Encoded = true
	}
	switch k {
	case HTTP:
		headers, cookies := splitCookies(response)
		return marshal(len(response.Body), httpResponse{
			StatusCode:      response.StatusCode,
			Headers:         joinValues(headers),
			Cookies:         cookies,
			Body:            response.Body,
			IsBase64Encoded: response.IsBase64Encoded,
		})
	case ALB, ALBMultiValue:
		encoded, err := newALBResponse(response, k == ALBMultiValue)
		if err != nil {
			return nil, err
		}
		return marshal(len(response.Body), encoded)
	}
	return marshal(len(response.Body), response)
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

func newALBResponse(response events.APIGatewayProxyResponse, multiValue bool) (albResponse, error) {
	status := strconv.Itoa(response.StatusCode) + " " + http.StatusText(response.StatusCode)
	r := albResponse{
		StatusCode:        response.StatusCode,
		StatusDescription: strings.TrimSpace(status),
		Body:              response.Body,
		IsBase64Encoded:   response.IsBase64Encoded,
	}
	headers, cookies := splitCookies(response)
	if multiValue {
		if len(cookies) > 0 {
			headers[setCookie] = cookies
		}
		r.MultiValueHeaders = headers
		return r, nil
	}
	if len(cookies) > caseVariants {
		return r, fmt.Errorf("response has %d cookies: a load balancer without multi-value headers supports at most %d",
			len(cookies), caseVariants)
	}
	single := joinValues(headers)
	for i, cookie := range cookies {
		single[caseVariant(setCookie, i)] = cookie
	}
	r.Headers = single
	return r, nil
}

func checkResponse(response events.APIGatewayProxyResponse) error {
	if response.StatusCode < 100 || response.StatusCode > 599 {
		return fmt.Errorf("invalid status %d", response.StatusCode)
	}
	if response.IsBase64Encoded {
		if err := checkBase64(response.Body); err != nil {
			return fmt.Errorf("decoding body: %w", err)
		}
	}
	return nil
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

// splitCookies merges the headers in both maps of a response under their
// canonical names, and returns the values of Set-Cookie separately.
func splitCookies(response events.APIGatewayProxyResponse) (
	headers map[string][]string, cookies []string,
) {
	headers = make(map[string][]string, len(response.Headers)+len(response.MultiValueHeaders))
	for _, name := range sortedKeys(response.MultiValueHeaders) {
		if values := response.MultiValueHeaders[name]; len(values) > 0 {
			canonical := http.CanonicalHeaderKey(name)
			headers[canonical] = append(headers[canonical], values...)
		}
	}
	for _, name := range sortedKeys(response.Headers) {
		canonical := http.CanonicalHeaderKey(name)
		if value := response.Headers[name]; !slices.Contains(headers[canonical], value) {
			headers[canonical] = append(headers[canonical], value)
		}
	}
	cookies = headers[setCookie]
	delete(headers, setCookie)
	return headers, cookies
}

func joinValues(headers map[string][]string) map[string]string {
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
