package fn

import (
	"encoding/base64"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// Binary returns a response with status 200 and data as its body, encoded in
// base64 as API Gateway requires. Lambda limits responses to 6 MB. Serve larger
// files from object storage.
func Binary(contentType string, data []byte) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{
		StatusCode:      http.StatusOK,
		Headers:         map[string]string{"Content-Type": contentType},
		Body:            base64.StdEncoding.EncodeToString(data),
		IsBase64Encoded: true,
	}, nil
}
