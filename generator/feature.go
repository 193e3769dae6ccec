package generator

import (
	"fmt"
	"strconv"
	"strings"
)

// A feature is what one flag adds to a function. A new flag is a new value of
// this type, and a line in [Spec.features]; no template asks which there are.
type feature struct {
	guard          *guard                            // what runs before the handler
	handlerImports []string                          // of the handler
	testImports    []string                          // of the test
	setup          []string                          // statements at the start of each test
	declarations   []string                          // declarations of the test, after its imports
	request        []field                           // fields of the request, over those that are there
	context        func(ctx string) string           // the context in which the guard lets a request pass
	event          string                            // the event that the guard lets pass, instead of the plain one
	requestCall    string                            // what stands for the request, instead of its literal
	tests          func(p *page, c contexts) []block // the guard's own tests
	file           *fileTemplate                     // a file of its own
}

// contexts are those of a guard's tests.
type contexts struct {
	before string                  // as the guards before it let a request pass
	after  func(ctx string) string // ctx, and what the guards after it need
}

// A block is a template and what it prints.
type block struct {
	template string
	data     any
}

// A guard is a middleware of the handler.
type guard struct {
	Middleware string   // the expression
	Doc        []string // what it does, in lines of a comment
}

// Comment is the text of the guard's list item in a doc comment.
func (g guard) Comment() string { return strings.Join(g.Doc, "\n//     ") }

// A field of a composite literal.
type field struct{ Name, Value string }

// features are those of the spec. Order is meaning: the first guard runs first, so that what costs
// less is refused before what costs more, and an unsigned request learns nothing of who may call.
func (s Spec) features(lib func(name string) string) []feature {
	var list []feature
	if s.AllowIP != nil {
		list = append(list, allowIP(*s.AllowIP, lib))
	}
	if s.RateLimit != nil {
		list = append(list, rateLimit(*s.RateLimit, lib))
	}
	if s.Webhook != nil {
		list = append(list, webhook(*s.Webhook, s.Name, lib))
	}
	if s.Auth != nil {
		list = append(list, auth(*s.Auth, lib))
	}
	if s.Fixtures {
		list = append(list, fixtures())
	}
	return list
}

func webhook(scheme Scheme, name Name, lib func(string) string) feature {
	f := feature{
		handlerImports: []string{lib("webhooks")},
		request:        []field{{"HTTPMethod", "http.MethodPost"}},
	}
	if scheme.form {
		f.request = append(f.request, field{"Headers", `map[string]string{"Content-Type": "application/x-www-form-urlencoded"}`})
	}
	f.request = append(f.request, field{"Payload", literal(scheme.sample)})
	if !scheme.signs() {
		f.guard = &guard{
			Middleware: fmt.Sprintf("webhooks.Require(webhooks.%s, webhooks.Options{})", scheme.Ident),
			Doc:        []string{"webhooks.Require lets every request pass, which is for development alone:", "choose a scheme that verifies."},
		}
		return f
	}

	sender := newSigner(scheme, name)
	f.guard = &guard{Middleware: sender.require(), Doc: sender.doc()}
	f.testImports = []string{eventsPackage, lib("webhooks")}
	if scheme.stamped {
		f.testImports = append(f.testImports, "time")
	}
	f.setup = sender.setup()
	f.declarations = []string{sender.constants()}
	f.event = sender.signed(sender.key, "header", "time.Now()")
	f.tests = func(p *page, c contexts) []block {
		type webhookCase struct{ Name, Event string }
		data := struct {
			*page
			signer
			Locals []string
			Cases  []webhookCase
		}{
			page:   p,
			signer: sender,
			Cases: []webhookCase{
				{"unsigned", "fntest.HTTPEvent(" + p.Request() + ")"},
				{"wrong secret", sender.signed(strconv.Quote(scheme.keys.wrong), "header", "time.Now()")},
			},
		}
		if !scheme.IsProvider() {
			data.Cases = append(data.Cases, webhookCase{"wrong header", sender.signed(sender.key, `header+"-Invalid"`, "time.Now()")})
		}
		if scheme.stamped {
			data.Cases = append(data.Cases, webhookCase{"an hour old", sender.signed(sender.key, "header", "time.Now().Add(-time.Hour)")})
		}
		if scheme.payload {
			data.Locals = []string{"tampered := " + f.event + "\ntampered.Body += \" \"\n"}
			data.Cases = append(data.Cases, webhookCase{"tampered payload", "tampered"})
		}
		blocks := []block{{"test_webhook.tmpl", data}}
		if len(scheme.handshakes) > 0 {
			blocks = append(blocks, block{"test_handshake.tmpl", struct {
				*page
				signer
				Context, Request string
				Handshakes       []handshake
			}{p, sender, c.before, p.literal(field{"Payload", "test.payload"}), scheme.handshakes}})
		}
		return blocks
	}
	return f
}

