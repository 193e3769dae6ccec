package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// A devServer is a fake fngen dev that records the last request. Scripts use it
// with these commands:
//
//	devserver DIR [URL]              starts it
//	received                         prints the last request and forgets it
//	! received                       checks that no request was received
//	verifies SCHEME SECRET [K=V...]  verifies the signature of the last request
//
// devserver serves the project in DIR with the public URL, and sets
// FNGEN_API_PORT. K is header, url or issuer.
//
// Its response is in the file responses/PATH, as HTTP/1.1 on the wire. Without
// that file, it is {"ok":true}.
type devServer struct {
	mu   sync.Mutex
	last *http.Request
	body []byte
}

// devServerKey is the key of a script's devServer.
type devServerKey struct{}

func (d *devServer) record(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = []byte(err.Error())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last, d.body = r, body
}

func (d *devServer) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = nil
}

func startDevServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: devserver DIR [URL]")
	}
	info := map[string]string{"project": ts.MkAbs(args[0]), "version": "v0.1.0"}
	if len(args) == 2 {
		info["publicUrl"] = args[1]
	}
	responses := ts.MkAbs("responses")
	d := ts.Value(devServerKey{}).(*devServer)
	d.reset()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.fngen/dev" {
			_ = json.NewEncoder(w).Encode(info)
			return
		}
		if !strings.HasPrefix(r.URL.Path, "/.fngen/") {
			d.record(r)
		}
		// The path comes from a script, and contains no "..".
		data, err := os.ReadFile(responses + r.URL.Path)
		if err != nil {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"ok":true}`)
			return
		}
		response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for name, values := range response.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	ts.Defer(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	ts.Check(err)
	ts.Setenv("FNGEN_API_PORT", port)
	ts.Setenv("PORT", port)
}

func received(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: received")
	}
	d := ts.Value(devServerKey{}).(*devServer)
	d.mu.Lock()
	defer d.mu.Unlock()
	if neg {
		if d.last != nil {
			ts.Fatalf("received %s", d.last.RequestURI)
		}
		return
	}
	if d.last == nil {
		ts.Fatalf("no request was received")
	}
	host := strings.ReplaceAll(d.last.Host, ts.Getenv("PORT"), "PORT")
	fmt.Fprintf(ts.Stdout(), "%s %s\nHost: %s\n", d.last.Method, d.last.RequestURI, host)
	var names []string
	for name := range d.last.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range d.last.Header[name] {
			fmt.Fprintf(ts.Stdout(), "%s: %s\n", name, value)
		}
	}
	switch {
	case !utf8.Valid(d.body):
		fmt.Fprintf(ts.Stdout(), "\n%q\n", d.body)
	case len(d.body) > 0:
		fmt.Fprintf(ts.Stdout(), "\n%s\n", d.body)
	}
	d.last = nil
}

func verifies(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: verifies SCHEME SECRET [K=V...]")
	}
	scheme := schemes.Named(args[0])
	options := webhooks.Options{Secret: args[1]}
	for _, arg := range args[2:] {
		switch key, value, _ := strings.Cut(arg, "="); key {
		case "header":
			options.SignatureHeader = value
		case "url":
			options.URL = value
		case "issuer":
			options.Issuer = value
		default:
			ts.Fatalf("unknown option %s", strconv.Quote(key))
		}
	}
	d := ts.Value(devServerKey{}).(*devServer)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil {
		ts.Fatalf("no request was received")
	}
	query, err := url.ParseQuery(d.last.URL.RawQuery)
	ts.Check(err)
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{
		ClientContext: lambdacontext.ClientContext{Custom: map[string]string{
			"rawPath": d.last.URL.EscapedPath(), "rawQueryString": d.last.URL.RawQuery,
		}},
	})
	_, err = webhooks.VerifyEventContext(ctx, scheme, events.APIGatewayProxyRequest{
		HTTPMethod: d.last.Method, Path: d.last.URL.Path,
		MultiValueHeaders: d.last.Header, MultiValueQueryStringParameters: query, Body: string(d.body),
	}, options)
	if (err == nil) == neg {
		ts.Fatalf("verification: %v", err)
	}
}
