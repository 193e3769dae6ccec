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

// maxBody is the maximum size of a response in bytes. Key sets have 2 to 20 KB.
const maxBody = 512 << 10

// maxRedirects is the maximum number of redirects to follow.
const maxRedirects = 3

// A fetcher downloads the keys of an issuer.
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
			return fmt.Errorf("redirect to %s does not use https", display(request.URL))
		}
		return f.checkURL(request.URL)
	}
	return f
}

func (f *fetcher) keys(ctx context.Context) ([]key, error) {
	address := f.options.URL
	switch {
	case (address == "") == (f.options.Issuer == ""):
		return nil, errors.New("set either URL or Issuer")
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
	return parseSet(data)
}

// discover returns the URL of the key set from the issuer's OpenID
// configuration.
func (f *fetcher) discover(ctx context.Context) (string, error) {
	data, err := f.get(ctx, strings.TrimSuffix(f.options.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	var configuration struct {
		Issuer  string
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(data, &configuration); err != nil {
		return "", fmt.Errorf("decoding the OpenID configuration: %w", err)
	}
	if configuration.Issuer != f.options.Issuer {
		return "", fmt.Errorf("OpenID configuration of issuer %q, want %q", configuration.Issuer, f.options.Issuer)
	}
	if strings.HasPrefix(f.options.Issuer, "https:") && !strings.HasPrefix(configuration.JWKSURI, "https:") {
		return "", errors.New("jwks_uri does not use https")
	}
	return configuration.JWKSURI, nil
}

// get returns the body at address.
func (f *fetcher) get(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("URL is not valid") // err contains the URL
	}
	if err := f.checkURL(u); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	response, err := f.client.Do(request)
	if err != nil {
		if urlError := (*url.Error)(nil); errors.As(err, &urlError) {
			err = urlError.Err
		}
		return nil, fmt.Errorf("GET %s: %w", display(u), err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", display(u), response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", display(u), err)
	}
	if len(data) > maxBody {
		return nil, fmt.Errorf("GET %s: response exceeds %d bytes", display(u), maxBody)
	}
	return data, nil
}

// checkURL returns an error unless a response from u must come from the issuer:
// over TLS, from this machine, or over a network that AllowHTTP trusts.
func (f *fetcher) checkURL(u *url.URL) error {
	host := u.Hostname()
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case u.User != nil:
		return errors.New("URL contains a user name or password") // do not log it
	case host != "" && (u.Scheme == "https" || u.Scheme == "http" && (local || f.options.AllowHTTP)):
		return nil
	}
	return fmt.Errorf("URL %q does not use https", display(u))
}

// display returns a URL for error messages, without the user and the query,
// which may contain secrets.
func display(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Opaque: u.Opaque, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return shown.String()
}
