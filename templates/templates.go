// Package templates holds what fngen writes into projects.
//
//   - function: the files of a function, as text/templates that print and never decide
//   - lib: the support packages, as ordinary Go packages of this module, whose sources are copied
//   - runtime: what programs that are built in projects are made of, as ordinary Go too
//   - program: their main packages, as text/templates
//   - deploy: what runs such programs elsewhere: a Dockerfile, and Kubernetes's manifests
//   - project: packages that a support package imports and a project writes, likewise
//   - extra: other files that a support package brings, such as migrations
//
// It imports nothing else of this module, and knows nothing of who uses it.
package templates

import "embed"

// Function has the templates of a function's files, below function/.
//
//go:embed function/*.tmpl
var Function embed.FS

// Lib has the sources of the support packages, below lib/, one directory for
// each package, below project/ those of packages that come along and are the project's, and below extra/ files that
// are not Go's. Files are named one by one, since a pattern would take the tests too.
//
//go:embed lib/auth/auth.go lib/auth/credentials.go lib/auth/dbauth.go lib/auth/token.go lib/auth/user.go
//go:embed lib/db/db.go lib/db/dsn.go lib/db/fortest.go lib/db/migrate.go lib/db/postgres.go lib/db/sqlite.go
//go:embed lib/fn/fn.go lib/fn/form.go
//go:embed lib/fntest/fntest.go
//go:embed lib/inbox/inbox.go
//go:embed lib/ipallow/ipallow.go
//go:embed lib/jwks/fetch.go lib/jwks/jwks.go lib/jwks/key.go
//go:embed lib/logger/calls.go lib/logger/logger.go lib/logger/redact.go lib/logger/secrets.go
//go:embed lib/logger/terminal.go
//go:embed lib/ratelimit/memory.go lib/ratelimit/rate.go lib/ratelimit/ratelimit.go
//go:embed lib/redisstore/limiter.go lib/redisstore/messages.go
//go:embed lib/scenario/scenario.go
//go:embed lib/webhooks/algorithm.go lib/webhooks/content.go lib/webhooks/handshake.go lib/webhooks/method.go lib/webhooks/once.go
//go:embed lib/webhooks/scheme.go lib/webhooks/url.go lib/webhooks/way.go lib/webhooks/webhooks.go
//go:embed project/db/migrations/migrations.go
//go:embed extra/inbox/db/migrations/*.sql
var Lib embed.FS

// Program has the templates of main packages that name a project's functions, below program/.
//
//go:embed program/*.tmpl
var Program embed.FS

// Deploy has the templates of what is laid out beside a server, below deploy/.
//
//go:embed deploy/*.tmpl
var Deploy embed.FS

// Runtime has the packages of programs that fngen builds in a project, below runtime/. They are never written there.
//
//go:embed runtime/gateway/call.go runtime/gateway/client.go runtime/gateway/context.go runtime/gateway/event.go
//go:embed runtime/gateway/gateway.go runtime/gateway/ids.go runtime/gateway/response.go runtime/gateway/size.go
//go:embed runtime/lambdaentry/lambdaentry.go
//go:embed runtime/migrate/main.go
//go:embed runtime/payload/alb.go runtime/payload/fields.go runtime/payload/http.go runtime/payload/payload.go
//go:embed runtime/payload/response.go runtime/payload/unsupported.go
//go:embed runtime/server/invoke.go runtime/server/options.go runtime/server/parent.go runtime/server/router.go
//go:embed runtime/server/server.go
var Runtime embed.FS
