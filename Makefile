# `make run` and `make test` do all the set-up on a fresh Debian 12 machine with the Swift toolchain.

SWIFT_BUILD = swift build -c release
NILO = .build/release/nilo
DATA = nilo-demo
FLIPS = 2000

.PHONY: help run test test-long test-optimised test-openapi test-page test-clients test-kafka flips fuzz bench bench-peers build setup format lint clean

help:
	@echo "make run          set up, build, load the sample data, ask some questions and serve it, with a live source"
	@echo "make test         set up, then run all tests"
	@echo "make test-long    the same with many more random rounds"
	@echo "make test-optimised  build optimised, then run tests of copies and the hammer (some minutes)"
	@echo "make test-openapi  make up requests from openapi.yaml, EXAMPLES=100 for each path"
	@echo "make test-kafka   install a broker, and test topics, large messages, TLS and the whole pipeline with it"
	@echo "make test-clients  install Prometheus, vmagent, collectd and InfluxDB, and test with them"
	@echo "make test-page    open the page in a browser, and look at what it does (some three minutes)"
	@echo "make flips        flip FLIPS=2000 single bits of a store, each on its own (over an hour)"
	@echo "make fuzz         make up texts for the parser, for FUZZ_SECONDS=60"
	@echo "make bench        build, then print the benchmark table (some minutes)"
	@echo "make bench-peers  install other systems and measure them beside nilo (some minutes)"
	@echo "make build        build $(NILO) in release mode"
	@echo "make format       format the sources; make lint checks them"
	@echo "make clean        remove what was built"

setup:
	@scripts/setup

build: setup
	$(SWIFT_BUILD) --product nilo

run: build
	@scripts/demo $(NILO) $(DATA)

test: setup
	scripts/test

test-long: setup
	NILO_ROUNDS=20 scripts/test

test-optimised: setup
	scripts/test-optimised
	$(SWIFT_BUILD) --product nilo-bench
	.build/release/nilo-bench hammer

test-openapi: setup
	swift build --product nilo
	scripts/test-openapi .build/debug/nilo

test-clients: setup
	scripts/test-clients

test-kafka: setup
	scripts/test-kafka

test-page: setup
	swift build --product nilo
	scripts/test-page .build/debug/nilo

flips: setup
	NILO_FLIPS=$(FLIPS) scripts/test --filter FlipTests

fuzz:
	scripts/fuzz

bench: setup
	scripts/setup wrk
	$(SWIFT_BUILD) --product nilo
	$(SWIFT_BUILD) --product nilo-bench
	python3 Benchmarks/bench.py
	@echo
	python3 Benchmarks/growth.py
	@echo
	python3 Benchmarks/serve.py
	@echo
	python3 Benchmarks/export.py
	@echo
	$(SWIFT_BUILD) --product kafka-mock
	python3 Benchmarks/kafka.py

bench-peers: build
	$(SWIFT_BUILD) --product nilo-bench
	@scripts/setup-peers
	build/venv-peers/bin/python3 Benchmarks/bench-peers.py

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks

clean:
	rm -rf .build nilo-demo
