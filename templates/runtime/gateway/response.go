package gateway

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/runtime/response"
)

// ErrMalformed is the error that [WriteResponse] returns for a response that is
// not valid.
var ErrMalformed = response.ErrMalformed

// WriteResponse writes a function's response as API Gateway does. If the
// response is malformed, WriteResponse writes nothing and returns an error that
// wraps [ErrMalformed]; API Gateway answers 502 then. A response is
// malformed if [response.SetHeader] says so, or if IsBase64Encoded is set and
// the body is not base64. Any other error comes from the connection.
//
// Content-Length is the length of the body.
func WriteResponse(w http.ResponseWriter, r events.APIGatewayProxyResponse) error {
	var decoded []byte
	if r.IsBase64Encoded {
		var err error
		if decoded, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
			return fmt.Errorf("%w: decoding body: %w", ErrMalformed, err)
		}
	}
	header := w.Header()
	if err := response.SetHeader(header, r); err != nil {
		return err
	}
	if !response.HasBody(r.StatusCode) {
		w.WriteHeader(r.StatusCode)
		return nil
	}
	length := len(r.Body)
	if r.IsBase64Encoded {
		length = len(decoded)
	}
	setLength(header, length)
	w.WriteHeader(r.StatusCode)
	var err error
	if r.IsBase64Encoded {
		_, err = w.Write(decoded)
	} else {
		_, err = io.WriteString(w, r.Body)
	}
	if err != nil {
		return fmt.Errorf("gateway: response: %w", err)
	}
	return nil
}

func setLength(header http.Header, length int) {
	header["Content-Length"] = []string{strconv.Itoa(length)}
}
