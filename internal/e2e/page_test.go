//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// echo is a function that responds with the body of the request.
const echo = `package echo

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

func Handler(_ context.Context, e events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.Info("received", "bytes", len(e.Body), "password", "hidden")
	if e.QueryStringParameters["panic"] != "" {
		panic("as told")
	}
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: e.Body}, nil
}
`

// A devPage is the page of fngen dev in a browser.
type devPage struct {
	*dev
	t       *testing.T
	browser context.Context
}

// startPage starts fngen dev with the functions echo and payments.
func startPage(t *testing.T, extra ...chromedp.ExecAllocatorOption) devPage {
	t.Helper()
	browser := startBrowser(t, extra...)
	dir := newModule(t)
	do(t, dir, "function", "payments", "--no-tests", "--webhook=stripe")
	writeFile(t, dir, functions+"/echo/echo.go", echo)
	writeFile(t, dir, ".env", "STRIPE_WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
	return devPage{startDevIn(t, dir), t, browser}
}

func (p devPage) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	for _, action := range actions {
		_, err := chromedp.Run(p.browser, action)
		require.NoError(p.t, err, p.text("body"))
	}
}

// text returns what an element shows, or "" while the browser loads another
// page.
func (p devPage) text(selector string) string {
	text, err := chromedp.Run(p.browser, chromedp.Evaluate[string](fmt.Sprintf(
		`(e => e?.checkVisibility() ? e.innerText : "")(document.querySelector(%q))`, selector)))
	if err != nil {
		return ""
	}
	return text
}

// waitFor waits until an element shows a text.
func (p devPage) waitFor(selector, text string) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(p.text(selector), text); {
		require.True(p.t, time.Now().Before(end), "want %q in %s, which shows %q", text, selector, p.text(selector))
		time.Sleep(10 * time.Millisecond)
	}
}

// click clicks the first button below an element with a text.
func (p devPage) click(below, text string) {
	p.t.Helper()
	clicked, err := chromedp.Run(p.browser, chromedp.Evaluate[bool](fmt.Sprintf(
		`(() => {
			const button = [...document.querySelectorAll(%q + " button")].find(b => b.innerText.includes(%q));
			button?.click();
			return Boolean(button);
		})()`, below, text)))
	require.NoError(p.t, err)
	require.True(p.t, clicked, "no button %q in %s: %s", text, below, p.text("body"))
}

// requests returns the number of requests on the page.
func (p devPage) requests() int {
	n, err := chromedp.Run(p.browser, chromedp.Evaluate[int](`document.querySelectorAll("#requests tr").length`))
	require.NoError(p.t, err)
	return n
}

