package webhooks

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- HMAC-SHA1 is not broken
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Twilio signs the public URL and the fields of a form: their HMAC-SHA1 in
// base64, with the account's auth token. It adds the hash of any other body to
// the query. There is no timestamp. The message ID is in the header
// I-Twilio-Idempotency-Token, which is not signed. Include the query in
// Options.URL if it has one: nothing separates it from the form in what is
// signed. https://www.twilio.com/docs/usage/webhooks/webhooks-security
var Twilio Scheme = twilio{}

type twilio struct{}

func (twilio) String() string { return "twilio" }

func (twilio) verify(m message, secret string) error {
	signature, err := m.signature("X-Twilio-Signature")
	if err != nil {
		return err
	}
	address, err := m.publicURL(twilioHash)
	if err != nil {
		return err
	}
	form, err := twilioForm(&m)
	if err != nil {
		return err
	}
	var wanted []string
	for _, address := range twilioURLs(address) {
		mac := hmac.New(sha1.New, []byte(secret))
		mac.Write([]byte(address + form))
		wanted = append(wanted, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return match(signature, wanted...)
}

// twilioHash is the query parameter that has the SHA-256 in hexadecimal of a
// body that is not a form.
const twilioHash = "bodySHA256"

// twilioForm returns what Twilio signs of a body: the names and values of a
// form, sorted by name, without duplicates or separators. Any other body must
// have its hash in the query. A hash in the query must match, even if the body
// is a form.
func twilioForm(m *message) (string, error) {
	hash := ""
	if values := queryOf(&m.event)[twilioHash]; len(values) > 0 {
		hash = values[len(values)-1]
	}
	digest := sha256.New()
	m.writeBody(digest)
	if hash != "" && hash != hex.EncodeToString(digest.Sum(nil)) {
		return "", fmt.Errorf("the body does not match the hash in the query parameter %s", twilioHash)
	}
	mediaType, _, _ := mime.ParseMediaType(m.header("Content-Type"))
	if mediaType != "application/x-www-form-urlencoded" {
		if hash == "" && len(m.text)+len(m.decoded) > 0 {
			return "", fmt.Errorf("the body is not a form, and the query has no %s", twilioHash)
		}
		return "", nil
	}
	form, err := fn.Form(m.event)
	if err != nil {
		return "", err
	}
	names := make([]string, 0, len(form.Values))
	for name := range form.Values {
		names = append(names, name)
	}
	slices.Sort(names)
	var signed strings.Builder
	for _, name := range names {
		values := slices.Clone(form.Values[name])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			signed.WriteString(name)
			signed.WriteString(value)
		}
	}
	return signed.String(), nil
}

// twilioURLs returns the forms of a URL that Twilio may sign: with or without
// the port, and with the question mark of an empty query, which the event does
// not show.
func twilioURLs(address string) []string {
	all := []string{address}
	if parsed, err := url.Parse(address); err == nil {
		defaultPort := ":443"
		if parsed.Scheme == "http" {
			defaultPort = ":80"
		}
		host := parsed.Host
		if port := parsed.Port(); port != "" {
			host = strings.TrimSuffix(host, ":"+port)
		} else {
			host += defaultPort
		}
		all = append(all, strings.Replace(address, parsed.Host, host, 1))
	}
	if !strings.Contains(address, "?") {
		for _, address := range all {
			all = append(all, address+"?")
		}
	}
	return all
}

// id hashes the signature if there is no ID, because the fields of a form have
// no order.
func (twilio) id(m *message) string {
	if id := m.header("I-Twilio-Idempotency-Token"); id != "" {
		return id
	}
	signature, _ := m.signature("X-Twilio-Signature")
	hash := sha256.Sum256([]byte(signature))
	return "sha256:" + hex.EncodeToString(hash[:])
}

func (twilio) sign(d *draft, secret string) error {
	mediaType, _, _ := mime.ParseMediaType(fn.Header(d.event, "Content-Type"))
	isForm := mediaType == "application/x-www-form-urlencoded"
	if d.body != "" && !isForm {
		hash := sha256.Sum256([]byte(d.body))
		d.setParameter(twilioHash, hex.EncodeToString(hash[:]))
	}
	content, err := d.publicURL()
	if err != nil {
		return err
	}
	if isForm {
		form, err := url.ParseQuery(d.body)
		if err != nil {
			return err
		}
		var names []string
		for name := range form {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			slices.Sort(form[name])
			for _, value := range slices.Compact(form[name]) {
				content += name + value
			}
		}
	}
	d.setSignature("X-Twilio-Signature",
		base64.StdEncoding.EncodeToString(hmacSum(sha1.New, []byte(secret), content)))
	return nil
}

// setParameter sets a parameter of the query.
func (d *draft) setParameter(name, value string) {
	e := &d.event
	e.QueryStringParameters, e.MultiValueQueryStringParameters = withValue(
		e.QueryStringParameters, e.MultiValueQueryStringParameters, name, value)
}
