// Package lambdaentry runs a function on AWS Lambda behind API Gateway, a
// function URL or a load balancer.
//
// It replaces lambda.Start for handlers of one type, and supports the formats
// of events that package payload converts. It uses no reflection to call the
// handler, and parses each event once. Build programs that use it with the tag
// lambda.norpc, which all current Lambda runtimes (provided.al2023) support.
//
// # Errors
//
// If a handler returns an error or panics, the invocation fails, as with
// lambda.Start. It counts in Lambda's Errors metric and is marked in X-Ray, so
// that existing alarms keep working. The client gets a generic response: 502
// from REST APIs, function URLs and load balancers, 500 from HTTP APIs. (fngen
// serve responds 500.) The error, and the stack trace of a panic, is logged and
// returned to callers of Lambda's Invoke API, who need permission for it. A
// panic does not end the process, because other invocations may be running in
// it (AWS_LAMBDA_MAX_CONCURRENCY).
//
// If a response is malformed (see [payload.Kind.Encode]) or too large for the
// service (see [payload.Kind.ResponseLimit]), the client gets 502 and the
// reason is logged. Lambda itself would end the process for the latter.
//
// If an event is not an HTTP request, the invocation fails with an error that
// names the service that sent the event.
package lambdaentry

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/fngen/fngen/templates/runtime/lambdastart"
	"github.com/fngen/fngen/templates/runtime/payload"
	"github.com/fngen/fngen/templates/runtime/route"
)

// A Function is run by [Start].
type Function struct {
	Name    string
	Handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

	// Routes and CORS say which requests Handler answers, as in
	// [route.Function]. They are checked here too, because function URLs
	// and load balancers send every request.
	Routes []string
	CORS   bool
}

// Start runs f.Handler for each invocation. It does not return. The context is
// Lambda's: its deadline is the function's timeout, and
// lambdacontext.FromContext returns the request id. [lambdastart.Start] says how
// many invocations run concurrently, and when the shutdown functions run.
func Start(f Function, shutdown ...func(context.Context) error) {
	lambdastart.Start(newHandler(f), shutdown...)
}

// A lambdaHandler adapts a function to lambda.Handler.
type lambdaHandler struct {
	Function
	router *route.Router
}

func newHandler(f Function) *lambdaHandler {
	return &lambdaHandler{f, route.New(route.Function{Name: f.Name, Routes: f.Routes, CORS: f.CORS})}
}

// Invoke implements lambda.Handler.
func (h *lambdaHandler) Invoke(ctx context.Context, data []byte) ([]byte, error) {
	request, err := payload.Decode(data)
	if err != nil {
		return nil, err
	}
	event, kind := request.APIGatewayProxyRequest, request.Kind
	if match := h.router.FindEvent(&event, kind.DecodesPath()); match.Status != 0 {
		return kind.Encode(match.Response())
	}
	response, err := call(request.Context(ctx), h.Handler, event)
	if err != nil {
		return nil, err
	}
	encoded, err := kind.Encode(response)
	if err != nil {
		slog.ErrorContext(ctx, "malformed function response", "error", err, "requestId", requestID(ctx))
		return kind.Encode(payload.BadGateway())
	}
	if limit := kind.ResponseLimit(); len(encoded) > limit {
		slog.ErrorContext(ctx, "function response is too large",
			"bytes", len(encoded), "limit", limit, "requestId", requestID(ctx))
		return kind.Encode(payload.BadGateway())
	}
	return encoded, nil
}

// call calls a function and converts a panic to an error.
func call[R any](
	ctx context.Context, fn func(context.Context, events.APIGatewayProxyRequest) (R, error),
	event events.APIGatewayProxyRequest,
) (response R, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = lambdastart.Panic(value)
		}
	}()
	return fn(ctx, event)
}

func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}