// TestDevPage does in a browser what the page of fngen dev offers.
func TestDevPage(t *testing.T) {
	p := startPage(t)
	p.run(chromedp.Navigate(p.url + "/.fngen/"))
	p.waitFor("#state", "Ready in")
	p.waitFor("#functions", "webhook: stripe")
	p.waitFor("#no-requests", "curl localhost:")

	// Requests appear, and a click shows them without their secrets.
	get(t, p.url+"/echo?token=hidden", "Authorization", "Bearer hidden")
	p.waitFor("#requests tr:nth-child(1)", "/echo")
	p.waitFor("#requests tr:nth-child(1)", "200")
	p.click("#requests", "/echo")
	p.waitFor("#detail", "/echo?token=[redacted]")
	p.waitFor("#detail", "password=[redacted]")
	assert.NotContains(t, p.text("#detail"), "hidden")
	p.waitFor("#functions .chart", "ms")

	// A request can be edited and sent again.
	p.click("#detail", "Edit and send")
	p.run(
		chromedp.SetValue(`.target label:nth-child(1) input`, "POST"),
		chromedp.SetValue(`#detail label:nth-of-type(2) textarea`, "edited body"),
	)
	p.click("#detail", "Send")
	p.waitFor("#detail h2", "POST /echo?token=[redacted] 200")
	p.waitFor("#detail", "edited body")
	p.click("#detail", "Send again")
	p.waitFor("#requests tr:nth-child(3)", "GET")
	assert.Equal(t, 3, p.requests())
	p.click(`#functions [data-function="echo"]`, "New request")
	p.click("#detail", "Send")
	p.waitFor("#detail h2", "GET /echo 200")

	// Sample events are signed, and deliveries can be replayed, also edited.
	p.click(`#functions [data-function="payments"]`, "Send sample")
	p.waitFor("#detail h2", "POST /payments 200")
	p.waitFor("#detail", "Stripe-Signature\n[redacted]")
	p.waitFor("#requests tr:nth-child(1)", "delivery 1")
	p.waitFor("#deliveries li:nth-child(1)", "charge.refunded")
	p.waitFor("#deliveries li:nth-child(1)", "delivery 1 · ")
	p.click("#deliveries", "Replay")
	p.waitFor("#deliveries li:nth-child(2)", "charge.refunded")
	p.waitFor("#detail h2", "POST /payments 200")
	p.click("#detail", "Edit and send")
	p.run(chromedp.SetValue(`#detail label:nth-of-type(2) textarea`, `{"id":"evt_other","type":"edited"}`))
	p.click("#detail", "Send")
	p.waitFor("#deliveries li:nth-child(1)", "edited")
	p.waitFor("#detail h2", "POST /payments 200")

	// What fails says why.
	require.NoError(t, os.Remove(filepath.Join(p.dir, ".env")))
	p.waitFor("#state", "Ready in")
	get(t, p.url+"/echo")          // waits for the build
	for p.text("#message") == "" { // the page removes messages when it learns of a build
		p.click("#deliveries", "Replay")
		time.Sleep(100 * time.Millisecond)
	}
	assert.Contains(t, p.text("#message"), "STRIPE_WEBHOOK_SECRET")

	// Functions that are not called over HTTP run at a click.
	do(t, p.dir, "function", "cleanup", "--no-tests", "--schedule=0 3 * * *")
	do(t, p.dir, "function", "orders", "--no-tests", "--queue")
	writeFile(t, p.dir, functions+"/orders/orders.go", orders)
	p.waitFor("#functions", "0 3 * * *")
	p.click(`#functions [data-function="cleanup"]`, "Run now")
	p.waitFor("#requests tr:nth-child(1)", "EVENT cleanup")
	p.waitFor("#requests tr:nth-child(1)", "200")
	p.click(`#functions [data-function="orders"]`, "Send message")
	p.waitFor("#requests tr:nth-child(1)", "EVENT orders")
	p.waitFor("#requests tr:nth-child(1)", "failed")
	p.click("#requests tr:nth-child(1)", "orders")
	p.waitFor("#detail", "no id")

	// Nothing is wider than a phone.
	p.run(chromedp.EmulateViewport(360, 640))
	width, err := chromedp.Run(p.browser, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
	require.NoError(t, err)
	assert.LessOrEqual(t, width, 360)

	// The list is on the web side's port, too, if there is no web side.
	p.run(chromedp.Navigate(p.web + "/"))
	p.waitFor("#requests", "/payments")
}

// TestDevPageErrors checks that errors are where the developer looks, and that
// they go away by themselves.
func TestDevPageErrors(t *testing.T) {
	p := startPage(t)
	p.run(chromedp.Navigate(p.url + "/.fngen/"))
	p.waitFor("#state", "Ready in")
	p.save(t, functions+"/echo/echo.go", strings.Replace(echo, "len(e.Body)", "length", 1))
	p.waitFor("#problem", "undefined: length")
	p.waitFor("#state", "Failed")
	p.save(t, functions+"/echo/echo.go", echo)
	p.waitFor("#state", "Ready in")
	assert.Empty(t, p.text("#problem"))

	p.save(t, functions+"/echo/echo.go", strings.Replace(echo, "len(e.Body)", "length", 1))
	p.run(chromedp.Navigate(p.url + "/echo"))
	p.waitFor("h1", "The functions do not build")
	p.waitFor(".message", "undefined: length")
	p.waitFor(".source .here", `slog.Info("received", "bytes", length`)
	link, err := chromedp.Run(p.browser, chromedp.Evaluate[string](`document.querySelector(".place a").href`))
	require.NoError(t, err)
	assert.Equal(t, "vscode://file"+filepath.Join(p.dir, functions, "echo", "echo.go")+":11:33", link)
	p.save(t, functions+"/echo/echo.go", strings.Replace(echo, "Body: e.Body", `Body: "repaired"`, 1))
	p.waitFor("body", "repaired")

	p.run(chromedp.Navigate(p.url + "/echo?panic=1"))
	p.waitFor("h1", "The function panicked")
	p.waitFor(".reason", "as told")
	p.waitFor(".place h2", "echo.go:13")
	p.run(chromedp.Navigate(p.url + "/.fngen/"))
	p.waitFor("#requests", "500")
	p.click("#requests", "/echo")
	p.waitFor("#detail .reason", "as told")
	p.waitFor("#detail .here", `panic("as told")`)
	p.run(chromedp.Navigate(p.url + "/echo?panic=1"))
	p.waitFor("h1", "The function panicked")
	p.save(t, functions+"/echo/echo.go", strings.Replace(echo, `panic("as told")`, "e.Body = \"calm\"", 1))
	p.waitFor("body", "calm")

	p.save(t, functions+"/echo/echo.go", echo+"\nfunc init() { panic(\"no init\") }\n")
	p.run(chromedp.Navigate(p.url + "/echo"))
	p.waitFor("h1", "The functions do not start")
	p.waitFor(".reason", "no init")
	p.waitFor(".place h2", "echo.go:18")
	_, err = chromedp.Run(p.browser, chromedp.Evaluate[bool](`window.isSame = true`))
	require.NoError(t, err)
	d := p.dev // the program is started again and again, and the page stays
	before := strings.Count(d.out.all(), "GET ")
	time.Sleep(2 * time.Second)
	isSame, err := chromedp.Run(p.browser, chromedp.Evaluate[bool](`window.isSame === true`))
	require.NoError(t, err)
	assert.True(t, isSame)
	assert.Equal(t, before, strings.Count(d.out.all(), "GET "), "the page was not loaded again")
	_, body := get(t, p.url+"/echo", "Accept", "application/json")
	assert.Contains(t, body, "panic: no init")
	assert.Contains(t, body, `"line":18`)
}

// TestDevPageKeyboard uses the page without a mouse.
func TestDevPageKeyboard(t *testing.T) {
	p := startPage(t)
	get(t, p.url+"/echo")
	p.run(chromedp.Navigate(p.url + "/.fngen/"))
	p.waitFor("#requests", "/echo")
	focused := func(want string) bool {
		is, err := chromedp.Run(p.browser, chromedp.Evaluate[bool](fmt.Sprintf(
			`document.activeElement.matches(%q)`, want)))
		require.NoError(t, err)
		return is
	}
	tabTo := func(selector string) {
		for range 30 {
			if focused(selector) {
				return
			}
			p.run(chromedp.KeyEvent(kb.Tab))
		}
		require.Fail(t, "the keyboard does not reach "+selector)
	}
	tabTo("#requests button")
	p.run(chromedp.KeyEvent(kb.Enter))
	p.waitFor("#detail h2", "GET /echo 200")
	tabTo("#detail .actions button")
	p.run(chromedp.KeyEvent(kb.Enter)) // send again
	p.waitFor("#requests tr:nth-child(1).open + tr", "/echo")
	p.run(chromedp.KeyEvent(kb.Escape))
	assert.True(t, focused("#requests button"), "the focus returns to the list")
	assert.Empty(t, p.text("#detail"))
}

// TestDevPageOfOthers checks in a browser that pages of other origins, and of a
// host name that was resolved to this machine, can use nothing below /.fngen/.
func TestDevPageOfOthers(t *testing.T) {
	p := startPage(t, chromedp.Flag("host-resolver-rules", "MAP evil.test 127.0.0.1"))
	get(t, p.url+"/echo")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Page</title>"))
	}))
	defer other.Close()
	address, err := url.Parse(p.url)
	require.NoError(t, err)
	rebound := "http://evil.test:" + address.Port()

	evaluate := func(script string) string {
		result, err := chromedp.Run(p.browser, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
		require.NoError(t, err)
		return result
	}
	call := func(base, path string, init map[string]any) string {
		options, err := json.Marshal(init)
		require.NoError(t, err)
		return evaluate(fmt.Sprintf(
			`fetch(%q, %s).then(
				async r => r.type + " " + r.status + " " + (await r.text()).includes("echo"),
				() => "blocked")`, base+path, options))
	}
	events := func(base string) string {
		return evaluate(fmt.Sprintf(`new Promise(resolve => {
			const events = new EventSource(%q);
			events.addEventListener("requests", () => resolve("received"));
			events.onerror = () => resolve("blocked");
		})`, base+"/.fngen/events"))
	}
	post := map[string]any{
		"method": "POST", "headers": map[string]string{"Content-Type": "application/json"}, "body": `{"n":1}`,
	}
	p.run(chromedp.Navigate(other.URL))
	for _, path := range []string{"/.fngen/", "/.fngen/requests/1", "/.fngen/deliveries", "/.fngen/page.js"} {
		assert.Equal(t, "blocked", call(p.url, path, map[string]any{}), path)
		assert.Equal(t, "opaque 0 false", call(p.url, path, map[string]any{"mode": "no-cors"}), path)
	}
	assert.Equal(t, "blocked", events(p.url))
	assert.Equal(t, "blocked", call(p.url, "/.fngen/send", post))
	simple := map[string]any{"method": "POST", "mode": "no-cors", "body": `{"n":1}`}
	assert.Equal(t, "opaque 0 false", call(p.url, "/.fngen/send", simple))
	framed := evaluate(fmt.Sprintf(`new Promise(resolve => {
		const frame = document.createElement("iframe");
		frame.onload = () => { try { resolve(String(frame.contentDocument)) } catch { resolve("blocked") } };
		frame.src = %q;
		document.body.append(frame);
	})`, p.url+"/.fngen/"))
	assert.Equal(t, "null", framed)

	p.run(chromedp.Navigate(rebound + "/.fngen/"))
	p.waitFor("body", "Only the developer")
	assert.Equal(t, "basic 403 false", call(rebound, "/.fngen/requests/1", map[string]any{}))
	assert.Equal(t, "basic 403 false", call(rebound, "/.fngen/send", post))
	assert.Equal(t, "blocked", events(rebound))

	p.run(chromedp.Navigate(p.url + "/.fngen/"))
	p.waitFor("#requests", "/echo")
	assert.Equal(t, 1, p.requests(), "nothing was sent")
}

// TestDevNotes checks that a folder without a handler, and a program that does
// not listen, are noted within seconds.
func TestDevNotes(t *testing.T) {
	d := startDev(t, nil)
	d.save(t, functions+"/late/late.go", "package late\n\nfunc handler() {}\n")
	d.err.wait(t, "late.go:3: handler must be named Handler")

	d.save(t, functions+"/divide/wait.go", "package divide\n\nimport \"time\"\n\nfunc init() { time.Sleep(time.Hour) }\n")
	d.err.wait(t, "the functions' program does not listen on its port after 5 s\nhint: look for an init function")
	require.NoError(t, os.Remove(filepath.Join(d.dir, functions, "divide", "wait.go")))
	d.returns(t, "divide", `{"data":"divide function"}`)
}
