package jwks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maxBody bounds what an endpoint answers. Issuers' key sets have 2 to 20 KB.
const maxBody = 512 << 10

// maxRedirects is how many are followed.
const maxRedirects = 3

// A fetcher fetches the keys of an issuer.
type fetcher struct {
	options Options
	client  *http.Client
}

func newFetcher(o Options) *fetcher {
	client := http.Client{}
	if o.Client != nil {
		client = *o.Client
	}
	f := &fetcher{options: o, client: &client}
	client.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		if via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
			return fmt.Errorf("a redirect to %q, which is not https", request.URL)
		}
		return f.check(request.URL)
	}
	return f
}

func (f *fetcher) keys(ctx context.Context) ([]key, error) {
	address := f.options.URL
	switch {
	case (address == "") == (f.options.Issuer == ""):
		return nil, errors.New("want one of URL and Issuer")
	case address == "":
		var err error
		if address, err = f.discover(ctx); err != nil {
			return nil, err
		}
	}
	data, err := f.get(ctx, address)
	if err != nil {
		return nil, err
	}
	return parse(data)
}

// discover is the address of the issuer's key set, as its configuration has it.
func (f *fetcher) discover(ctx context.Context) (string, error) {
	data, err := f.get(ctx, strings.TrimSuffix(f.options.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	var configuration struct {
		Issuer string
		URI    string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(data, &configuration); err != nil {
		return "", fmt.Errorf("the configuration: %w", err)
	}
	if configuration.Issuer != f.options.Issuer {
		return "", fmt.Errorf("the configuration is of the issuer %q, want %q", configuration.Issuer, f.options.Issuer)
	}
	if strings.HasPrefix(f.options.Issuer, "https:") && !strings.HasPrefix(configuration.URI, "https:") {
		return "", fmt.Errorf("the configuration has the keys at %q, which is not https", configuration.URI)
	}
	return configuration.URI, nil
}

// get is what an address answers.
func (f *fetcher) get(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if err := f.check(u); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", address, response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", address, err)
	}
	if len(data) > maxBody {
		return nil, fmt.Errorf("GET %s: more than %d bytes", address, maxBody)
	}
	return data, nil
}

// check is nil for an address whose answer only the issuer can have given.
func (f *fetcher) check(u *url.URL) error {
	host := u.Hostname()
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case u.User != nil:
		return errors.New("the address has a user or a password in it") // which is not named, so as not to log it
	case host != "" && (u.Scheme == "https" || u.Scheme == "http" && (local || f.options.AllowHTTP)):
		return nil
	}
	return fmt.Errorf("the address %q is not https", u)
}
