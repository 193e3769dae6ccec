package generator

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
)

// A part is files of a support package that a project gets only if it needs
// them. The other files are the package's core, which each part requires.
type part struct {
	name     string   // of the package and the part, as in auth/dbauth, or of a package for its core
	files    []string // none for a core
	requires []string // parts that the files use, besides what they import
	with     []string // packages and parts to copy too, unless the project has packages of its own by these names
	provides string   // for fngen add --list
}

// parts returns the parts of all support packages, and the cores that require
// parts of others.
func parts() partTable {
	return partTable{
		{
			name: "auth/dbauth", files: []string{"dbauth.go"},
			provides: "DBAuth: sessions of RedwoodJS's dbAuth",
		},
		{
			name: "auth/jwt", files: []string{"jwt.go"},
			provides: "JWT: tokens of issuers with public keys, and more checks",
		},
		{
			name: "batch/decode", files: []string{"decode.go"},
			provides: "Decode: JSON bodies of messages, for queue and stream",
		},
		{name: "db", with: []string{"dbtest"}}, // for scenarios
		{
			name: "fn/binary", files: []string{"binary.go"},
			provides: "Binary: responses with binary data",
		},
		{
			name: "fn/decode", files: []string{"decode.go"}, requires: []string{"fn/problem"},
			provides: "Decode: JSON bodies, decoded and validated",
		},
		{
			name: "fn/form", files: []string{"form.go"},
			provides: "Form: bodies of forms, with uploaded files",
		},
		{
			name: "fn/problem", files: []string{"problem.go"},
			provides: "Problem: errors as application/problem+json",
		},
		{
			name: "fn/stream", files: []string{"stream.go"},
			provides: "Stream: responses that are sent while they are written",
		},
		{
			name: "fntest/dynamodb", files: []string{"dynamodb.go"},
			provides: "DynamoDB: events with records of a DynamoDB stream",
		},
		{
			name: "fntest/eventbridge", files: []string{"eventbridge.go"},
			provides: "EventBridge: events of a bus",
		},
		{
			name: "fntest/kinesis", files: []string{"kinesis.go"},
			provides: "Kinesis: events with records of a Kinesis data stream",
		},
		{
			name: "fntest/s3", files: []string{"s3.go"},
			provides: "S3: events about objects",
		},
		{
			name: "fntest/sns", files: []string{"sns.go"},
			provides: "SNS: events with a message of a topic",
		},
		{
			name: "fntest/sqs", files: []string{"sqs.go"},
			provides: "SQS and FIFO: events with messages of a queue",
		},
		{
			name: "fntest/stream", files: []string{"stream.go"},
			provides: "CallStream: calls of handlers that stream",
		},
		{
			name: "fntest/webhook", files: []string{"webhook.go"},
			provides: "SignedWebhook: events with a signature",
		},
		{name: "jwks", with: []string{"auth/jwt"}},
		{name: "queue", requires: []string{"batch/decode"}},
		{
			name: "queue/once", files: []string{"once.go"},
			provides: "Once: handles each message once",
		},
		{
			name: "schedule/cron", files: []string{"cron.go"},
			provides: "Parse: cron expressions, for servers",
		},
		{
			name: "stream/dynamodb", files: []string{"dynamodb.go"},
			provides: "DynamoDB: handlers of DynamoDB streams",
		},
		{
			name: "stream/kinesis", files: []string{"kinesis.go"}, requires: []string{"batch/decode"},
			provides: "Kinesis: handlers of Kinesis data streams",
		},

		scheme("base64", "base64Sha1Verifier, base64Sha256Verifier"),
		scheme("hmac", "hmacSha1Hex, hmacSha256Base64 and the like"),
		scheme("jwt", "jwtVerifier"),
		scheme("secretkey", "secretKeyVerifier"),
		scheme("timestamp", "timestampSchemeVerifier", "webhooks/fields", "webhooks/signedtime"),
		scheme("bitbucket", "Bitbucket"),
		scheme("calendly", "Calendly", "webhooks/fields", "webhooks/signedtime"),
		scheme("clerk", "Clerk", "webhooks/standardwebhooks"),
		scheme("cloudevents", "CloudEvents and Azure Event Grid", "webhooks/secretkey"),
		scheme("discord", "Discord", "webhooks/ed25519", "webhooks/signedtime"),
		scheme("discourse", "Discourse"),
		scheme("docusign", "DocuSign Connect"),
		scheme("dropbox", "Dropbox", "webhooks/challenge"),
		scheme("github", "GitHub"),
		scheme("gitlab", "GitLab", "webhooks/secretkey", "webhooks/standardwebhooks"),
		scheme("graph", "Microsoft Graph", "webhooks/challenge", "webhooks/secretkey", "webhooks/setbody"),
		scheme("hubspot", "HubSpot", "webhooks/signedtime", "webhooks/url"),
		scheme("intercom", "Intercom"),
		scheme("jira", "Jira Cloud"),
		scheme("lemonsqueezy", "Lemon Squeezy"),
		scheme("line", "LINE"),
		scheme("linear", "Linear", "webhooks/setbody", "webhooks/signedtime"),
		scheme("mailgun", "Mailgun", "fn/form", "webhooks/setbody", "webhooks/signedtime"),
		scheme("meta", "Facebook, Instagram and WhatsApp", "webhooks/challenge"),
		scheme("mollie", "Mollie"),
		scheme("netlify", "Netlify", "webhooks/jwt"),
		scheme("notion", "Notion"),
		scheme("okta", "Okta", "webhooks/secretkey"),
		scheme("openai", "OpenAI", "webhooks/standardwebhooks"),
		scheme("paddle", "Paddle", "webhooks/fields", "webhooks/signedtime"),
		scheme("pagerduty", "PagerDuty", "webhooks/items"),
		scheme("razorpay", "Razorpay"),
		scheme("replicate", "Replicate", "webhooks/standardwebhooks"),
		scheme("resend", "Resend", "webhooks/standardwebhooks"),
		scheme("sendgrid", "Twilio SendGrid", "webhooks/signedtime"),
		scheme("sentry", "Sentry"),
		scheme("shopify", "Shopify"),
		scheme("slack", "Slack", "fn/form", "webhooks/signedtime"),
		scheme("sns", "Amazon SNS", "webhooks/setbody"),
		scheme("square", "Square", "webhooks/url"),
		scheme("standard", "Standard Webhooks", "webhooks/ed25519", "webhooks/standardwebhooks"),
		scheme("stripe", "Stripe", "webhooks/fields", "webhooks/signedtime"),
		scheme("svix", "Svix", "webhooks/standardwebhooks"),
		scheme("telegram", "Telegram bots", "webhooks/secretkey"),
		scheme("twilio", "Twilio", "fn/form", "webhooks/url"),
		scheme("typeform", "Typeform"),
		scheme("vercel", "Vercel"),
		scheme("webflow", "Webflow", "webhooks/signedtime"),
		scheme("workos", "WorkOS", "webhooks/fields", "webhooks/signedtime"),
		scheme("zoom", "Zoom", "webhooks/signedtime"),
		{
			name: "webhooks/challenge", files: []string{"challenge.go"},
			provides: "challenges without a signature, for schemes",
		},
		{
			name: "webhooks/ed25519", files: []string{"ed25519.go"},
			provides: "Ed25519 signatures, for schemes",
		},
		{
			name: "webhooks/fields", files: []string{"fields.go"},
			provides: "signature headers with named fields, for schemes",
		},
		{
			name: "webhooks/items", files: []string{"items.go"},
			provides: "signature headers with several items, for schemes",
		},
		{
			name: "webhooks/once", files: []string{"once.go"},
			provides: "Once: handles each message once",
		},
		{
			name: "webhooks/parse", files: []string{"parse.go"},
			requires: []string{
				"webhooks/base64", "webhooks/hmac", "webhooks/jwt", "webhooks/secretkey", "webhooks/timestamp",
			},
			provides: "ParseScheme: schemes by name",
		},
		{
			name: "webhooks/route", files: []string{"route.go"},
			provides: "Route: a handler for each type of event",
		},
		{
			name: "webhooks/send", files: []string{"send.go"}, requires: []string{"webhooks/standard"},
			provides: "Send: signs and sends a message, with retries",
		},
		{
			name: "webhooks/setbody", files: []string{"setbody.go"},
			provides: "signatures in the body, for schemes",
		},
		{
			name: "webhooks/signedtime", files: []string{"signedtime.go"},
			provides: "signed timestamps and their tolerance, for schemes",
		},
		{
			name: "webhooks/standardwebhooks", files: []string{"standardwebhooks.go"},
			requires: []string{"webhooks/items", "webhooks/signedtime"},
			provides: "signatures of Standard Webhooks, for schemes",
		},
		{
			name: "webhooks/url", files: []string{"url.go"},
			provides: "signed URLs, for schemes",
		},
	}
}

