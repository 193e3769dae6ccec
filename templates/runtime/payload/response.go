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

// Encode is a response as callers of this kind want it. It fails on a status outside 100 to 599, and on a body that is
// said to be base64 and is not.
//
//   - Of format 1.0 it is the response as it is.
//   - Format 2.0 has one value for each header, and cookies apart: other headers of several values are joined by commas.
//   - A load balancer reads one of the two maps, by the target group's mode. In the mode of single values, headers
//     of several are joined by commas too, but cookies cannot be: each further Set-Cookie has its name in another
//     mixture of cases (SET-COOKIE), which are different keys in JSON and one header in HTTP.
//   - Of a header in both of the response's maps all values count, each once, as API Gateway has it.
//   - A body that is not UTF-8 cannot be JSON, and is sent as base64.
//
// Lambda refuses an answer of more than 6 MB, a load balancer of more than 1 MB.
func (k Kind) Encode(response events.APIGatewayProxyResponse) ([]byte, error) {
	if err := check(response); err != nil {
		return nil, err
	}
	if !response.IsBase64Encoded && !utf8.ValidString(response.Body) {
		response.Body = base64.StdEncoding.EncodeToString([]byte(response.Body))
		response.IsBase64Encoded = true
	}
	switch k {
	case HTTP:
		headers, cookies := apart(response)
		return encode(len(response.Body), httpAnswer{
			StatusCode: response.StatusCode,
			Headers:    joined(headers), Cookies: cookies,
			Body: response.Body, IsBase64Encoded: response.IsBase64Encoded,
		})
	case ALB, ALBMultiValue:
		headers, cookies := apart(response)
		answer := albAnswer{
			StatusCode:        response.StatusCode,
			StatusDescription: strings.TrimSpace(strconv.Itoa(response.StatusCode) + " " + http.StatusText(response.StatusCode)),
			Body:              response.Body, IsBase64Encoded: response.IsBase64Encoded,
		}
		if k == ALBMultiValue {
			if len(cookies) > 0 {
				headers[setCookie] = cookies
			}
			answer.MultiValueHeaders = headers
		} else {
			if len(cookies) > casings {
				return nil, fmt.Errorf("%d cookies, where a load balancer without multi-valued headers takes %d", len(cookies), casings)
			}
			single := joined(headers)
			for i, cookie := range cookies {
				single[casing(setCookie, i)] = cookie
			}
			answer.Headers = single
		}
		return encode(len(response.Body), answer)
	}
	return encode(len(response.Body), response)
}

type httpAnswer struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies,omitempty"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// An albAnswer has one of the two kinds of headers, even where there are none.
type albAnswer struct {
	StatusCode        int    `json:"statusCode"`
	StatusDescription string `json:"statusDescription"`
	Headers           any    `json:"headers,omitempty"`
	MultiValueHeaders any    `json:"multiValueHeaders,omitempty"`
	Body              string `json:"body"`
	IsBase64Encoded   bool   `json:"isBase64Encoded"`
}

func check(response events.APIGatewayProxyResponse) error {
	if response.StatusCode < 100 || response.StatusCode > 599 {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	if response.IsBase64Encoded {
		if err := checkBase64(response.Body); err != nil {
			return fmt.Errorf("body: %w", err)
		}
	}
	return nil
}

// checkBase64 decodes and keeps nothing, as there may be megabytes of it.
func checkBase64(body string) error {
	// Padding is at the end alone, which the decoder does not see to where its buffer ends.
	if at := strings.IndexByte(strings.TrimRight(body, "=\r\n"), '='); at >= 0 {
		return base64.CorruptInputError(at)
	}
	_, err := io.Copy(io.Discard, base64.NewDecoder(base64.StdEncoding, strings.NewReader(body)))
	return err
}

// encode writes JSON as lambda.Start does, with <, > and & left as they are.
func encode(size int, answer any) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(size + 512)
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

const setCookie = "Set-Cookie"

// apart are a response's headers, those of both its maps, under their canonical names, and the cookies that it sets.
func apart(response events.APIGatewayProxyResponse) (headers map[string][]string, cookies []string) {
	headers = make(map[string][]string, len(response.Headers)+len(response.MultiValueHeaders))
	for _, name := range names(response.MultiValueHeaders) {
		if values := response.MultiValueHeaders[name]; len(values) > 0 {
			canonical := http.CanonicalHeaderKey(name)
			headers[canonical] = append(headers[canonical], values...)
		}
	}
	for _, name := range names(response.Headers) {
		canonical := http.CanonicalHeaderKey(name)
		if value := response.Headers[name]; !slices.Contains(headers[canonical], value) {
			headers[canonical] = append(headers[canonical], value)
		}
	}
	cookies = headers[setCookie]
	delete(headers, setCookie)
	return headers, cookies
}

func joined(headers map[string][]string) map[string]string {
	single := make(map[string]string, len(headers))
	for name, values := range headers {
		single[name] = strings.Join(values, ", ")
	}
	return single
}

// casings is in how many ways the nine letters of Set-Cookie can be written.
const casings = 1 << 9

// casing is the i-th way to write a name: the bits of i say which letters have the other case.
func casing(name string, i int) string {
	letters := []byte(name)
	for at := range letters {
		if letters[at] == '-' {
			continue
		}
		if i&1 == 1 {
			letters[at] ^= 'a' - 'A'
		}
		i >>= 1
	}
	return string(letters)
}
