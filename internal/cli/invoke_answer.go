package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/devserver"
)

// A devServer is what answers at the port of the development server.
type devServer struct {
	port int
	mine bool // it is fngen dev, and the project is this one

	devserver.Info // what it says of itself
}

func (d devServer) running() bool { return d.mine }
func (d devServer) host() string  { return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)) }
func (d devServer) base() string  { return "http://" + d.host() }

// A noServerError says that no development server of the project is running.
type noServerError struct{ at devServer }

func (e noServerError) Error() string {
	if e.at.Project != "" {
		return fmt.Sprintf("the fngen dev on port %d is that of %s", e.at.port, printable(e.at.Project))
	}
	return fmt.Sprintf("no fngen dev is running on port %d", e.at.port)
}

func (e noServerError) Hint() string {
	if e.at.Project != "" {
		return "fngen dev --port N"
	}
	return "fngen dev"
}

// client asks servers on this machine: by no proxy, and with the answer as it is.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: -1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answerTime is how long the development server may take to say who it is.
const answerTime = 2 * time.Second

// dev asks the development server who it is. Anything else at the port is none.
func (v invoker) dev(ctx context.Context) (devServer, error) {
	dev := devServer{port: v.o.port}
	asking, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	said := dev
	var err error
	if said.Info, err = devserver.Ask(asking, dev.port); err != nil {
		return dev, ctx.Err()
	}
	there, errThere := os.Stat(said.Project)
	here, errHere := os.Stat(v.project.Dir)
	said.mine = errThere == nil && errHere == nil && os.SameFile(there, here)
	if !said.mine {
		said.PublicURL = ""
	}
	return said, nil
}

// get is what a URL answers with status 200, up to a number of bytes.
func get(ctx context.Context, url string, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client().Do(req)
	if err != nil {
		return nil, reason(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, most))
}

// reason is a client's error without the address, which says nothing to who has not typed it.
func reason(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// deliveries are those that the development server kept.
func (v invoker) deliveries(ctx context.Context, dev devServer) ([]delivery.Delivery, error) {
	if !dev.running() {
		return nil, noServerError{dev}
	}
	body, err := get(ctx, dev.base()+"/.fngen/deliveries", 1<<30)
	if err != nil {
		return nil, fmt.Errorf("cannot get the deliveries: %w", err)
	}
	all := []delivery.Delivery{}
	if json.Unmarshal(body, &all) != nil {
		return nil, errors.New("cannot read the deliveries: fngen dev is of another version")
	}
	if v.o.name == "" || v.o.replay > 0 {
		return all, nil
	}
	f, err := findFunction(v.project, v.o.name)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(d delivery.Delivery) bool { return d.Function != f.Name }), nil
}

// list prints the deliveries.
func (v invoker) list(ctx context.Context, dev devServer) error {
	all, err := v.deliveries(ctx, dev)
	if err != nil {
		return err
	}
	if v.o.json {
		return printJSON(v.w.Stdout, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(v.w.Stderr, "fngen: note: no webhook was delivered yet")
		return nil
	}
	table := tabwriter.NewWriter(v.w.Stdout, 0, 0, 2, ' ', 0)
	for _, d := range all {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%d\t%d B\n", d.N, d.Time.Local().Format(time.TimeOnly),
			printable(d.Function), printable(d.Method), printable(d.Target), d.Status, d.Size())
	}
	return table.Flush()
}

// An answer is what a function answers.
type answer struct {
	proto, status string // HTTP/1.1, 200 OK
	code          int
	header        http.Header
	body          []byte
	took          time.Duration
}

// send sends a request to the server at base.
func (v invoker) send(ctx context.Context, base string, r request) (answer, error) {
	target := base + r.path
	if r.query != "" {
		target += "?" + r.query
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, reason(err)
	}
	req.Header = r.header
	req.Host = r.host
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "fngen/"+v.w.Version)
	}
	start := time.Now()
	resp, err := client().Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("cannot call the function: %w", reason(err))
	}
	defer resp.Body.Close()
	a := answer{proto: resp.Proto, status: resp.Status, code: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return answer{}, fmt.Errorf("cannot read the answer: %w", err)
	}
	a.took = time.Since(start)
	if r.event && a.code == http.StatusOK {
		return a.ofLambda()
	}
	return a, nil
}

