# The commands of everyday work; `make help` lists them. Each is one of the scripts, which set up what is missing.

.DEFAULT_GOAL := help
.PHONY: help setup run test fast coverage check format bench lock package image clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

setup: ## install what development needs into .venv
	bash -c 'source scripts/environment.sh; install dev; install_node'

run: ## start the server; options in ARGS, for example ARGS="--port 8000"
	bash scripts/start.sh $(ARGS)

test: ## run all tests; some of them with ARGS="tests/store -k search"
	bash scripts/test.sh $(ARGS)

fast: ## run the tests for a developer at work
	bash scripts/test.sh --fast

coverage: ## run all tests and tell which lines and branches they do not reach; some of them with ARGS
	bash scripts/test.sh --coverage $(ARGS)

check: ## check style, types, layers and the front end
	bash scripts/check.sh

format: ## format Python and JavaScript
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix-only .
	node_modules/.bin/biome check --write .

bench: ## measure the speed of the engine
	.venv/bin/python benchmarks/engine_speed.py $(ARGS)

lock: ## renew the locked packages; ARGS="--upgrade" takes the newest
	bash scripts/lock.sh $(ARGS)

package: ## build the wheel and the source archive into dist/
	.venv/bin/python -m hatchling build -d dist

image: ## build the container image; TARGET=cuda for NVIDIA cards
	docker build --target $(or $(TARGET),cpu) -t funasr-webui:$(or $(TARGET),cpu) .

clean: ## remove caches and built archives; data, logs and models stay
	rm -rf dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage htmlcov
