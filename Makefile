# The two commands of the README. Everything that they need is installed here.
VENV := .venv
PACKAGES := mmdebstrap systemd-container nftables iproute2 openssh-client python3-venv
# what the host tests have beside boxes: certificates, an ACME server, compilers for programs that they deploy, promtool,
# a terminal and shells, Vagrant
LAB := $(PACKAGES) openssl pebble gcc libc6-dev default-jdk-headless prometheus tmux zsh fish vagrant vagrant-lxc lxc
LAMPCTL := $(VENV)/bin/lampctl
PYINFRA := .venv-pyinfra
SPHINX := .venv-docs
UV := .venv-uv
ROUNDS := 7
# For every system and Python that lampctl runs on, so that one file serves all.
COMPILE := $(UV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
	--default-index https://pypi.org/simple --custom-compile-command "make lock" $(UPGRADE)
# Sets have the same order in each run, and so have the playbooks that the property tests make.
export PYTHONHASHSEED := 0
# lampctl is started some two thousand times: compiled once, as where it is installed, even if Python is told not to.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test unit hosts lint attacks bench bench-c10k reference docs lock setup packages

demo: setup packages ## a throwaway Debian 13 host, deployed and proved
	@$(LAMPCTL) box up demo
	@$(LAMPCTL) deploy demo
	@tests/lab/demo.sh $(LAMPCTL)

test: lint unit hosts ## everything, real hosts included

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
	$(VENV)/bin/pytest tests/hosts -n 4 --no-loadscope-reorder

attacks: setup ## ten minutes of hostile sites of every type on one host, behind either server
	@./tests/lab/packages.sh $(LAB)
	LAMPCTL_ATTACK_SECONDS=600 $(VENV)/bin/pytest tests/hosts/test_hostile_sites.py -n 0 # one host for both

bench: setup packages $(PYINFRA)/.done ## ratios, measured side by side on a box of its own
	@$(VENV)/bin/python -m compileall -q lampctl # as pip does with pyinfra, even where Python is told not to
	$(VENV)/bin/python -m tests.bench.run --pyinfra $(PYINFRA)/bin/pyinfra --rounds $(ROUNDS)

bench-c10k: setup packages ## 10,000 connections: Debian's configuration beside lampctl's
	$(VENV)/bin/python -m tests.bench.c10k

$(PYINFRA)/.done: tests/bench/requirements.txt $(VENV)/.done
	python3 -m venv $(PYINFRA)
	$(PYINFRA)/bin/pip install -q --require-hashes -r tests/bench/requirements.txt
	touch $@

reference: setup ## docs/reference, from the program itself
	$(VENV)/bin/python -m docs.generate

docs: $(SPHINX)/.done ## the documentation as a site, in site/; a link that leads nowhere is an error
	$(SPHINX)/bin/sphinx-build -q -W --keep-going -E -c docs/sphinx -d $(SPHINX)/doctrees . site
	@echo "site/index.html"

$(SPHINX)/.done: docs/sphinx/requirements.txt
	python3 -m venv $(SPHINX)
	$(SPHINX)/bin/pip install -q --require-hashes -r docs/sphinx/requirements.txt
	touch $@

lock: $(UV)/.done ## the pinned versions again, with the checksums of their files; `make lock UPGRADE=--upgrade` for newer ones
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
		|| { echo "python3 can't make virtual environments: apt-get install python3-venv, as root" >&2; exit 1; }
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q --require-hashes -r requirements.lock
	$(VENV)/bin/pip install -q --no-deps --no-build-isolation -e .
	touch $@

packages:
	@./tests/lab/packages.sh $(PACKAGES)
