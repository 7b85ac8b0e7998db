# shellcheck shell=sh
# Names and words that the scripts of this folder share; read by them, not run.
# shellcheck disable=SC2034  # used where this is read

PACKAGE=textvib-edge
# The extras that a box is given: what is added here is in every installation, .deb and image.
EXTRAS=litert,signatures,metrics,web
OLDEST_PYTHON=3.11

PREFIX=/opt/textvib
ETC=/etc/textvib
CONFIG=$ETC/agent.toml
STATE=/var/lib/textvib
KEPT=$STATE/uninstalled # config, passwords, certificates, changes of the units: what an uninstallation puts away
SERVICE=textvib-agent.service
SENSOR_SERVICE=textvib-virtual-sensor.service
UNITS=/etc/systemd/system
BROKER=/etc/mosquitto/textvib
BROKER_CONF=/etc/mosquitto/conf.d/textvib.conf
BROKER_PASSWORD=$ETC/broker.password
SENSOR_ACCOUNT=$ETC/virtual-sensor
COMMANDS="textvib-agent textvib-bridge"

DRY=${DRY:-}

say() { printf "%s\n" "$@"; }

# What went wrong, and what to do about it: each argument a line.
die() {
    printf 'install: %s\n' "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf '         %s\n' "$@" >&2; fi
    exit 1
}

# Carries a command out, or shows it (--dry-run). Whatever changes this computer goes through here, or through put or written.
run() {
    if [ -n "$DRY" ]; then say "+ $*"; else "$@"; fi
}

# put MODE SOURCE TARGET: a file, written beside and moved over, so that nobody reads half of it.
put() {
    if [ -n "$DRY" ]; then
        say "+ install -m $1 $2 $3"
    else
        mkdir -p "$(dirname "$3")"
        install -m "$1" "$2" "$3.new" && mv "$3.new" "$3"
    fi
}

# written MODE TARGET: a file of what stands on standard input.
written() {
    if [ -n "$DRY" ]; then
        cat >/dev/null
        say "+ write $2 (mode $1)"
    else
        mkdir -p "$(dirname "$2")"
        (umask 077 && cat >"$2.new") && chmod "$1" "$2.new" && mv "$2.new" "$2"
    fi
}

has() { command -v "$1" >/dev/null 2>&1; }

# clean_copy SOURCE TARGET: what the package is built from, without what earlier builds have left there.
clean_copy() {
    run mkdir -p "$2"
    for part in agent export firmware_bridge simulator configs deploy docs pyproject.toml MANIFEST.in README.md CHANGELOG.md LICENSE constraints.txt; do
        run cp -R "$1/$part" "$2/"
    done
}

# Whether systemd runs here; in a chroot or a container it does not.
booted() { [ -d /run/systemd/system ]; }

# Debian packages, where they are not here yet; a sentence where they cannot be had.
needs_packages() {
    has apt-get || die "$* is missing, and this is no Debian, Ubuntu or Raspberry Pi OS: install it by its package manager, then run this again."
    say "installing $*"
    run env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2 ||
        { run apt-get update -q >&2 && run env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2; } ||
        die "$* could not be installed. Where this computer has no network, fetch the packages elsewhere and install them by dpkg -i first."
}
