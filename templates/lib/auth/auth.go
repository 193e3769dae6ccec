// Package auth authenticates requests and restricts functions to signed-in
// users and their roles.
//
// A request contains a token and names the provider that issued it:
//
//	Authorization: Bearer <token>
//	auth-provider: supabase
//
// The provider's entry in [Decoders] verifies the token, [GetCurrentUser]
// turns its claims into a [User], and the handler's context carries that user.
// All three are declared in user.go, which is yours to edit.
//
// [SharedSecret] decodes JSON Web Tokens. For any other kind of token, write a
// [Decoder].
package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

var (
	// ErrUnauthenticated means that no user is signed in (status 401).
	ErrUnauthenticated = errors.New("not signed in")

	// ErrForbidden means that the user lacks the required roles (status 403).
	ErrForbidden = errors.New("not allowed")
)

type userKey struct{}

// WithUser returns a copy of ctx in which user is signed in. Use it in tests:
// if the context already has a user, the request's credentials are ignored.
func WithUser(ctx context.Context, user *User) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

// As returns an option for fntest.Call that signs in a user, like [WithUser].
func As(user *User) func(context.Context) context.Context {
	return func(ctx context.Context) context.Context { return WithUser(ctx, user) }
}

// CurrentUser returns the signed-in user, or nil if no user is signed in.
func CurrentUser(ctx context.Context) *User {
	user, _ := ctx.Value(userKey{}).(*User)
	return user
}

// IsAuthenticated reports whether a user is signed in.
func IsAuthenticated(ctx context.Context) bool { return CurrentUser(ctx) != nil }

// HasRole reports whether the signed-in user has at least one of the roles.
func HasRole(ctx context.Context, roles ...string) bool {
	user := CurrentUser(ctx)
	return user != nil && slices.ContainsFunc(user.Roles, func(role string) bool {
		return slices.Contains(roles, role)
	})
}

// RequireAuth returns ErrUnauthenticated if no user is signed in, and
// ErrForbidden if roles are given and the user has none of them.
func RequireAuth(ctx context.Context, roles ...string) error {
	switch {
	case !IsAuthenticated(ctx):
		return ErrUnauthenticated
	case len(roles) > 0 && !HasRole(ctx, roles...):
		return ErrForbidden
	}
	return nil
}

// Require returns middleware that authenticates the request with [Decoders] and
// [GetCurrentUser]. It responds with 401 if no user is signed in, and with 403
// if roles are given and the user has none of them.
func Require(roles ...string) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		check := func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			switch RequireAuth(ctx, roles...) {
			case nil:
				return next(ctx, event)
			case ErrForbidden:
				return reject(http.StatusForbidden)
			}
			return reject(http.StatusUnauthorized)
		}
		return UseRequireAuth(Options{Handler: check, GetCurrentUser: GetCurrentUser, Decoders: Decoders})
	}
}

func reject(status int) (events.APIGatewayProxyResponse, error) {
	response, err := fn.JSON(status, map[string]string{"message": http.StatusText(status)})
	if status == http.StatusUnauthorized && err == nil {
		response.Headers["WWW-Authenticate"] = "Bearer" // RFC 9110, section 11.6.1
	}
	return response, err
}

// Options configure UseRequireAuth.
type Options struct {
	// Handler is called for every request. It must check what the user may do,
	// with IsAuthenticated, HasRole or RequireAuth.
	Handler fn.Handler

	// GetCurrentUser returns the user that the claims of a verified token
	// describe, or nil if that user may not sign in.
	GetCurrentUser func(context.Context, Claims) (*User, error)

	// Decoders maps the name of a provider to the Decoder of its tokens.
	Decoders map[string]Decoder
}

// UseRequireAuth returns a handler that authenticates the request and then
// calls o.Handler with the user in its context. It rejects no request: if the
// token is not valid, it logs the reason and calls o.Handler without a user.
// Use [Require] to reject such requests.
func UseRequireAuth(o Options) fn.Handler {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		if IsAuthenticated(ctx) {
			return o.Handler(ctx, event)
		}
		user, err := o.user(ctx, event)
		switch {
		case err != nil:
			slog.WarnContext(ctx, "authentication failed", "path", event.Path, "reason", err)
		case user != nil:
			ctx = WithUser(ctx, user)
		}
		return o.Handler(ctx, event)
	}
}

// user returns the user that the event's credentials identify, or nil if the
// event names no provider.
func (o Options) user(ctx context.Context, event events.APIGatewayProxyRequest) (user *User, err error) {
	credentials, err := parseCredentials(event)
	if err != nil || credentials.Provider == "" {
		return nil, err
	}
	provider := credentials.Provider
	decode := o.Decoders[provider]
	if decode == nil {
		return nil, fmt.Errorf("auth: no decoder for provider %q", provider)
	}
	// The client chooses the token. If it makes a decoder panic, reject the
	// token and keep the function running.
	defer func() {
		if p := recover(); p != nil {
			user, err = nil, fmt.Errorf("auth: token of provider %q: panic: %v\n%s", provider, p, debug.Stack())
		}
	}()
	ctx = context.WithValue(ctx, credentialsKey{}, credentials)
	claims, err := decode(ctx, credentials.Token)
	if err != nil {
		return nil, fmt.Errorf("auth: token of provider %q: %w", provider, err)
	}
	if claims == nil {
		return nil, nil
	}
	user, err = o.GetCurrentUser(ctx, claims)
	if err != nil {
		return nil, fmt.Errorf("auth: GetCurrentUser: %w", err)
	}
	return user, nil
}
