# All targets need Go. Some tests also need redis-server, PostgreSQL or Chromium,
# and are skipped without them.

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
GORELEASER := github.com/goreleaser/goreleaser/v2@v2.15.1

.DEFAULT_GOAL := help
.PHONY: help build install test modules golden docs table lint fuzz race mutants vuln bench soak fresh demo release-files snapshot release

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/fngen
	CGO_ENABLED=0 go build -trimpath -o bin/fngen ./cmd/fngen

install: ## install fngen into the directory of go install
	CGO_ENABLED=0 go install -trimpath ./cmd/fngen

# With -trimpath, what is compiled does not depend on the directory of the clone,
# so that the next one has it from the build cache.
TRIMMED := GOFLAGS="$$(go env GOFLAGS) -trimpath"

# These tests run the go command on projects that require other modules. Each
# run takes a minute, so make test skips those that make modules has run.
MODULE_TESTS := ^(TestModules|TestRaisedModulesBuild|TestAddedPackagesAreGreen|TestDocumentedUserFile|TestOpenAPIOfGolden)$$

test: lint modules ## run all tests, as CI does
	go test -race -trimpath -timeout 30m -skip '$(MODULE_TESTS)' ./...

modules: ## download the modules that tests use without a network
	go mod download
	cd testdata/golden && go mod tidy -diff # needs more modules than a build
	cd testdata/shop && go mod tidy -diff
	go test -race -trimpath ./generator ./internal/cli -run '$(MODULE_TESTS)' -fetch

golden: ## regenerate testdata/golden and testdata/shop; read the diff
	go test ./internal/cli -run 'TestGolden$$|TestShopIsCurrent$$' -update
	git diff --stat -- testdata

docs: ## rewrite docs/reference and docs/man, which describe the commands
	go test ./internal/cli -run 'TestReference$$' -update

table: ## rewrite generator/modules.txt, the table of what each required module brings, from the go command
	go test ./generator -run 'TestModules$$' -fetch -update

# Nothing runs what go vet compiles for another system, so it is not optimized:
# SQLite alone takes a minute otherwise.
VET_ONLY := -trimpath -gcflags=all='-N -l'

lint: ## run golangci-lint, go vet for other systems, and what users run on the golden projects
	@test -z "$$(gofmt -l templates testdata)" || { gofmt -l templates testdata; exit 1; }
	$(TRIMMED) go run $(GOLANGCI_LINT) run
	GOOS=windows go vet $(VET_ONLY) ./...
	GOOS=darwin go vet $(VET_ONLY) ./...
	cd testdata/golden && go vet -trimpath ./... && $(TRIMMED) go run $(STATICCHECK) ./...
	cd testdata/shop && go vet -trimpath ./... && $(TRIMMED) go run $(STATICCHECK) ./...

