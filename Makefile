# The commands of README and CONTRIBUTING, under short names.

.PHONY: build demo test race lint fmt bench bench-contactdb bench-pacing fuzz screens

build:
	CGO_ENABLED=0 go build -trimpath -o apel ./cmd/apel

demo:
	go run ./cmd/apel demo

test:
	go test ./...

race:
	go test -race ./...

fmt:
	gofmt -l -w .

lint:
	go vet ./...
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run

bench:
	go test -run '^$$' -bench . -benchtime 1s ./contactdb ./media/... ./pacing/... ./campaign ./dialer/...

# The store beside PostgreSQL 15 (where it is installed), in the same run; 10 M: BENCH="-contacts 10000000 -minutes 5".
BENCH ?=
bench-contactdb:
	go run ./contactdb/bench $(BENCH)

# The tables of pacing/README.md, each row with the shifts that it averages (seeds 1 to SEEDS), and
# the window guarantee (WINDOWS of each kind). Hours on two cores; SEEDS=2 WINDOWS=2 is a glance.
SEEDS ?= 12
WINDOWS ?= 30
bench-pacing:
	go test ./pacing -run '^$$' -bench Decision -benchmem
	go test ./pacing/world -run 'Tables|CompareTable' -tables . -seeds $(SEEDS) -timeout 0 -v
	go test ./pacing/world -run Windows -windows $(WINDOWS) -timeout 0 -v
	go test ./pacing/world -run TakingACause -cause-seeds $(SEEDS) -timeout 0 -v
	go test ./dialer/simulate -run TakingACauseAwayOnTheFloor -cause-seeds $(SEEDS) -timeout 0 -v

# One minute for each fuzz target.
FUZZTIME ?= 60s
fuzz:
	@for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$p || exit 1; \
		done; \
	done

# Pictures of every page, in both languages and themes and two sizes, and of the desk in its states, to look at.
screens:
	go test -count=1 -run 'SupervisorsPages|ChromiumPlays' ./dialer/console -args -screens $(CURDIR)/screens -pictures $(CURDIR)/screens -desks 1
