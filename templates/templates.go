// Package templates embeds the files that fngen writes into projects, and the
// packages that it builds there.
//
//   - function: text/templates of a function's files
//   - lib: the support packages. They are ordinary packages of this module.
//     Projects get copies of their source files.
//   - project: packages that support packages import and that belong to the
//     project
//   - extra: files of support packages that are not Go, such as migrations
//   - program: text/templates of the main packages that are built in projects
//   - runtime: the packages that those main packages import
//   - deploy: text/templates of files that deploy such programs, such as a
//     Dockerfile and Kubernetes manifests
package templates

import "embed"

// Function contains the text/templates of a function's files. They are executed
// with generator.TemplateData. blocks.tmpl has blocks that the others share.
//
//go:embed function/*.tmpl
var Function embed.FS

// Lib contains the directories lib, project and extra. The directives name each
// Go file, because a pattern would include the tests.
//
//go:embed lib/auth/auth.go lib/auth/credentials.go lib/auth/dbauth.go lib/auth/token.go lib/auth/user.go
//go:embed lib/cors/cors.go
//go:embed lib/db/db.go lib/db/dsn.go lib/db/files.go lib/db/migrate.go lib/db/postgres.go lib/db/slow.go
//go:embed lib/db/sqlite.go
//go:embed lib/dbtest/dbtest.go lib/dbtest/postgres.go lib/dbtest/sqlite.go
//go:embed lib/fn/decode.go lib/fn/fn.go lib/fn/form.go lib/fn/problem.go
//go:embed lib/fntest/fntest.go
//go:embed lib/inbox/inbox.go
//go:embed lib/ipallow/ipallow.go
//go:embed lib/jwks/fetch.go lib/jwks/jwks.go lib/jwks/key.go
//go:embed lib/logger/calls.go lib/logger/logger.go lib/logger/redact.go lib/logger/secrets.go
//go:embed lib/logger/terminal.go
//go:embed lib/ratelimit/memory.go lib/ratelimit/rate.go lib/ratelimit/ratelimit.go
//go:embed lib/redisstore/limiter.go lib/redisstore/messages.go
//go:embed lib/scenario/scenario.go
//go:embed lib/webhooks/algorithm.go lib/webhooks/definitions.go lib/webhooks/handshake.go lib/webhooks/jsonfield.go
//go:embed lib/webhooks/key.go lib/webhooks/once.go lib/webhooks/scheme.go lib/webhooks/sign.go
//go:embed lib/webhooks/signedcontent.go lib/webhooks/url.go lib/webhooks/verify.go lib/webhooks/webhooks.go
//go:embed project/db/migrations/migrations.go
//go:embed extra/inbox/db/migrations/*.sql
var Lib embed.FS

// Program contains the text/templates of main packages.
//
//go:embed program/*.tmpl
var Program embed.FS

// Deploy contains the text/templates of files that go next to a program.
//
//go:embed deploy/*.tmpl
var Deploy embed.FS

// Runtime contains the packages that main packages import. fngen builds them in
// a project but does not write them there.
//
//go:embed runtime/gateway/call.go runtime/gateway/client.go runtime/gateway/context.go runtime/gateway/event.go
//go:embed runtime/gateway/gateway.go runtime/gateway/ids.go runtime/gateway/response.go runtime/gateway/size.go
//go:embed runtime/lambdaentry/lambdaentry.go
//go:embed runtime/migrate/main.go
//go:embed runtime/payload/alb.go runtime/payload/fields.go runtime/payload/http.go runtime/payload/payload.go
//go:embed runtime/payload/response.go runtime/payload/unsupported.go
//go:embed runtime/response/response.go
//go:embed runtime/route/event.go runtime/route/route.go
//go:embed runtime/server/invoke.go runtime/server/options.go runtime/server/parent.go runtime/server/router.go
//go:embed runtime/server/server.go
var Runtime embed.FS
