// Package jwks fetches and caches the public keys that verify an issuer's
// tokens: its JSON Web Key Set (RFC 7517).
//
//	var keys = jwks.New(jwks.Options{
//		URL: "https://TENANT.auth0.com/.well-known/jwks.json",
//	})
//
//	var auth0 = auth.JWT(auth.JWTOptions{
//		Keys:     keys.Keys,
//		Issuer:   "https://TENANT.auth0.com/",
//		Audience: []string{"https://api.example.com"},
//	})
//
// The first token causes a fetch. The keys are fetched again when they are
// older than [Options].MaxAge, and when a token names an unknown key, for
// example after the issuer rotated its keys. Fetches for unknown keys are
// limited to one per [Options].MinInterval. While the endpoint fails, the
// cached keys are used for up to [Options].MaxStale, and fetches are retried
// with exponential backoff. Nothing runs in the background between requests,
// when a function may be frozen.
//
// Package auth decides which tokens to accept. This package only finds keys.
package jwks

import (
	"cmp"
	"context"
	"crypto"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Defaults of the fields of Options.
const (
	DefaultMaxAge      = 10 * time.Minute
	DefaultMaxStale    = 24 * time.Hour
	DefaultMinInterval = 30 * time.Second
	DefaultTimeout     = 3 * time.Second
)

// The delay after the first failed fetch doubles with each further failure, up
// to maxDelay.
const (
	minDelay = time.Second
	maxDelay = 5 * time.Minute
)

// Options configure a Set. Set either URL or Issuer. All other fields are
// optional.
type Options struct {
	// URL is the address of the key set. It must use https unless it is on this
	// machine.
	URL string

	// Issuer is the issuer (claim iss) of the tokens. Its OpenID configuration
	// names the address of the key set (OpenID Connect Discovery 1.0, section
	// 4).
	Issuer string

	// MaxAge is how long keys are used before they are fetched again. A revoked
	// key is accepted for at most that long.
	MaxAge time.Duration

	// MaxStale is how long keys are used while the endpoint fails.
	MaxStale time.Duration

	// MinInterval is the minimum time between two fetches for unknown keys.
	// Without it, a client with forged tokens could cause a fetch per request.
	MinInterval time.Duration

	// Timeout limits a fetch. Requests wait for a fetch that they need.
	Timeout time.Duration

	// Client sends the requests. Its CheckRedirect is replaced: redirects must
	// lead to an address that would be valid as URL.
	Client *http.Client

	// AllowHTTP permits http for other machines. Use it only in a network that
	// you trust: anyone who can modify the response can sign in as any user.
	AllowHTTP bool

	// Now returns the current time. It defaults to time.Now.
	Now func() time.Time
}

// A Set contains the keys of one issuer. It is safe for concurrent use.
type Set struct {
	options Options
	fetch   func(context.Context) ([]key, error)

	mu           sync.Mutex
	keys         []key         // from the last successful fetch
	fetchedAt    time.Time     // time of that fetch
	lastSearch   time.Time     // time of the last fetch for an unknown key
	failures     int           // consecutive failed fetches
	err          error         // error of the last fetch
	nextAttempt  time.Time     // no fetch before this time
	pendingFetch chan struct{} // closed when the running fetch ends; nil if no fetch is running
}

// New returns a Set. It does not fetch keys yet.
func New(o Options) *Set {
	o.MaxAge = orDefault(o.MaxAge, DefaultMaxAge)
	o.MaxStale = max(o.MaxAge, orDefault(o.MaxStale, DefaultMaxStale))
	o.MinInterval = orDefault(o.MinInterval, DefaultMinInterval)
	o.Timeout = orDefault(o.Timeout, DefaultTimeout)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Set{options: o, fetch: newFetcher(o).keys}
}

func orDefault(d, defaultValue time.Duration) time.Duration {
	if d <= 0 {
		return defaultValue
	}
	return d
}

// Keys returns the public keys that match the key ID and the algorithm of a
// token's header, usually one. If the ID is empty, it returns all keys for the
// algorithm. Keys is an auth.Keys.
func (s *Set) Keys(ctx context.Context, id, algorithm string) ([]crypto.PublicKey, error) {
	keys, pending, err := s.lookup(ctx, id, algorithm, true)
	if pending == nil {
		return keys, err
	}
	select {
	case <-pending:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for %s: %w", s.name(), context.Cause(ctx))
	}
	keys, _, err = s.lookup(ctx, id, algorithm, false)
	return keys, err
}

// lookup returns the matching keys. If mayFetch is true and a fetch could find
// newer ones, it starts the fetch, unless one is running, and returns a channel
// that is closed when the fetch ends.
func (s *Set) lookup(ctx context.Context, id, alg string, mayFetch bool) ([]crypto.PublicKey, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	age := now.Sub(s.fetchedAt)
	usable := !s.fetchedAt.IsZero() && age < s.options.MaxStale
	var found []crypto.PublicKey
	if usable {
		found = matching(s.keys, id, alg)
	}
	fresh := usable && age < s.options.MaxAge
	if fresh && len(found) > 0 {
		return found, nil, nil
	}

	if mayFetch {
		if s.pendingFetch == nil && s.fetchIsDue(now, fresh) {
			if fresh {
				s.lastSearch = now
			}
			s.pendingFetch = make(chan struct{})
			// Other requests wait for the fetch too, so it outlives this one.
			go s.refresh(context.WithoutCancel(ctx))
		}
		if s.pendingFetch != nil {
			return nil, s.pendingFetch, nil
		}
	}
	switch {
	case len(found) > 0:
		return found, nil, nil
	case s.err != nil:
		return nil, nil, fmt.Errorf("fetching keys of %s: %w", s.name(), s.err)
	}
	return nil, nil, fmt.Errorf("no key %q for %s at %s", id, alg, s.name())
}

// fetchIsDue reports whether a fetch may start now. If the cached keys are
// fresh, the fetch is for an unknown key.
func (s *Set) fetchIsDue(now time.Time, fresh bool) bool {
	if now.Before(s.nextAttempt) {
		return false
	}
	return !fresh || now.Sub(s.lastSearch) >= s.options.MinInterval
}

// refresh fetches the keys and ends the pending fetch.
func (s *Set) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	keys, err := s.fetch(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	if err != nil {
		s.err = err
		s.nextAttempt = now.Add(min(minDelay<<min(s.failures, 30), maxDelay))
		s.failures++
	} else {
		s.keys, s.fetchedAt, s.nextAttempt = keys, now, time.Time{}
		s.err, s.failures = nil, 0
	}
	close(s.pendingFetch)
	s.pendingFetch = nil
}

// name returns the address of the key set for error messages.
func (s *Set) name() string {
	u, err := url.Parse(cmp.Or(s.options.URL, s.options.Issuer))
	if err != nil {
		return "the issuer" // err contains the URL
	}
	return display(u)
}
