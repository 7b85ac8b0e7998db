#!/bin/sh
# Installs TextVib Edge on this computer (Raspberry Pi OS, Debian, Ubuntu, Jetson), upgrades it, or takes it away.
# Run again it upgrades; it never touches the state, and a config only by --config or --virtual.
set -eu
umask 022 # the service's user must be able to read what root installs

HERE=$(cd "$(dirname "$0")" && pwd)
SHARE=$(dirname "$HERE") # the checkout, or share/textvib of an installed wheel
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$HERE/common.sh"
# shellcheck source-path=SCRIPTDIR source=environment.sh
. "$HERE/environment.sh"
# shellcheck source-path=SCRIPTDIR source=service.sh
. "$HERE/service.sh"
# shellcheck source-path=SCRIPTDIR source=config.sh
. "$HERE/config.sh"
# shellcheck source-path=SCRIPTDIR source=broker.sh
. "$HERE/broker.sh"
# shellcheck source-path=SCRIPTDIR source=page.sh
. "$HERE/page.sh"
# shellcheck source-path=SCRIPTDIR source=removal.sh
. "$HERE/removal.sh"

config='' virtual='' broker='' page='' wheels='' python='' start=yes uninstall=''

usage() {
    cat <<'U'
usage: install.sh [--config FILE | --virtual] [--broker] [--page] [--wheels DIR] [--python PYTHON] [--extras LIST] [--no-start] [--dry-run]
       install.sh --uninstall [--dry-run]

  --config FILE    takes FILE as the agent's config, once it has been checked
  --virtual        a virtual motor with a damaged bearing, and a config for it, to see it work before a sensor is there; with --broker
  --broker         Mosquitto on this computer, with TLS, users and access rules
  --page           the page in a browser for the whole network, with a password made here, not for this computer alone
  --wheels DIR     installs from this folder alone, without a network (deploy/wheels.sh makes it); default: wheels/ beside deploy/
  --python PYTHON  the interpreter to use; default: the first of python3, python3.14 ... python3.11 that is new enough
  --extras LIST    the package's extras, separated by commas
  --no-start       installs everything and starts nothing
  --uninstall      removes everything but the state
  --dry-run        shows what would be done
U
}

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --config | --wheels | --python | --extras)
            case ${2:-} in '' | --*) die "$1 needs a value; see install.sh --help" ;; esac
            case $1 in
            --config) config=$2 ;;
            --wheels) wheels=$2 ;;
            --python) python=$2 ;;
            --extras) EXTRAS=$2 ;;
            esac
            shift
            ;;
        --virtual) virtual=yes broker=yes ;;
        --broker) broker=yes ;;
        --page) page=yes ;;
        --no-start) start='' ;;
        --uninstall) uninstall=yes ;;
        --dry-run) DRY=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) die "$1 is no option; see install.sh --help" ;;
        esac
        shift
    done
}

# Whether this is a computer on which anything may be done by this script.
look_at_computer() {
    [ -n "$DRY" ] || [ "$(id -u)" = 0 ] || die "this needs root: sudo sh $0 ..., or --dry-run to see what it would do."
    [ "$(uname -s)" = Linux ] || die "this is $(uname -s); the agent runs on Linux."
    if has dpkg-query && dpkg-query -W -f '${db:Status-Status}' "$PACKAGE" 2>/dev/null | grep -q '^installed'; then
        die "$PACKAGE is installed as a Debian package: upgrade it by apt-get install ./${PACKAGE}_VERSION.deb, remove it by apt-get remove $PACKAGE."
    fi
}

# The paths given, as absolute ones, or what is wrong with them.
look_at_files() {
    [ -z "$config" ] || [ -z "$virtual" ] || die "--config and --virtual are two configs; give one of them."
    if [ -n "$config" ]; then
        if [ ! -f "$config" ] || [ ! -r "$config" ]; then die "--config: there is no file $config that can be read."; fi
        config=$(cd "$(dirname "$config")" && pwd)/$(basename "$config")
    fi
    if [ -z "$config$virtual" ] && [ ! -e "$CONFIG" ] && is_kept config && [ -e "$KEPT/config/agent.toml" ]; then
        config=$KEPT/config/agent.toml
    fi
    if [ -n "$virtual" ]; then
        config=$SHARE/configs/virtual.toml
        if [ -e "$CONFIG" ] && ! grep -q '^\[sensors.virtual\]' "$CONFIG"; then
            die "$CONFIG is there, for sensors of yours; --virtual would take its place. Move it away first, or leave --virtual out."
        fi
    fi
    if [ -z "$wheels" ] && [ -d "$SHARE/wheels" ]; then wheels=$SHARE/wheels; fi
    if [ -n "$wheels" ]; then
        wheels=$(cd "$wheels" 2>/dev/null && pwd) || die "--wheels: there is no folder of that name."
        [ -n "$(find "$wheels" -name "$(echo "$PACKAGE" | tr - _)-*.whl")" ] ||
            die "the folder $wheels holds no wheel of $PACKAGE; make it by deploy/wheels.sh."
    fi
}