func auth(a Auth, lib func(string) string) feature {
	quoted := make([]string, len(a.Roles))
	for i, role := range a.Roles {
		quoted[i] = strconv.Quote(role)
	}
	user := func(id int, roles ...string) string {
		literal := fmt.Sprintf("&auth.User{ID: \"%d\"", id)
		if len(roles) > 0 {
			literal += ", Roles: []string{" + strings.Join(roles, ", ") + "}"
		}
		return literal + "}"
	}

	type userCase struct{ Name, User, Status string }
	cases := []userCase{{`"anonymous"`, "nil", "http.StatusUnauthorized"}}
	doc := []string{"auth.Require answers 401 where nobody is signed in."}
	if len(a.Roles) > 0 {
		doc = []string{
			"auth.Require answers 401 where nobody is signed in, and 403 to users",
			"without the role " + strings.Join(a.Roles, " or ") + ".",
		}
		cases = append(cases, userCase{`"without the role"`, user(2), "http.StatusForbidden"})
		for i, role := range quoted[1:] {
			cases = append(cases, userCase{strconv.Quote("as " + a.Roles[i+1]), user(i+3, role), "http.StatusOK"})
		}
	}
	return feature{
		guard:          &guard{Middleware: "auth.Require(" + strings.Join(quoted, ", ") + ")", Doc: doc},
		handlerImports: []string{lib("auth")},
		testImports:    []string{lib("auth")},
		declarations:   []string{"// user may call the function.\nvar user = " + user(1, quoted[:min(1, len(quoted))]...)},
		context:        func(ctx string) string { return "auth.WithUser(" + ctx + ", user)" },
		tests: func(p *page, c contexts) []block {
			return []block{{"test_auth.tmpl", struct {
				*page
				Context string
				Cases   []userCase
			}{p, c.after("auth.WithUser(" + c.before + ", test.user)"), cases}}}
		},
	}
}

func fixtures() feature {
	return feature{
		requestCall: "request()",
		file:        &fileTemplate{"fixtures_test.go.tmpl", "_fixtures_test.go"},
	}
}

// A variant is the answer of a handler: blocks that stand in for each other.
type variant struct {
	answer, check  string // templates: the handler's last statements, and the test's
	handlerImports []string
	testImports    []string
}

func (s Spec) variant() variant {
	switch s.Binary {
	case "":
		return variant{answer: "answer_json.tmpl", check: "check_json.tmpl", handlerImports: []string{"net/http"}}
	case DefaultBinary:
		return variant{
			answer: "answer_png.tmpl", check: "check_png.tmpl",
			handlerImports: []string{"bytes", "image", "image/png"},
			testImports:    []string{"bytes", "encoding/base64", "image", "image/png"},
		}
	}
	return variant{answer: "answer_binary.tmpl", check: "check_binary.tmpl", testImports: []string{"encoding/base64"}}
}
