# What keeps this library honest. `make` lists the targets; CI runs the same ones (.ci/run).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO ?= go
# Each module is checked by itself, as its importers see it. go.work is for editors, and for whoever works on several.
export GOWORK := off

# Flags to add to go test, such as TESTFLAGS='-run Capture -v'.
TESTFLAGS ?=
# The race detector looks at all but SQLite itself, C that was translated to Go, whose locks are not ours to check, and what a test validates OpenAPI with:
# it makes them ten times and twice slower.
RACE := -race $(foreach unwatched,modernc.org/sqlite/lib github.com/pb33f/... go.yaml.in/... github.com/santhosh-tekuri/...,-gcflags=$(unwatched)=-race=false)
# How long the tests of one package may take.
TIMEOUT ?= 10m
# How often each fuzz target is run, such as 20000x, or how long, such as 30s.
FUZZTIME ?= 20000x
# How many seeds the simulation plays, and from which on.
SEEDS ?= 20000
FIRST ?= 1
# Which faults make planted and make hunt plant: those whose name contains this.
PLANT ?=
# Which benchmarks run, and how often each.
BENCH ?= .
COUNT ?= 1
# What else make bench is told.
BENCHFLAGS ?=

# Every module of the repository: this one, and those that live in directories of their own because they need more.
MODULES := $(patsubst %/go.mod,%,$(shell find . -name go.mod -not -path '*/.*/*' -not -path '*/testdata/*' | sort))
in_each_module = for module in $(MODULES); do (cd "$(CURDIR)/$$module"; $(1)); done

# What `make check` and CI run, the quick ones first.
CHECKS := fmt vet tidy deps api-check release-check lint test examples medusa fuzz sim planted twin crash

# How often a child is killed, per store, and how many operations are open when the last one is.
KILLS ?= 30
FLOOD ?= 1000
# What make load requires: -bars, or nothing but that it works.
BARS ?=
# Where PostgreSQL 18 is unpacked; the user that runs servers must be able to read it.
POSTGRES18 ?= $(CURDIR)/.bin/postgres18

.PHONY: help check checks cc postgres chromium node test bench benchmarks cover fuzz sim planted hunt examples lint fmt format vet tidy deps twin crash medusa load \
	nightly postgres18 release-check api api-check

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

check: $(CHECKS) ## Everything that CI checks

checks:
	@echo $(CHECKS)

test: cc postgres chromium ## Run all tests, in random order, under the race detector (which needs gcc), over real databases and in a browser
	@$(call in_each_module,$(GO) test $(RACE) -shuffle=on -timeout $(TIMEOUT) $(TESTFLAGS) ./...)

