package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// A reverse proxy of fngen gets the request id, and is told that a function
// failed. Other clients are not.
func TestProxied(t *testing.T) {
	var id string
	handler := (&gateway.Gateway{PeerHeader: "Fngen-Peer"}).Handler(
		func(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			id = event.RequestContext.RequestID
			if event.Path == "/fail" {
				return events.APIGatewayProxyResponse{}, errors.New("failed")
			}
			return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
		})
	for _, test := range []struct{ peer, path, note string }{
		{"192.0.2.1", "/", ""}, {"192.0.2.1", "/fail", "failed"}, {"", "/", ""}, {"", "/fail", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, test.path, nil)
		if test.peer != "" {
			r.Header.Set("Fngen-Peer", test.peer)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		assert.Equal(t, test.note, w.Header().Get(gateway.NoteHeader))
		if test.peer != "" {
			assert.Equal(t, id, w.Header().Get(gateway.IDHeader))
		} else {
			assert.NotContains(t, w.Header(), gateway.IDHeader)
		}
	}
}
