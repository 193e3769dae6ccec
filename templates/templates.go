// Package templates embeds the files that fngen writes into projects, and the
// packages that it builds there.
//
//   - function: text/templates of a function's files
//   - lib: the support packages. They are ordinary packages of this module.
//     Projects get copies of their source files.
//   - project: packages that support packages import and that belong to the
//     project
//   - extra: files of support packages that are not Go, such as migrations
//   - new: text/templates of a new project's files
//   - program: text/templates of the main packages that are built in projects
//   - runtime: the packages that those main packages import
//   - deploy: text/templates of files that deploy such programs, such as a
//     Dockerfile and Kubernetes manifests
//   - ci: text/templates of pipelines of continuous delivery
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
//go:embed lib/auth/auth.go lib/auth/credentials.go lib/auth/dbauth.go lib/auth/jwt.go lib/auth/token.go
//go:embed lib/auth/user.go
//go:embed lib/batch/batch.go lib/batch/decode.go
//go:embed lib/cors/cors.go
//go:embed lib/db/db.go lib/db/dsn.go lib/db/files.go lib/db/migrate.go lib/db/postgres.go lib/db/slow.go
//go:embed lib/db/sqlite.go
//go:embed lib/dbtest/dbtest.go lib/dbtest/postgres.go lib/dbtest/sqlite.go
//go:embed lib/fn/binary.go lib/fn/decode.go lib/fn/fn.go lib/fn/form.go lib/fn/problem.go lib/fn/stream.go
//go:embed lib/fntest/dynamodb.go lib/fntest/eventbridge.go lib/fntest/fntest.go lib/fntest/kinesis.go
//go:embed lib/fntest/s3.go lib/fntest/sns.go lib/fntest/sqs.go lib/fntest/stream.go lib/fntest/webhook.go
//go:embed lib/inbox/inbox.go
//go:embed lib/ipallow/ipallow.go
//go:embed lib/lease/lease.go
//go:embed lib/jwks/fetch.go lib/jwks/jwks.go lib/jwks/key.go
//go:embed lib/logger/calls.go lib/logger/logger.go lib/logger/redact.go lib/logger/secrets.go
//go:embed lib/logger/terminal.go
//go:embed lib/once/once.go
//go:embed lib/queue/once.go lib/queue/queue.go
//go:embed lib/ratelimit/memory.go lib/ratelimit/rate.go lib/ratelimit/ratelimit.go
//go:embed lib/redisstore/limiter.go lib/redisstore/messages.go
//go:embed lib/scenario/scenario.go
//go:embed lib/schedule/cron.go lib/schedule/schedule.go
//go:embed lib/stream/dynamodb.go lib/stream/kinesis.go lib/stream/stream.go
//go:embed lib/webhooks/base64.go
//go:embed lib/webhooks/bitbucket.go
//go:embed lib/webhooks/calendly.go
//go:embed lib/webhooks/challenge.go
//go:embed lib/webhooks/clerk.go
//go:embed lib/webhooks/cloudevents.go
//go:embed lib/webhooks/discord.go
//go:embed lib/webhooks/discourse.go
//go:embed lib/webhooks/docusign.go
//go:embed lib/webhooks/dropbox.go
//go:embed lib/webhooks/ed25519.go
//go:embed lib/webhooks/event.go
//go:embed lib/webhooks/fields.go
//go:embed lib/webhooks/github.go
//go:embed lib/webhooks/gitlab.go
//go:embed lib/webhooks/graph.go
//go:embed lib/webhooks/hmac.go
//go:embed lib/webhooks/hubspot.go
//go:embed lib/webhooks/intercom.go
//go:embed lib/webhooks/items.go
//go:embed lib/webhooks/jira.go
//go:embed lib/webhooks/jwt.go
//go:embed lib/webhooks/lemonsqueezy.go
//go:embed lib/webhooks/line.go
//go:embed lib/webhooks/linear.go
//go:embed lib/webhooks/mailgun.go
//go:embed lib/webhooks/meta.go
//go:embed lib/webhooks/mollie.go
//go:embed lib/webhooks/netlify.go
//go:embed lib/webhooks/notion.go
//go:embed lib/webhooks/okta.go
//go:embed lib/webhooks/once.go
//go:embed lib/webhooks/openai.go
//go:embed lib/webhooks/paddle.go
//go:embed lib/webhooks/pagerduty.go
//go:embed lib/webhooks/parse.go
//go:embed lib/webhooks/razorpay.go
//go:embed lib/webhooks/replicate.go
//go:embed lib/webhooks/resend.go
//go:embed lib/webhooks/route.go
//go:embed lib/webhooks/scheme.go
//go:embed lib/webhooks/secretkey.go
//go:embed lib/webhooks/send.go
//go:embed lib/webhooks/sendgrid.go
//go:embed lib/webhooks/sentry.go
//go:embed lib/webhooks/setbody.go
//go:embed lib/webhooks/shopify.go
//go:embed lib/webhooks/signedtime.go
//go:embed lib/webhooks/slack.go
//go:embed lib/webhooks/sns.go
//go:embed lib/webhooks/square.go
//go:embed lib/webhooks/standard.go
//go:embed lib/webhooks/standardwebhooks.go
//go:embed lib/webhooks/stripe.go
//go:embed lib/webhooks/svix.go
//go:embed lib/webhooks/telegram.go
//go:embed lib/webhooks/timestamp.go
//go:embed lib/webhooks/twilio.go
//go:embed lib/webhooks/typeform.go
//go:embed lib/webhooks/url.go
//go:embed lib/webhooks/vercel.go
//go:embed lib/webhooks/webflow.go
//go:embed lib/webhooks/webhooks.go
//go:embed lib/webhooks/workos.go
//go:embed lib/webhooks/zoom.go
//go:embed project/db/migrations/migrations.go
//go:embed extra/inbox/db/migrations/*.sql
//go:embed extra/lease/db/migrations/*.sql
var Lib embed.FS

