package fn

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"mime/multipart"
	"net/url"

	"github.com/aws/aws-lambda-go/events"
)

const (
	maxForm   = 10 << 20 // bytes of a body: what API Gateway lets through
	maxFields = 1000     // of a form, which is what mime/multipart allows of parts
)

// FormData is what a form has: fields, which are read as form.Get("name"), and uploaded files.
type FormData struct {
	url.Values
	Files map[string][]*multipart.FileHeader
}

// Form reads the event's body as a form, by its Content-Type: application/x-www-form-urlencoded, or
// multipart/form-data with its files, which stay in memory. It fails on any other type, on what is
// malformed, and on more than 10 MB or 1000 fields: mostly the caller's mistake, and so a 400.
func Form(event events.APIGatewayProxyRequest) (FormData, error) {
	contentType := Header(event, "Content-Type")
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return FormData{}, fmt.Errorf("fn: form: content type %q: %w", contentType, err)
	}
	if len(event.Body) > maxForm/3*4+4 { // as base64 has it
		return FormData{}, errFormSize
	}
	body, err := Body(event)
	if err != nil {
		return FormData{}, err
	}
	if len(body) > maxForm {
		return FormData{}, errFormSize
	}

	switch mediaType {
	case "application/x-www-form-urlencoded":
		if bytes.Count(body, []byte("&")) >= maxFields {
			return FormData{}, fmt.Errorf("fn: form: the body has more than %d fields", maxFields)
		}
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return FormData{}, fmt.Errorf("fn: form: %w", err)
		}
		return FormData{Values: values}, nil
	case "multipart/form-data":
		if parameters["boundary"] == "" {
			return FormData{}, errors.New("fn: form: the content type has no boundary")
		}
		form, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).ReadForm(maxForm)
		if err != nil {
			return FormData{}, fmt.Errorf("fn: form: %w", err)
		}
		return FormData{Values: form.Value, Files: form.File}, nil
	}
	return FormData{}, fmt.Errorf("fn: form: the body is %s", mediaType)
}

var errFormSize = fmt.Errorf("fn: form: the body has more than %d bytes", maxForm)
