package generator

import (
	"fmt"
	"strconv"
	"strings"
)

// signatureHeader is the header of the schemes that have none of their own.
const signatureHeader = "X-Webhook-Signature"

// A signer is the sender of a function's webhooks, as its handler and its tests name it.
type signer struct {
	scheme Scheme
	route  string
	env    string // the variable of the secret
	key    string // the constant of what the sender signs with
}

func newSigner(scheme Scheme, name Name) signer {
	s := signer{scheme: scheme, route: name.Route(), env: scheme.SecretEnv(name), key: "secret"}
	if scheme.HasPublicKey() {
		s.key = "privateKey"
	}
	return s
}

// Scheme is the constant in package webhooks.
func (s signer) Scheme() string { return s.scheme.Ident }

// Sender is who signs.
func (s signer) Sender() string {
	if !s.scheme.IsProvider() {
		return "the sender of the webhook"
	}
	return s.scheme.sender
}

// require is the guard.
func (s signer) require() string {
	options := "SecretEnv: " + strconv.Quote(s.env)
	switch {
	case !s.scheme.IsProvider():
		options = fmt.Sprintf("SignatureHeader: %q,\n%s,\n", signatureHeader, options)
	case s.scheme.urlEnv != "":
		options = fmt.Sprintf("%s,\nURLEnv: %q,\n", options, s.scheme.urlEnv)
	}
	if strings.HasSuffix(options, "\n") {
		options = "\n" + options
	}
	return fmt.Sprintf("webhooks.Require(webhooks.%s, webhooks.Options{%s})", s.scheme.Ident, options)
}

// doc is what the guard does.
func (s signer) doc() []string {
	if !s.scheme.IsProvider() {
		return []string{
			"webhooks.Require answers 401 unless the signature verifies. While",
			s.env + " is unset, none does.",
		}
	}
	doc := []string{
		"webhooks.Require answers 401 unless the request is signed as " + s.scheme.sender + " signs.",
		"While " + s.env + " is unset, none is.",
	}
	if s.scheme.urlEnv != "" {
		doc = append(doc, s.scheme.urlEnv+" is the address that "+s.scheme.sender+" calls, which it signs.")
	}
	if len(s.scheme.handshakes) > 0 {
		doc = append(doc, "It answers "+s.scheme.sender+"'s handshakes itself.")
	}
	return doc
}

// setup are the statements by which a test has the handler verify.
func (s signer) setup() []string {
	verifies := s.key
	if s.scheme.keys.verifies != "" {
		verifies = "publicKey"
	}
	setup := fmt.Sprintf("t.Setenv(%q, %s)", s.env, verifies)
	if s.scheme.urlEnv != "" {
		setup += fmt.Sprintf("\nt.Setenv(%q, address)", s.scheme.urlEnv)
	}
	return []string{setup}
}

// constants declares what the tests sign with.
func (s signer) constants() string {
	type constant struct{ name, value string }
	list := []constant{{s.key, s.scheme.keys.signs}}
	comment := "// What " + s.Sender() + " signs with."
	switch {
	case !s.scheme.IsProvider():
		list = append(list, constant{"header", signatureHeader})
		comment = "// What " + s.Sender() + " signs with, and where."
	case s.scheme.urlEnv != "":
		list = append(list, constant{"address", "https://example.com" + s.route})
		comment = "// What " + s.Sender() + " signs with, and the address that it calls."
	case s.scheme.keys.verifies != "":
		list = append(list, constant{"publicKey", s.scheme.keys.verifies})
		comment = "// What " + s.Sender() + " signs with, and what verifies it."
	}
	if len(list) == 1 {
		return fmt.Sprintf("%s\nconst %s = %q", comment, list[0].name, list[0].value)
	}
	text := comment + "\nconst (\n"
	for _, c := range list {
		text += fmt.Sprintf("%s = %q\n", c.name, c.value)
	}
	return text + ")"
}

// signed calls the test's function signed. What the scheme has no use for is left out.
func (s signer) signed(key, header, at string) string {
	arguments := key
	if !s.scheme.IsProvider() {
		arguments += ", " + header
	}
	if s.scheme.stamped {
		arguments += ", " + at
	}
	return "signed(" + arguments + ")"
}

// Parameters are those of the function signed.
func (s signer) Parameters() string {
	parameters := s.key + " string"
	if !s.scheme.IsProvider() {
		parameters = s.key + ", header string"
	}
	if s.scheme.stamped {
		parameters += ", at time.Time"
	}
	return parameters
}

// Which says which of the sender's events the function signed makes.
func (s signer) Which() string {
	which := "with that " + map[bool]string{true: "key", false: "secret"}[s.key == "privateKey"]
	if !s.scheme.IsProvider() {
		which += ", in that header"
	}
	if s.scheme.stamped {
		which += ", at that time"
	}
	return which
}

// Options are those of the signer in the function signed.
func (s signer) Options() string {
	options := "Secret: " + s.key
	if !s.scheme.IsProvider() {
		options += ", SignatureHeader: header"
	}
	if s.scheme.urlEnv != "" {
		options += ", URL: address"
	}
	if s.scheme.stamped {
		options += ", EventTimestamp: at"
	}
	return options
}

// Key is the constant of what the sender signs with.
func (s signer) Key() string { return s.key }

// literal is a Go literal of a text: of one with quotes, as JSON has, one that can be read.
func literal(text string) string {
	if strings.Contains(text, `"`) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}