fuzz: ## fuzz everything that parses untrusted input, for a minute each
	go test ./generator -run '^$$' -fuzz FuzzParseName -fuzztime 60s -fuzzminimizetime 1x
	go test ./generator -run '^$$' -fuzz FuzzParseAllowIP -fuzztime 60s -fuzzminimizetime 1x
	go test ./generator -run '^$$' -fuzz FuzzParseCORS -fuzztime 60s -fuzzminimizetime 1x
	go test ./generator -run '^$$' -fuzz FuzzParseRateLimit -fuzztime 60s -fuzzminimizetime 1x
	go test ./generator -run '^$$' -fuzz FuzzParseRoute -fuzztime 60s -fuzzminimizetime 1x
	go test ./generator -run '^$$' -fuzz FuzzParseInput -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/webhooks -run '^$$' -fuzz FuzzVerifyEvent -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/webhooks -run '^$$' -fuzz FuzzDeliveries -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/webhooks -run '^$$' -fuzz FuzzRecordings -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/webhooks -run '^$$' -fuzz FuzzSchemes -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/fn -run '^$$' -fuzz FuzzForm -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/fn -run '^$$' -fuzz FuzzDecode -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/batch -run '^$$' -fuzz FuzzDecode -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/queue -run '^$$' -fuzz FuzzEach -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/schedule -run '^$$' -fuzz FuzzParse -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/cors -run '^$$' -fuzz FuzzAllow -fuzztime 60s -fuzzminimizetime 1x
	go test ./internal/gotest -run '^$$' -fuzz FuzzStream -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/ipallow -run '^$$' -fuzz FuzzParse -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/ipallow -run '^$$' -fuzz FuzzSource -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/ratelimit ./templates/lib/queue -run '^$$' -fuzz FuzzMemory -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/logger -run '^$$' -fuzz FuzzRedact -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/auth -run '^$$' -fuzz FuzzToken -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/auth -run '^$$' -fuzz FuzzSession -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/lib/jwks -run '^$$' -fuzz FuzzSet -fuzztime 60s -fuzzminimizetime 1x
	go test ./internal/delivery -run '^$$' -fuzz 'FuzzSet$$' -fuzztime 60s -fuzzminimizetime 1x
	go test ./internal/delivery -run '^$$' -fuzz 'FuzzSetForm$$' -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/runtime/gateway -run '^$$' -fuzz FuzzWriteResponse -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/runtime/gateway -run '^$$' -fuzz FuzzEvent -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/runtime/server -run '^$$' -fuzz FuzzRequest -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/runtime/payload -run '^$$' -fuzz FuzzDecode -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/runtime/payload -run '^$$' -fuzz FuzzEncode -fuzztime 60s -fuzzminimizetime 1x
	go test ./templates/runtime/payload -run '^$$' -fuzz FuzzBase64 -fuzztime 60s -fuzzminimizetime 1x

race: ## run the built program and its dev server under the race detector; make test does so for packages
	go test ./internal/cli -run TestScripts -with-race
	go test ./internal/e2e -run 'TestDev|TestServe|TestInvoke|TestBuilt' -with-race

mutants: ## break every guard of every golden function, and expect its test to fail; replace functions by all others
	go test ./internal/cli -run TestGeneratedTestsCatchBrokenGuards -all-mutants
	go test ./generator -run TestForceReplacesEveryFunction -all-pairs

vuln: ## look for known vulnerabilities; skipped if their database cannot be reached
	@curl -fsS --connect-timeout 5 --max-time 20 -o /dev/null https://vuln.go.dev/index/db.json || \
		{ echo "make vuln: skipped, because the vulnerability database cannot be reached" >&2; exit 0; }; \
	go run $(GOVULNCHECK) ./...

bench: ## measure commands relative to baselines: a program that only writes the files, go test, go build, a bare server
	go test ./internal/e2e -run '^$$' -bench . -benchtime 1x
	go test ./templates/lib/fn ./templates/lib/webhooks ./templates/lib/auth ./templates/lib/ipallow ./templates/lib/ratelimit ./templates/lib/queue -run '^$$' -bench .
	go test ./templates/runtime/server -run '^$$' -bench .
	go test ./templates/runtime/lambdaentry -run '^$$' -bench Start -benchtime 30x

soak: ## keep serve and dev busy for ten minutes, with slow clients, uploads, reloads and restarts
	go test ./internal/e2e -run 'TestSoak$$' -soak 10m -timeout 20m -v

fresh: ## run the README's commands in a new clone with empty module and build caches, as on a new machine
	@./internal/e2e/fresh.sh

demo: ## run the commands of README's first section, and record them in docs/first-minutes.cast and .svg
	go test ./internal/e2e -run 'TestRecording$$' -record

release-files: ## write the completion scripts and man pages of a release into bin/release
	rm -rf bin/release
	mkdir -p bin/release/completions bin/release/man
	go build -o bin/release/fngen ./cmd/fngen
	for shell in bash zsh fish; do bin/release/fngen completion $$shell >bin/release/completions/fngen.$$shell; done
	for page in docs/man/*.1; do gzip -9nc $$page >bin/release/man/$${page##*/}.gz; done

# The container image needs docker, and the SBOM needs syft.
snapshot: ## build the archives and packages of a release into dist, and install the deb, run it and remove it
	go run $(GORELEASER) check
	TAP_TOKEN= go run $(GORELEASER) release --snapshot --clean --skip=docker,sbom
	go test ./internal/e2e -run 'TestPackages$$' -packages ../../dist

release: ## build and publish the release of the current tag, as the release workflow does
	go run $(GORELEASER) release --clean