// scheme returns a part of package webhooks that declares schemes. Its file has
// the part's name.
func scheme(name, senders string, requires ...string) part {
	return part{
		name: "webhooks/" + name, files: []string{name + ".go"}, requires: requires,
		provides: "webhooks of " + senders,
	}
}

// A partTable is the result of parts, which takes time to build.
type partTable []part

// find returns the part with a name.
func (t partTable) find(name string) (part, bool) {
	i := slices.IndexFunc(t, func(p part) bool { return p.name == name })
	if i < 0 {
		return part{}, false
	}
	return t[i], true
}

// names returns the names of the parts of a package, as in auth/dbauth.
func (t partTable) names(pkg string) []string {
	var names []string
	for _, p := range t {
		if strings.HasPrefix(p.name, pkg+"/") {
			names = append(names, p.name)
		}
	}
	return names
}

// of returns the name of the part that a file of a package belongs to, which is
// that of the package for its core.
func (t partTable) of(pkg, file string) string {
	for _, p := range t {
		if path.Dir(p.name) == pkg && slices.Contains(p.files, file) {
			return p.name
		}
	}
	return pkg
}

// CheckPackage returns an error if name is not that of a support package or of a
// part of one, as in webhooks or webhooks/github: a *[PackageError] or a
// *[PartError].
func CheckPackage(name string) error {
	names, err := packageNames()
	if err != nil || slices.Contains(names, name) {
		return err
	}
	pkg, _, isPart := strings.Cut(name, "/")
	if !isPart || !slices.Contains(names, pkg) || strings.HasSuffix(name, "/") {
		return &PackageError{Name: name, Suggestion: Nearest(name, names)}
	}
	table := parts()
	if _, ok := table.find(name); !ok {
		return &PartError{Name: name, Suggestion: Nearest(name, table.names(pkg))}
	}
	return nil
}

