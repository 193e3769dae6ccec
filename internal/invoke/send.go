package invoke

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// A FunctionError is an error that the handler returned. Lambda reports it with
// status 200.
type FunctionError struct{ Type, Message string }

func (e *FunctionError) Error() string {
	if e.Type == "" && e.Message == "" {
		return "the function failed without an error message"
	}
	return fmt.Sprintf("the function failed: %s: %s", e.Type, e.Message)
}

// httpClient returns a client for servers on this machine. It uses no proxy,
// follows no redirects and decompresses nothing.
func httpClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: -1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// withoutURL returns the cause of an HTTP client's error. The user has not
// typed the URL, so it would only distract.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// send sends r to the server at base. stream is that of Options.
func (c *Client) send(
	ctx context.Context, base string, r *request, stream func(*Response) io.Writer,
) (*Response, error) {
	target := base + r.path
	if r.query != "" {
		target += "?" + r.query
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header = r.header
	req.Host = r.host
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "fngen/"+c.Version)
	}
	start := time.Now()
	resp, err := httpClient().Do(req)
	if err != nil {
		return nil, fmt.Errorf("calling the function: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	response := &Response{
		Proto: resp.Proto, Status: resp.Status, Code: resp.StatusCode, Header: resp.Header, Elapsed: time.Since(start),
	}
	if stream != nil && !r.isEvent && resp.ContentLength < 0 {
		response.Streamed = true
		_, err = io.Copy(stream(response), resp.Body)
	} else {
		response.Body, err = io.ReadAll(resp.Body)
		response.Elapsed = time.Since(start)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	if !r.isEvent || resp.StatusCode != http.StatusOK {
		return response, nil
	}
	if err := response.functionError(); err != nil {
		return nil, err
	}
	if r.kind == generator.KindHTTP {
		if err := response.unwrapProxy(); err != nil {
			return nil, err
		}
		return response, nil
	}
	response.Kind, response.Count, response.Failed = r.kind, r.count, trigger.Failed(response.Body)
	return response, nil
}

// functionError returns the error that a response of Lambda's Invoke API
// reports, or nil.
func (r *Response) functionError() error {
	if r.Header.Get("X-Amz-Function-Error") == "" {
		return nil
	}
	var failure struct{ ErrorMessage, ErrorType string }
	_ = json.Unmarshal(r.Body, &failure) // without its message, the error still says that the function failed
	return &FunctionError{failure.ErrorType, failure.ErrorMessage}
}

// unwrapProxy replaces the response of Lambda's Invoke API with the API Gateway
// response in its body.
func (r *Response) unwrapProxy() error {
	var proxy struct {
		events.APIGatewayProxyResponse
		Cookies []string `json:"cookies"` // payload format 2.0 only
	}
	if err := json.Unmarshal(r.Body, &proxy); err != nil || proxy.StatusCode < 100 || proxy.StatusCode > 999 {
		return errors.New("the function's response is not an API Gateway proxy response")
	}
	r.Code = proxy.StatusCode
	r.Status = strings.TrimSpace(strconv.Itoa(r.Code) + " " + http.StatusText(r.Code))
	r.Header = http.Header{}
	for name, value := range proxy.Headers {
		r.Header.Set(name, value)
	}
	for name, values := range proxy.MultiValueHeaders { // these override Headers
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	for _, cookie := range proxy.Cookies {
		r.Header.Add("Set-Cookie", cookie)
	}
	r.Body = []byte(proxy.Body)
	if proxy.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(proxy.Body)
		if err != nil {
			return errors.New("the function's response has isBase64Encoded set, but its body is not base64")
		}
		r.Body = body
	}
	return nil
}
