# The checks and chores of this repository. `make ci` is what a change must pass.

TOOL     = go tool -modfile=tools/go.mod
FUZZTIME ?= 30s
BENCH    ?= .
COUNT    ?= 6

.PHONY: all build cross test race lint format beam vuln bench fuzz parity-long generate quickstart-amx soak ui language-model ci clean

all: build test lint

build:
	CGO_ENABLED=0 go build -trimpath -o polymath ./cmd/polymath

cross:
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build ./...
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build ./...

test:
	go test ./...

race:
	CGO_ENABLED=1 go test -race -short ./...

lint:
	go vet ./...
	GOARCH=arm64 go vet ./internal/kernel
	$(TOOL) staticcheck ./...
	@unformatted=$$($(TOOL) gofumpt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted with gofumpt:"; echo "$$unformatted"; exit 1; fi

format:
	$(TOOL) gofumpt -w .

# The corpus as a Beam pipeline, a module of its own: its test compares it with a
# build on this machine. Beam takes minutes to compile the first time.
beam:
	cd beam && CGO_ENABLED=0 go vet ./... && CGO_ENABLED=0 go test ./...

vuln:
	$(TOOL) govulncheck ./...

# Example: make bench BENCH=Region PKG=./internal/par
bench:
	go test -run '^$$' -bench '$(BENCH)' -count $(COUNT) $(or $(PKG),./...) | tee bench.out
	$(TOOL) benchstat bench.out

# Every fuzz test for FUZZTIME, one after the other.
fuzz:
	@set -e; for pkg in $$(go list ./...); do \
		for name in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$name"; \
			go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

# Tests over real data, which are left out where it is not: make parity-long
# POLYMATH_DATA=/directory/with/the/data
parity-long:
	@test -n "$(POLYMATH_DATA)" || { echo "set POLYMATH_DATA to the directory of the data"; exit 2; }
	POLYMATH_DATA=$(POLYMATH_DATA) go test -count=1 -timeout 4h ./...

generate:
	go generate ./...

# A machine with AMX must reach fewer bits per byte than xz in MINUTES.
MINUTES ?= 10
quickstart-amx:
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	go run ./cmd/polymath quickstart --minutes $(MINUTES) --dir "$$dir/quickstart"; \
	grep -E '^The model needs [0-9.]+% less than xz' "$$dir/quickstart/card.txt"

# A server under 64 clients that leave, err and send too much: make soak SOAK=10
# writes soak.html.
SOAK ?= 10
soak:
	go run ./cmd/polymath bench soak --minutes $(SOAK) --plot soak.html

# The web chat. What it builds is committed, so that Go alone builds the rest.
ui:
	cd serve/ui/web && npm ci && npm test && npm run build

# Trains the language model anew, from packages of Debian (about 300 MB to fetch,
# 2 GB unpacked). Its test reads the sentences: POLYMATH_SENTENCES=$(LANGUAGE_DATA)/sentences
LANGUAGE_DATA ?= /tmp/polymath-language
language-model:
	corpus/language/train/fetch.sh $(LANGUAGE_DATA)/packages
	mkdir -p $(LANGUAGE_DATA)/sentences
	go run ./corpus/language/train -data $(LANGUAGE_DATA)/packages -held $(LANGUAGE_DATA)/sentences -goroot "$$(go env GOROOT)"

ci:
	.ci/run

clean:
	rm -rf polymath dist bench.out soak.html