// parts returns the names of the parts that the function's files use.
func (s Spec) parts() []string {
	var names []string
	if s.Kind == KindDynamoDB || s.Kind == KindKinesis {
		names = append(names, "stream/"+string(s.Kind))
	}
	if !s.NoTests {
		names = append(names, s.testParts()...)
	}
	if s.Input != nil {
		names = append(names, "fn/decode")
	}
	if s.Binary != "" {
		names = append(names, "fn/binary")
	}
	if s.Stream {
		names = append(names, "fn/stream")
		if !s.NoTests {
			names = append(names, "fntest/stream")
		}
	}
	if s.Webhook != nil && s.Webhook.part() != "" {
		names = append(names, "webhooks/"+s.Webhook.part())
	}
	if s.Webhook != nil && s.Webhook.form {
		names = append(names, "fn/form")
	}
	return names
}

// testParts returns the names of the parts that the function's tests use.
func (s Spec) testParts() []string {
	switch s.kind() {
	case KindHTTP:
		if s.Webhook != nil && s.Webhook.keys != (keys{}) {
			return []string{"fntest/webhook"}
		}
	case KindQueue:
		return []string{"fntest/sqs"}
	case KindS3, KindSNS, KindEventBridge, KindDynamoDB, KindKinesis:
		return []string{"fntest/" + string(s.Kind)}
	}
	return nil
}

