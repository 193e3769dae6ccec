package binaryfixtures

import (
	"net/http"

	"example.com/golden/api/src/lib/fntest"
)

// request returns the request that the tests send. Write a function like it for
// each other request that deserves a name.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodGet,
		Path:       "/binaryFixtures",
	}
}