// ofLambda is what an invocation's answer says.
func (a answer) ofLambda() (answer, error) {
	if a.header.Get("X-Amz-Function-Error") != "" {
		var failed struct{ ErrorMessage, ErrorType string }
		if err := json.Unmarshal(a.body, &failed); err != nil {
			return a, errors.New("the function failed, and does not say why")
		}
		return a, errors.New(printable(fmt.Sprintf("the function failed: %s: %s", failed.ErrorType, failed.ErrorMessage)))
	}
	var response struct {
		events.APIGatewayProxyResponse
		Cookies []string `json:"cookies"` // of payload format 2.0
	}
	if err := json.Unmarshal(a.body, &response); err != nil || response.StatusCode < 100 || response.StatusCode > 999 {
		return a, errors.New("the function's answer is none of API Gateway's")
	}
	a.code = response.StatusCode
	a.status = strings.TrimSpace(strconv.Itoa(a.code) + " " + http.StatusText(a.code))
	a.header = http.Header{}
	for name, value := range response.Headers {
		a.header.Set(name, value)
	}
	for name, values := range response.MultiValueHeaders { // which beat the others
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	for _, cookie := range response.Cookies {
		a.header.Add("Set-Cookie", cookie)
	}
	a.body = []byte(response.Body)
	if response.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(response.Body)
		if err != nil {
			return a, errors.New("the function's answer is not in base64, and says that it is")
		}
		a.body = body
	}
	return a, nil
}

// print prints an answer as the command line asks for it.
func (v invoker) print(a answer, terminal bool) error {
	if !v.o.json && !v.o.include || a.code >= http.StatusBadRequest {
		fmt.Fprintf(v.w.Stderr, "fngen: %s, %d ms\n", printable(a.status), a.took.Milliseconds())
	}
	if v.o.json {
		return printJSON(v.w.Stdout, a.json())
	}
	var out bytes.Buffer
	if v.o.include {
		out.WriteString(a.head(terminal))
	}
	switch {
	case v.o.output != "":
		if err := os.WriteFile(v.o.output, a.body, 0o666); err != nil {
			return err
		}
	case terminal && isBinary(a.body):
		fmt.Fprintf(v.w.Stderr, "fngen: note: its %d bytes of %s are not for a terminal\nhint: -o FILE\n",
			len(a.body), printable(cmp.Or(a.header.Get("Content-Type"), "binary data")))
	case terminal:
		out.WriteString(forTerminal(string(a.body)))
	default:
		out.Write(a.body)
	}
	_, err := v.w.Stdout.Write(out.Bytes())
	return err
}

// answerJSON is an answer in JSON.
type answerJSON struct {
	Status          int         `json:"status"`
	Headers         http.Header `json:"headers"`
	Body            string      `json:"body"`
	IsBase64Encoded bool        `json:"isBase64Encoded"`
}

func (a answer) json() answerJSON {
	if isBinary(a.body) {
		return answerJSON{a.code, a.header, base64.StdEncoding.EncodeToString(a.body), true}
	}
	return answerJSON{a.code, a.header, string(a.body), false}
}

// head is the answer's status line and headers, and an empty line.
func (a answer) head(terminal bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n", a.proto, a.status)
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		for _, value := range a.header[name] {
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	if terminal {
		return forTerminal(text.String()) + "\n"
	}
	return text.String() + "\n"
}

// isBinary tells whether bytes are no text.
func isBinary(body []byte) bool {
	return !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0
}

// forTerminal is a text, whole lines of it, that does to a terminal nothing but appear there.
func forTerminal(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j, cell := range cells {
			cells[j] = printable(cell)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	text = strings.Join(lines, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// printable is a text with its control characters, and those that turn its direction round, written out.
func printable(text string) string {
	var written strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			quoted := strconv.QuoteRuneToASCII(r)
			written.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		written.WriteRune(r)
	}
	return written.String()
}
