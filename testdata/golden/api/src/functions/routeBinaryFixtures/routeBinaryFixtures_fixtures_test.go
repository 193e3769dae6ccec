package routebinaryfixtures

import (
	"net/http"

	"example.com/golden/api/src/lib/fntest"
)

// request returns the request that the tests send. Add a function like it for
// every other request that your tests need.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod:     http.MethodGet,
		Path:           "/files/a/b",
		PathParameters: map[string]string{"path": "a/b"},
	}
}
