// Package auth tells functions who is signed in, and keeps everybody else out.
//
// A request brings a token, and the name of who issued it:
//
//	Authorization: Bearer <token>
//	auth-provider: supabase
//
// or a cookie that names who issued the others, as RedwoodJS's dbAuth does:
//
//	Cookie: auth-provider=dbAuth; session=<session>
//
// The provider's entry in [Decoders] verifies it, [GetCurrentUser] makes a [User] of what it
// says, and the request's context carries that user from there on. The two, and
// User, are in user.go, which is yours to change.
//
// Decoders there are for JSON Web Tokens, by a secret or by public keys ([JWT]), and for
// sessions of dbAuth ([DBAuth]). Yours is a function: see [Decoder].
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
	// ErrUnauthenticated says that nobody is signed in: a 401.
	ErrUnauthenticated = errors.New("not signed in")

	// ErrForbidden says that the user has none of the roles that are asked for: a 403.
	ErrForbidden = errors.New("not allowed")
)

type userKey struct{}

// WithUser is ctx with a user who is signed in. Tests call handlers with it;
// a user whom ctx has is not looked for in the request.
func WithUser(ctx context.Context, user *User) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

// As returns an option of fntest.Call that signs a user in: see [WithUser].
func As(user *User) func(context.Context) context.Context {
	return func(ctx context.Context) context.Context { return WithUser(ctx, user) }
}

// CurrentUser is who is signed in, or nil.
func CurrentUser(ctx context.Context) *User {
	user, _ := ctx.Value(userKey{}).(*User)
	return user
}

// IsAuthenticated tells whether somebody is signed in.
func IsAuthenticated(ctx context.Context) bool {
	return CurrentUser(ctx) != nil
}

// HasRole tells whether who is signed in has one of the roles.
func HasRole(ctx context.Context, roles ...string) bool {
	user := CurrentUser(ctx)
	return user != nil && slices.ContainsFunc(user.Roles, func(role string) bool {
		return slices.Contains(roles, role)
	})
}

// RequireAuth is nil where somebody is signed in who has one of the roles, or
// where no roles are given. Else it is ErrUnauthenticated or ErrForbidden.
func RequireAuth(ctx context.Context, roles ...string) error {
	switch {
	case !IsAuthenticated(ctx):
		return ErrUnauthenticated
	case len(roles) > 0 && !HasRole(ctx, roles...):
		return ErrForbidden
	}
	return nil
}

// Require is middleware that lets requests pass whose user has one of the
// roles, or any user where no roles are given. It answers 401 where nobody is signed
// in and 403 where the roles are lacking.
func Require(roles ...string) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		return UseRequireAuth(Options{
			Handler: func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				switch err := RequireAuth(ctx, roles...); {
				case errors.Is(err, ErrUnauthenticated):
					return refuse(http.StatusUnauthorized)
				case err != nil:
					return refuse(http.StatusForbidden)
				}
				return next(ctx, event)
			},
			GetCurrentUser: GetCurrentUser,
			Decoders:       Decoders,
		})
	}
}

func refuse(status int) (events.APIGatewayProxyResponse, error) {
	response, err := fn.JSON(status, map[string]string{"message": http.StatusText(status)})
	if status == http.StatusUnauthorized && err == nil {
		response.Headers["WWW-Authenticate"] = "Bearer" // RFC 9110, section 11.6.1
	}
	return response, err
}

// Options of UseRequireAuth.
type Options struct {
	// Handler is called for every request and decides by IsAuthenticated, HasRole
	// or RequireAuth what it does for whom.
	Handler fn.Handler

	// GetCurrentUser makes a user of a verified token's claims; nil is nobody.
	GetCurrentUser func(context.Context, Claims) (*User, error)

	// Decoders verify tokens, by provider.
	Decoders map[string]Decoder
}

// UseRequireAuth wraps a handler so that its context has the user who is signed in. It
// refuses nobody: see [Require] for that. Where a token does not verify, nobody is
// signed in, and the reason is logged.
func UseRequireAuth(o Options) fn.Handler {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		if IsAuthenticated(ctx) {
			return o.Handler(ctx, event)
		}
		user, err := o.user(ctx, event)
		switch {
		case err != nil:
			slog.WarnContext(ctx, "nobody is signed in", "path", event.Path, "reason", err)
		case user != nil:
			ctx = WithUser(ctx, user)
		}
		return o.Handler(ctx, event)
	}
}

// user is who sent the event: nil where it names no provider.
func (o Options) user(ctx context.Context, event events.APIGatewayProxyRequest) (user *User, err error) {
	c, err := credentials(event)
	if err != nil || c.Provider == "" {
		return nil, err
	}
	decode := o.Decoders[c.Provider]
	if decode == nil {
		return nil, fmt.Errorf("auth: no decoder for the provider %q", c.Provider)
	}
	// Anyone can send what a decoder stumbles over: that must not take a function down.
	defer func() {
		if p := recover(); p != nil {
			user, err = nil, fmt.Errorf("auth: token of the provider %q: panic: %v\n%s", c.Provider, p, debug.Stack())
		}
	}()
	ctx = &credentialsContext{ctx, c}
	claims, err := decode(ctx, c.Token)
	if err != nil {
		return nil, fmt.Errorf("auth: token of the provider %q: %w", c.Provider, err)
	}
	if claims == nil {
		return nil, nil
	}
	user, err = o.GetCurrentUser(ctx, claims)
	if err != nil {
		return nil, fmt.Errorf("auth: current user: %w", err)
	}
	return user, nil
}