# The new version, in the environment that is not in use, and tried there.
install_beside() {
    say "installing $PACKAGE with $EXTRAS into $slot, for $chosen"
    what="${PACKAGE}[$EXTRAS]"
    if [ -z "$wheels" ] && [ -e "$SHARE/pyproject.toml" ]; then
        copy=$(mktemp -d)
        trap 'rm -rf "$copy"' EXIT
        clean_copy "$SHARE" "$copy"
        what="${copy}[$EXTRAS]"
        CONSTRAINTS=$SHARE/constraints.txt
    fi
    new_environment "$chosen" "$slot" "$wheels" "$what" || {
        run rm -rf "$slot"
        die "the packages could not be installed (above); nothing was changed." \
            "Without a network: make a folder of wheels by deploy/wheels.sh on a computer that has one, and give it by --wheels."
    }
    environment_works "$slot" || {
        run rm -rf "$slot"
        die "the self-test fails on this computer (above); nothing was changed."
    }
}

# User, broker and config: what the service needs beside the program.
install_around() {
    put 644 "$HERE/textvib.conf" /etc/sysusers.d/textvib.conf
    make_user "$HERE/textvib.conf"
    run mkdir -p "$ETC"
    take_up config "$ETC"
    for unit in "$SERVICE" "$SENSOR_SERVICE"; do take_up "$unit.d" "$UNITS/$unit.d"; done
    if [ "$config" = "$KEPT/config/agent.toml" ] && [ -z "$DRY" ]; then config=$CONFIG; fi
    if [ -n "$broker" ]; then install_broker "${config:-$CONFIG}"; fi
    if [ -n "$page" ]; then make_page_password; fi
    if [ -n "$config" ]; then
        take_config "$config" "$slot" || {
            run rm -rf "$slot"
            die "$config is no good (above); the config and the agent stay as they were."
        }
    elif ! config_works "$slot"; then
        run rm -rf "$slot"
        die "the new version refuses $CONFIG (above), which the one that runs takes; nothing was changed."
    fi
}

install_service() {
    put 644 "$HERE/60-textvib-serial.rules" /etc/udev/rules.d/60-textvib-serial.rules
    put 644 "$HERE/$SERVICE" "$UNITS/$SERVICE"
    if [ -n "$virtual" ] || [ -e "$UNITS/$SENSOR_SERVICE" ]; then put 644 "$HERE/$SENSOR_SERVICE" "$UNITS/$SENSOR_SERVICE"; fi
    run mkdir -p /usr/local/bin # a system that is made of packages alone may have none
    for command in $COMMANDS; do run ln -sfn "$PREFIX/bin/$command" "/usr/local/bin/$command"; done
}

start_service() {
    if [ -n "$virtual" ]; then
        run systemctl enable -q "$SENSOR_SERVICE"
        run systemctl restart "$SENSOR_SERVICE"
    fi
    restarted_or_taken_back "$before"
    remove_other_slots "$slot"
    if [ -n "$virtual" ]; then show_diagnosis; fi
    show_page
    say "installed and running: textvib-agent status; journalctl -u $SERVICE"
}

# Read whole before any of it is carried out: a shell reads a script as it goes, and a checkout may change meanwhile.
main() {
    read_arguments "$@"
    look_at_computer
    if [ -z "$DRY" ] && has flock; then
        exec 9>/run/textvib-install.lock
        flock -n 9 || die "another installation is under way here."
    fi
    if [ -n "$uninstall" ]; then
        remove_everything_but_state
        exit 0
    fi
    look_at_files
    chosen=$(found_python "$python") || die_without_python "$python"
    if [ -n "$broker" ]; then look_at_broker "$config"; fi
    if [ -n "$page" ]; then
        look_at_page "$config"
        config=${config:-$CONFIG}
    fi
    cd / # Python looks into the folder that it is started in, and a checkout there would pass for what is installed
    if [ -z "$wheels" ] && ! "$chosen" -c 'import ensurepip' 2>/dev/null; then
        needs_packages "python$("$chosen" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi

    before=$(slot_in_use)
    slot=$(free_slot)
    install_beside
    install_around
    switch_to "$slot"
    install_service
    if ! booted && [ -z "$DRY" ]; then
        remove_other_slots "$slot"
        say "installed. No systemd runs here, so nothing was started: $PREFIX/bin/textvib-agent run $CONFIG"
        exit 0
    fi
    take_up_rules
    run systemctl daemon-reload
    if [ ! -e "$CONFIG" ] && [ -z "$DRY" ]; then
        remove_other_slots "$slot"
        say "installed, and not started, for there is no config. Let setup ask for one, or copy the file of $PREFIX/share/textvib/configs that fits to $CONFIG and mend it:" \
            "    textvib-agent setup" \
            "    textvib-agent check $CONFIG && systemctl enable --now $SERVICE"
    elif [ -z "$start" ]; then
        run systemctl enable -q "$SERVICE"
        remove_other_slots "$slot"
        say "installed, and not started: systemctl start $SERVICE"
    else
        start_service
    fi
}

main "$@"
