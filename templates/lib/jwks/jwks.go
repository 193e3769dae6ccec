// Package jwks has the public keys that an issuer of tokens publishes: its JSON Web Key Set (RFC 7517).
//
//	var auth0 = auth.JWT(auth.JWTOptions{
//		Keys:     jwks.New(jwks.Options{URL: "https://TENANT.auth0.com/.well-known/jwks.json"}).Keys,
//		Issuer:   "https://TENANT.auth0.com/",
//		Audience: []string{"https://api.example.com"},
//	})
//
// The keys are fetched when the first token asks for one, and kept. They are fetched anew when they are
// old, and when a token names one that is not among them, as happens after a rotation: but for that seldom,
// whatever tokens there are. While the endpoint fails, the keys that were had stay, for a day, and it is asked
// less and less often. Nothing runs between requests, where a function may be frozen.
//
// It is no decoder: which tokens count is package auth's to say.
package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// What Options have where they say nothing.
const (
	DefaultMaxAge      = 10 * time.Minute
	DefaultMaxStale    = 24 * time.Hour
	DefaultMinInterval = 30 * time.Second
	DefaultTimeout     = 3 * time.Second
)

// The pauses between attempts that fail: the first, doubled each time up to the last.
const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
)

// Options say where the keys are. Either URL or Issuer is needed; the zero value of each
// other field has a default.
type Options struct {
	// URL is where the key set is. It has to be https, or on this machine.
	URL string

	// Issuer is that of OpenID Connect, whose configuration says where its key set is
	// (OpenID Connect Discovery 1.0, section 4): the claim iss of its tokens.
	Issuer string

	// MaxAge is how long keys count without asking again: what is revoked may sign for that long.
	MaxAge time.Duration

	// MaxStale is how long they count while the endpoint fails.
	MaxStale time.Duration

	// MinInterval is the least time between two fetches for the sake of unknown keys: anyone can
	// make a token that names one.
	MinInterval time.Duration

	// Timeout bounds a fetch. Tokens wait for it, as long as their requests do.
	Timeout time.Duration

	// Client fetches. It follows redirects as URL would be allowed, whatever CheckRedirect it has.
	Client *http.Client

	// AllowHTTP is for an endpoint in a network that nobody else has access to. Who can change
	// what it answers can sign in as anyone.
	AllowHTTP bool

	// Now is the clock, time.Now where it is nil.
	Now func() time.Time
}

// A Set is the keys of one issuer. It is for any number of goroutines.
type Set struct {
	options Options
	fetch   func(context.Context) ([]key, error)

	mu       sync.Mutex
	keys     []key         // of the last fetch that succeeded
	fetched  time.Time     // when that was
	searched time.Time     // when one for the sake of an unknown key was
	failures int           // in a row
	err      error         // of the last of them
	next     time.Time     // when there may be another attempt
	flight   chan struct{} // closed when the fetch that is under way ends; nil where there is none
}

// New is the set of the options. It does not fetch.
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

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Keys are those that may have signed a token whose header has the id and the algorithm: one, as a rule. Where the id is
// empty, they are all that the algorithm may use.
func (s *Set) Keys(ctx context.Context, id, algorithm string) ([]crypto.PublicKey, error) {
	for waited := false; ; waited = true {
		keys, flight, err := s.find(ctx, id, algorithm, waited)
		if flight == nil {
			return keys, err
		}
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for %s: %w", s.name(), context.Cause(ctx))
		}
	}
}

// find looks for keys, and starts a fetch where that may find better ones. It returns the fetch
// to wait for, save to one who has waited already.
func (s *Set) find(ctx context.Context, id, algorithm string, waited bool) ([]crypto.PublicKey, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	age := now.Sub(s.fetched)
	had := !s.fetched.IsZero() && age < s.options.MaxStale
	var found []crypto.PublicKey
	if had {
		found = matching(s.keys, id, algorithm)
	}
	fresh := had && age < s.options.MaxAge
	if fresh && len(found) > 0 {
		return found, nil, nil
	}

	if !waited {
		if s.flight == nil && s.may(now, fresh) {
			if fresh {
				s.searched = now
			}
			s.flight = make(chan struct{})
			go s.refresh(context.WithoutCancel(ctx)) // others wait for it too
		}
		if s.flight != nil {
			return nil, s.flight, nil
		}
	}
	switch {
	case len(found) > 0:
		return found, nil, nil
	case s.err != nil:
		return nil, nil, fmt.Errorf("the keys of %s: %w", s.name(), s.err)
	}
	return nil, nil, fmt.Errorf("%w %q for %s at %s", errNoKey, id, algorithm, s.name())
}

var errNoKey = errors.New("no key")

// may tells whether it is time for a fetch, which is for the sake of an unknown key where the
// keys are fresh. The first of those always is.
func (s *Set) may(now time.Time, fresh bool) bool {
	if now.Before(s.next) {
		return false
	}
	return !fresh || now.Sub(s.searched) >= s.options.MinInterval
}

// refresh fetches, and ends the flight.
func (s *Set) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	keys, err := s.fetch(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	if err != nil {
		s.err = err
		s.next = now.Add(min(firstPause<<min(s.failures, 30), lastPause))
		s.failures++
	} else {
		s.keys, s.fetched, s.next = keys, now, time.Time{}
		s.err, s.failures = nil, 0
	}
	close(s.flight)
	s.flight = nil
}

// name is what errors call the set.
func (s *Set) name() string {
	if s.options.URL != "" {
		return s.options.URL
	}
	return s.options.Issuer
}