// New contains the text/templates of a new project's files. They are executed
// with the data of generator.New.
//
//go:embed new/*.tmpl
var New embed.FS

// Editor contains the text/templates of an editor's settings. They are executed
// with the data of generator.Editor.
//
//go:embed editor/*.tmpl
var Editor embed.FS

// Program contains the text/templates of main packages.
//
//go:embed program/*.tmpl
var Program embed.FS

// Deploy contains the text/templates of files that go next to a program.
//
//go:embed deploy/*.tmpl
var Deploy embed.FS

// CI contains the text/templates of pipelines of continuous delivery, with the
// delimiters [[ and ]].
//
//go:embed ci/*.tmpl
var CI embed.FS

// Runtime contains the packages that main packages import. fngen builds them in
// a project but does not write them there.
//
//go:embed runtime/gateway/call.go runtime/gateway/client.go runtime/gateway/context.go runtime/gateway/event.go
//go:embed runtime/gateway/gateway.go runtime/gateway/ids.go runtime/gateway/inflight.go runtime/gateway/response.go runtime/gateway/size.go
//go:embed runtime/gateway/stream.go
//go:embed runtime/eventsource/eventsource.go
//go:embed runtime/jobs/events.go runtime/jobs/jobs.go runtime/jobs/run.go runtime/jobs/schedules.go
//go:embed runtime/lambdaentry/lambdaentry.go runtime/lambdaentry/stream.go
//go:embed runtime/lambdastart/lambdastart.go
//go:embed runtime/lambdatrigger/lambdatrigger.go
//go:embed runtime/migrate/main.go
//go:embed runtime/payload/alb.go runtime/payload/fields.go runtime/payload/http.go runtime/payload/payload.go
//go:embed runtime/payload/response.go runtime/payload/stream.go
//go:embed runtime/response/response.go
//go:embed runtime/route/event.go runtime/route/route.go
//go:embed runtime/server/memory.go
//go:embed runtime/server/invoke.go runtime/server/jobs.go runtime/server/options.go runtime/server/parent.go runtime/server/router.go
//go:embed runtime/server/server.go
//go:embed runtime/trigger/kind.go runtime/trigger/s3.go runtime/trigger/trigger.go
var Runtime embed.FS
