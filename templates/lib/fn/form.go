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
	maxFormSize = 10 << 20 // API Gateway's limit for a request body, in bytes
	maxFields   = 1000     // mime/multipart has the same limit
)

// FormData contains the fields and the uploaded files of a form. To read a
// field, call form.Get("name").
type FormData struct {
	url.Values
	Files map[string][]*multipart.FileHeader
}

// Form parses the body of a request as a form. The Content-Type must be
// application/x-www-form-urlencoded or multipart/form-data. Uploaded files stay
// in memory.
//
// Form fails if the body is malformed, is larger than 10 MB or has more than
// 1000 fields. The client caused these errors, so respond with status 400.
func Form(event events.APIGatewayProxyRequest) (FormData, error) {
	contentType := Header(event, "Content-Type")
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return FormData{}, fmt.Errorf("fn: parsing form: content type %q: %w", contentType, err)
	}
	if len(event.Body) > maxFormSize/3*4+4 { // the size in base64
		return FormData{}, errFormSize
	}
	body, err := Body(event)
	if err != nil {
		return FormData{}, err
	}
	if len(body) > maxFormSize {
		return FormData{}, errFormSize
	}

	switch mediaType {
	case "application/x-www-form-urlencoded":
		if bytes.Count(body, []byte("&")) >= maxFields {
			return FormData{}, fmt.Errorf("fn: parsing form: the body has more than %d fields", maxFields)
		}
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return FormData{}, fmt.Errorf("fn: parsing form: %w", err)
		}
		return FormData{Values: values}, nil
	case "multipart/form-data":
		if parameters["boundary"] == "" {
			return FormData{}, errors.New("fn: parsing form: the content type has no boundary")
		}
		form, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).ReadForm(maxFormSize)
		if err != nil {
			return FormData{}, fmt.Errorf("fn: parsing form: %w", err)
		}
		return FormData{Values: form.Value, Files: form.File}, nil
	}
	return FormData{}, fmt.Errorf("fn: parsing form: unsupported content type %s", mediaType)
}

var errFormSize = fmt.Errorf("fn: parsing form: the body has more than %d bytes", maxFormSize)