// A selection is the support packages, and parts of them, that a plan needs.
type selection struct {
	project  Project
	module   string // path of the project's module
	existing bool   // select also the parts that the project has of each package
	table    partTable
	packages map[string]*supportPackage
	selected map[string]bool // packages and parts by name
}

// newSelection returns an empty selection. With existing, it will include the
// parts that the project has of each selected package.
func (p Project) newSelection(module string, existing bool) *selection {
	return &selection{
		project: p, module: module, existing: existing, table: parts(),
		packages: map[string]*supportPackage{}, selected: map[string]bool{},
	}
}

// add selects a package or a part, and what it needs: packages that it imports,
// and parts that it requires.
func (s *selection) add(name, neededBy string) error {
	if s.selected[name] {
		return nil
	}
	s.selected[name] = true
	pkg := name
	if !strings.HasPrefix(name, "project/") {
		pkg, _, _ = strings.Cut(name, "/")
	}
	if s.packages[pkg] == nil {
		loaded, err := s.table.load(pkg, func(name string) string {
			return path.Join(s.module, PackageDir(s.project.Lib, name))
		})
		if err != nil {
			return err
		}
		loaded.neededBy = neededBy
		s.packages[pkg] = &loaded
	}

	needs := []string{pkg}
	if p, ok := s.table.find(name); ok {
		needs = append(needs, p.requires...)
		for _, need := range p.with {
			if other, _, _ := strings.Cut(need, "/"); s.project.Packages[other] == nil || s.project.generated(other) {
				needs = append(needs, need)
			}
		}
	}
	for i, f := range s.packages[pkg].files {
		if f.part == name {
			s.packages[pkg].files[i].selected = true
			needs = append(needs, f.needs...)
		}
		if s.existing && s.project.has(pkg, f.Path) {
			needs = append(needs, f.part)
		}
	}
	if s.existing && s.project.precedesParts(pkg) {
		needs = append(needs, s.table.names(pkg)...)
	}
	for _, need := range needs {
		if err := s.add(need, "package "+pkg); err != nil {
			return err
		}
	}
	return nil
}

// addAll selects a package with all its parts.
func (s *selection) addAll(name string) error {
	for _, name := range append(s.table.names(name), name) {
		if err := s.add(name, ""); err != nil {
			return err
		}
	}
	return nil
}

// addImporters selects those of the packages names that import a selected one,
// since half of another version may not compile.
func (s *selection) addImporters(names []string) error {
	for _, name := range names {
		pkg, err := s.table.load(name, func(name string) string { return name })
		if err != nil {
			return err
		}
		isSelected := func(name string) bool { return s.selected[name] }
		if s.selected[name] || !slices.ContainsFunc(pkg.needs(), isSelected) {
			continue
		}
		if err := s.add(name, ""); err != nil {
			return err
		}
		return s.addImporters(names) // others may import this one
	}
	return nil
}

// list returns the selected packages. A package comes after those that it
// imports.
func (s *selection) list() []supportPackage {
	var list []supportPackage
	listed := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		pkg := s.packages[name]
		if pkg == nil || listed[name] {
			return
		}
		listed[name] = true
		for _, f := range pkg.files {
			for _, need := range f.needs {
				visit(need)
			}
		}
		list = append(list, *pkg)
	}
	for _, name := range slices.Sorted(maps.Keys(s.packages)) {
		visit(name)
	}
	return list
}

// has reports whether the project has a file of a support package.
func (p Project) has(pkg, file string) bool {
	_, ok := p.Packages[pkg][file]
	return ok
}

// precedesParts reports whether a version of fngen before packages had parts
// wrote the project's copy of a package, which therefore has the contents of all
// parts. Those versions wrote their number into the first line.
func (p Project) precedesParts(pkg string) bool {
	for _, data := range p.Packages[pkg] {
		if hasMarker(data) && !bytes.HasPrefix(data, []byte(marker)) {
			return true
		}
	}
	return false
}
