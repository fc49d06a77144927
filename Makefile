# The few verbs of the house. Each does its own set-up.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS  = -s -w -X edgeward/internal/cli.version=$(VERSION)
FUZZTIME ?= 500ms
SHARED  ?= ../shared
# The profile makes the program faster and its build slower.
PGO     ?= auto
# The small build; tools/pack does the same.
COLD    := $(foreach p,$(shell grep -v '^\#' packaging/cold),-gcflags=$(p)=-l)
export CGO_ENABLED ?= 0
# For all alike, so that what was compiled for one verb serves the others.
export GOFLAGS ?= -trimpath

.PHONY: build binaries console sensor run test unit race browser fuzz lint bench bench-detect docs package clean

build: console binaries ## the web console, then bin/edgeward and bin/edgeward-sensor, static

binaries:
	$(GO) build -pgo=$(PGO) -ldflags '$(LDFLAGS)' -o bin/edgeward ./cmd/edgeward
	$(GO) build -pgo=$(PGO) -tags sensor $(COLD) -ldflags '$(LDFLAGS) -funcalign=1' -o bin/edgeward-sensor ./cmd/edgeward

# The console is built when Node is there and its sources are newer than what
# was built; without Node the program says how to get it.
console:
	@test/setup.sh console
	@if ! command -v npm >/dev/null; then echo "Node is missing: the program is built without its console"; \
	elif [ ! -e internal/console/dist/index.html ] || [ -n "$$(find web/src web/public web/index.html web/*.json web/*.ts -newer internal/console/dist/index.html -print -quit)" ]; then \
		cd web && npm run --silent build; fi

run: ## install what is missing, build, and run the demonstration; prints the console's address
	@test/setup.sh run
	@$(MAKE) --no-print-directory build
	bin/edgeward demo

test: ## set up and run everything that must pass
	@test/setup.sh test
	$(MAKE) --no-print-directory PGO=off build
	$(MAKE) --no-print-directory lint unit race fuzz browser

unit: ## unit and integration tests
	$(GO) test ./...

race: ## the same under the race detector, without the long comparisons
	CGO_ENABLED=1 $(GO) test -race -short ./...

browser: ## the console in a real browser before a real hub
	cd web && npx vitest run --config e2e/vitest.config.ts

fuzz: ## every fuzz target for FUZZTIME each
	test/fuzz.sh $(FUZZTIME)

lint: bin/golangci-lint
	@out=$$(gofmt -l cmd content internal test tools); test -z "$$out" || { echo "gofmt: $$out"; exit 1; }
	bin/golangci-lint run ./...
	@if command -v npm >/dev/null; then cd web && npm run --silent lint && npm test --silent; fi

bin/golangci-lint: tools/lint/go.mod
	cd tools/lint && $(GO) build -o ../../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bench: ## speed beside other programs, on two large mixed captures (1 GB each), without and with floods
	@test/setup.sh bench
	@$(MAKE) --no-print-directory build
	@test -s bin/mix.pcap || $(GO) run ./tools/mkpcap -o bin/mix.pcap -size 1000 $(SHARED)/captures
	@test -s bin/ordinary.pcap || $(GO) run ./tools/mkpcap -o bin/ordinary.pcap -size 1000 -skip malformed,/dos/,/scan/,synth- $(SHARED)/captures
	$(GO) test -run xxx -bench . -benchmem ./internal/wire/...
	$(GO) run ./tools/bench -capture bin/ordinary.pcap -edgeward bin/edgeward -o bin/bench-ordinary.md
	$(GO) run ./tools/bench -capture bin/mix.pcap -edgeward bin/edgeward -o bin/bench.md

bench-detect: ## precision and recall over the captures
	@$(MAKE) --no-print-directory build
	$(GO) run ./tools/benchdetect

docs: ## reference pages from the code, manual pages
	$(GO) run ./tools/docgen -o docs/reference
	$(GO) run ./tools/apidoc -o docs/reference/openapi.json
	$(GO) run ./cmd/edgeward man bin/man

package: console ## bin/dist: static binaries, Debian packages, OCI image, bill of materials, checksums
	@test/setup.sh package
	$(GO) run ./tools/pack -o bin/dist

clean:
	rm -rf bin
