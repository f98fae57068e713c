# `make demo` and `make test` install everything that they need.
VENV := .venv
PACKAGES := mmdebstrap systemd-container nftables iproute2 openssh-client python3-venv
# What the host tests need besides boxes: certificates, an ACME server, compilers for programs that they deploy, promtool,
# a terminal and shells, Vagrant
LAB := $(PACKAGES) openssl pebble gcc libc6-dev default-jdk-headless prometheus tmux zsh fish vagrant vagrant-lxc lxc
LAMPCTL := $(VENV)/bin/lampctl
PYINFRA := .venv-pyinfra
SPHINX := .venv-docs
UV := .venv-uv
ROUNDS := 7
# One lock file for all systems and Python versions that lampctl runs on.
COMPILE := $(UV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
	--default-index https://pypi.org/simple --custom-compile-command "make lock" $(UPGRADE)
# Sets get the same order in each run, so the property tests generate the same playbooks.
export PYTHONHASHSEED := 0
# The tests start lampctl about two thousand times: write bytecode, as an installation does, even if the environment disables it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test unit hosts lint attacks applications faults bench bench-c10k sweep loops reference docs lock setup packages

demo: setup packages ## boot a throwaway Debian 13 host, deploy to it, check it
	@$(LAMPCTL) box up demo
	@$(LAMPCTL) deploy demo
	@tests/lab/demo.sh $(LAMPCTL)

test: lint unit hosts ## all tests, including those on real hosts

lint: setup
	$(VENV)/bin/ruff check lampctl tests docs
	$(VENV)/bin/ruff format --check lampctl tests docs
	$(VENV)/bin/mypy
	$(VENV)/bin/shellcheck --shell=dash --external-sources --source-path=lampctl/host $$(find lampctl/host -name '*.sh')
	$(VENV)/bin/shellcheck .ci/run $$(find tests vagrant playbooks -name '*.sh')

unit: setup
	$(VENV)/bin/pytest tests/unit -n 2

hosts: setup
	@./tests/lab/packages.sh $(LAB)
	$(VENV)/bin/pytest tests/hosts -n 2 --no-loadscope-reorder

attacks: setup ## ten minutes of hostile sites of every type on one host, behind each web server
	@./tests/lab/packages.sh $(LAB)
	LAMPCTL_ATTACK_SECONDS=600 $(VENV)/bin/pytest tests/hosts/test_hostile_sites.py -n 0 # one host for both

applications: setup ## each framework from PyPI and npm, and each wiki from Debian's packages, behind each web server: deployed, renewed, broken, rolled back
	@./tests/lab/packages.sh $(LAB)
	LAMPCTL_APPLICATIONS=all $(VENV)/bin/pytest tests/hosts/test_python.py tests/hosts/test_node.py tests/hosts/test_wikis.py -n 2

faults: setup ## break hosts in 180 ways: is the right hop named, and does its hint help?
	@./tests/lab/packages.sh $(LAB)
	LAMPCTL_TEST_HOME=$${LAMPCTL_TEST_HOME:-/var/lib/lampctl-box-faults} $(VENV)/bin/python -m tests.faults.run

bench: setup packages $(PYINFRA)/.done ## compare run times with pyinfra and ssh on a separate box
	@$(VENV)/bin/python -m compileall -q lampctl # as pip does for pyinfra, even if the environment disables bytecode
	$(VENV)/bin/python -m tests.bench.run --pyinfra $(PYINFRA)/bin/pyinfra --rounds $(ROUNDS)

bench-c10k: setup packages ## 10,000 connections: Debian's configuration compared with lampctl's
	$(VENV)/bin/python -m tests.bench.c10k

$(PYINFRA)/.done: tests/bench/requirements.txt $(VENV)/.done
	python3 -m venv $(PYINFRA)
	$(PYINFRA)/bin/pip install -q --require-hashes -r tests/bench/requirements.txt
	touch $@

sweep: setup ## cut deploys at every step and at random moments, in every way; half an hour
	@./tests/lab/packages.sh $(LAB)
	$(VENV)/bin/python -m tests.sweep.run

loops: setup ## every kind of change while 10,000 requests go on behind each web server: is one lost?
	@./tests/lab/packages.sh $(PACKAGES)
	$(VENV)/bin/python -m tests.loops.run

reference: setup ## generate docs/reference from the code
	$(VENV)/bin/python -m docs.generate

docs: $(SPHINX)/.done ## build the documentation as a website in site/; a broken link is an error
	$(SPHINX)/bin/sphinx-build -q -W --keep-going -E -c docs/sphinx -d $(SPHINX)/doctrees . site
	@echo "site/index.html"

$(SPHINX)/.done: docs/sphinx/requirements.txt
	python3 -m venv $(SPHINX)
	$(SPHINX)/bin/pip install -q --require-hashes -r docs/sphinx/requirements.txt
	touch $@

lock: $(UV)/.done ## pin versions and checksums again; `make lock UPGRADE=--upgrade` takes newer versions
	$(COMPILE) --extra dev pyproject.toml -o requirements.lock
	$(COMPILE) docs/sphinx/requirements.in -o docs/sphinx/requirements.txt
	$(COMPILE) tests/bench/requirements.in -o tests/bench/requirements.txt

$(UV)/.done:
	python3 -m venv $(UV)
	$(UV)/bin/pip install -q uv
	touch $@

setup: $(VENV)/.done

$(VENV)/.done: pyproject.toml requirements.lock
	@command -v python3 >/dev/null || { echo "python3 is missing: apt-get install python3 python3-venv" >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "lampctl needs Python 3.11 or newer" >&2; exit 1; }
	@python3 -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-venv; } \
		|| { echo "python3 cannot create virtual environments; as root: apt-get install python3-venv" >&2; exit 1; }
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q --require-hashes -r requirements.lock
	$(VENV)/bin/pip install -q --no-deps --no-build-isolation -e .
	touch $@

packages:
	@./tests/lab/packages.sh $(PACKAGES)