# The race detector needs a C compiler, except on macOS.
cc:
	@compiler=$$($(GO) env CC); \
	if [ "$$($(GO) env GOOS)" = darwin ] || command -v "$${compiler%% *}" >/dev/null; then exit 0; fi; \
	if [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing gcc, which the race detector needs"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null; \
	else \
		echo "make test: the race detector needs a C compiler: install gcc (on Debian: apt-get install gcc libc6-dev)" >&2; exit 1; \
	fi

# Tests start servers of their own, of PostgreSQL 15 or newer, or use the one that PAYMENT_TEST_POSTGRES names.
postgres:
	@if [ -n "$${PAYMENT_TEST_POSTGRES-}$${PAYMENT_PG_BIN-}" ] || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null; then exit 0; fi; \
	if [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing PostgreSQL, which the tests of pgstore need"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null; \
	else \
		echo "make test: install PostgreSQL 15 or newer (on Debian: apt-get install postgresql), or set PAYMENT_TEST_POSTGRES to one's URL" >&2; exit 1; \
	fi

# The tests of examples/storefront use a browser.
chromium:
	@for name in "$${CHROMIUM-}" chromium chromium-browser google-chrome; do \
		if [ -n "$$name" ] && command -v "$$name" >/dev/null; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing Chromium, which the tests of examples/storefront need"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
		echo "make test: install Chromium (on Debian: apt-get install chromium), or set CHROMIUM to its path" >&2; exit 1; \
	fi

# The SDK of Medusa runs in Node.
node:
	@if command -v node >/dev/null && command -v npm >/dev/null; then exit 0; fi; \
	if [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing Node.js and npm, which Medusa's SDK needs"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; \
	else \
		echo "make medusa: install Node.js 20 or newer and npm (on Debian: apt-get install nodejs npm)" >&2; exit 1; \
	fi

# Its figures are for an idle machine, and need ten minutes: it is not among the checks.
bench: postgres ## Measure beside the floor, in turns, and write docs/performance.md; fails if a bar is missed. BENCHFLAGS='-only sqlite'
	@cd bench; $(GO) run . -write ../docs/performance.md $(BENCHFLAGS)

benchmarks: ## Run the benchmarks of the packages: BENCH=regexp COUNT=n
	@echo "$$($(GO) version), GOMAXPROCS=$${GOMAXPROCS:-$$(getconf _NPROCESSORS_ONLN)}"
	@$(call in_each_module,$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -timeout 30m ./...)

cover: ## Show how much of the code the tests reach; coverage.out has the lines
	@$(GO) test -coverpkg=./... -coverprofile=coverage.out -timeout $(TIMEOUT) ./...
	@$(GO) tool cover -func=coverage.out | tail -1

fuzz: ## Fuzz each fuzz target, so often or so long as FUZZTIME says
	@total=0; for dir in $$(grep -rl --include='*_test.go' --exclude-dir='.?*' '^func Fuzz' . | xargs dirname | sort -u); do \
		cd "$(CURDIR)/$$dir"; \
		for target in $$(sed -n 's/^func \(Fuzz[[:alnum:]_]*\)(.*/\1/p' ./*_test.go); do \
			echo "$$dir $$target"; total=$$((total + 1)); \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) . </dev/null; \
		done; \
	done; \
	echo "$$total fuzz targets"; [ $$total -gt 0 ]

# The simulation is built with coverage, to see that every branch of settle is reached.
sim: ## Play SEEDS seeds of the simulation, 20000 if not given: docs/simulation.md
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; mkdir "$$dir/counters"; module=$$($(GO) list -m); \
	$(GO) build -cover -covermode=atomic -coverpkg="$$module,$$module/internal/simulation/sim" -o "$$dir/sim" ./internal/simulation/sim; \
	GOCOVERDIR="$$dir/counters" "$$dir/sim" -first $(FIRST) -seeds $(SEEDS); \
	$(GO) tool covdata textfmt -i="$$dir/counters" -o "$$dir/profile"; \
	GOCOVERDIR="$$dir/counters" "$$dir/sim" -branches "$$dir/profile" -seeds $(SEEDS)

planted: ## Plant each fault in the library, and see that the simulation finds it
	@$(GO) run ./internal/simulation/sim -planted -plants '$(PLANT)'

hunt: ## Look for new seeds that find the planted faults, and store them; it takes about an hour
	@$(GO) run ./internal/simulation/sim -hunt -write -plants '$(PLANT)'

twin: postgres ## Play 1,000 seeds of the simulation over SQLite and 200 over PostgreSQL: docs/crash.md
	@cd verification; $(GO) test -count=1 -timeout 30m -v -run 'SQLite|Postgres' ./twin -seeds 1000

crash: postgres ## Kill processes and servers under load, KILLS times a store, and compare the books: docs/crash.md
	@cd verification/crash; $(GO) test -count=1 -timeout 30m -args -kills $(KILLS) -flood $(FLOOD) -load 10s -outages 4 -figures

load: postgres ## Measure paymenthttp over HTTP; BARS=-bars requires what two idle cores reach
	@cd verification; $(GO) test -count=1 -timeout 30m -v ./load -args -load 10s $(BARS)

medusa: node ## Drive paymenthttp with every payment call of Medusa's JavaScript SDK, over HTTP
	@cd verification/medusa; \
	[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent; \
	$(GO) run .

api: ## Write down what the packages export, in api/*.txt
	@cd verification; $(GO) run ./api -write

api-check: ## Fail if the packages export something else than api/*.txt says
	@cd verification; $(GO) run ./api

# The modules are laid out as a module proxy serves them; those of others come from this machine's module cache, or are downloaded.
release-check: ## Use every module from outside, at the version it is to be released at, with an empty module cache
	@cd verification; $(GO) run ./release

nightly: ## The same at length, with whole histories and 1,000 seeds over each store: ten minutes and more
	@$(MAKE) crash KILLS=200 FLOOD=1000
	@cd verification/crash; $(GO) test -count=1 -timeout 30m -run TestLoad -args -load 60s -figures
	@cd verification; $(GO) test -count=1 -timeout 30m -v ./linear -calls 2000
	@$(MAKE) twin

postgres18: ## Download PostgreSQL 18, and run the tests of pgstore and of verification over it
	@bin=$$(verification/postgres18 "$(POSTGRES18)"); export PAYMENT_PG_BIN="$$bin"; "$$bin/postgres" --version; \
	for module in pgstore verification; do (cd "$$module"; $(GO) test -count=1 -timeout $(TIMEOUT) $(TESTFLAGS) ./...); done

# A program that would serve until it is stopped does one thing and ends, when this is set.
examples: export PAYMENT_EXAMPLE_ONCE := 1
examples: ## Run each program in examples/ and compare what it prints with its output.txt
	@total=0; for dir in examples/*/; do \
		cd "$(CURDIR)/$$dir"; [ "$$($(GO) list -f '{{.Name}}' .)" = main ] || continue; echo "$$dir"; total=$$((total + 1)); \
		if [ -f output.txt ]; then $(GO) run . | diff -u output.txt -; else $(GO) run . >/dev/null; fi; \
	done; \
	echo "$$total examples"

# The linter is built once per version, of itself and of Go, into .bin.
LINT_VERSION := v2.15.0
LINT := $(CURDIR)/.bin/golangci-lint-$(LINT_VERSION)-$(shell $(GO) env GOVERSION)
$(LINT):
	GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv $(@D)/golangci-lint $@

# All modules in one run, which reads what they import once: one run for each takes twice as long.
lint: $(LINT) ## Lint, by the rules of .golangci.yml; the first time builds the linter
	@GOWORK="$(CURDIR)/go.work" $(LINT) run $(MODULES:%=%/...)
	@if grep -nE '^[[:space:]]*go[[:space:]]+(func\b|[[:alnum:]_.]+\()' $(filter-out %_test.go,$(wildcard *.go)); then \
		echo "the core starts no goroutines: the host does" >&2; exit 1; \
	fi

fmt: ## Fail if a file is not formatted (make format does it)
	@files=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); [ -z "$$files" ] || { echo "not formatted: make format"; echo "$$files"; exit 1; } >&2

format: $(LINT) ## Format every file
	@$(call in_each_module,$(LINT) fmt --config "$(CURDIR)/.golangci.yml" ./...)

vet: ## Run go vet
	@$(call in_each_module,$(GO) vet ./...)

tidy: ## Fail if go.mod or go.sum is not what go mod tidy writes
	@$(call in_each_module,$(GO) mod tidy -diff)

# An importer gets the modules in dependencies.txt. go.mod may add testify, for tests, and what testify itself requires.
deps: ## Fail if the library depends on a module that is not in dependencies.txt
	@used=$$($(GO) list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}' ./... | LC_ALL=C sort -u | sed '/^$$/d'); \
	diff -u --label dependencies.txt dependencies.txt --label 'used by packages' - <<<"$$used"; \
	main=$$($(GO) list -m); graph=$$($(GO) mod graph); \
	awk -v main="$$main" ' \
		FNR == NR { allowed[$$1]; next } \
		{ split($$2, to, "@") } \
		$$1 == main { required[to[1]] } \
		$$1 ~ /^github.com\/stretchr\/testify@/ { allowed[to[1]] } \
		END { \
			allowed["github.com/stretchr/testify"]; allowed["go"]; \
			for (m in required) if (!(m in allowed)) { print "go.mod requires " m ", which neither dependencies.txt nor testify names"; failed = 1 } \
			exit failed \
		}' dependencies.txt - <<<"$$graph" >&2
