# shellcheck shell=sh
# The agent's Python environment: made beside the one that runs, tried, then switched to; read by install.sh and the .deb.
#
# /opt/textvib is a link to /opt/textvib-a or /opt/textvib-b. An upgrade fills the one that is not in use, so what runs is
# untouched until the new one has passed its self-test, and whatever fails before that changes nothing.

# The interpreter to use: the one asked for, else the first that fits.
found_python() {
    for name in ${1:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        if [ "$(misfit "$name")" = none ]; then
            "$name" -c 'import sys; print(sys._base_executable)' # not that of a virtual environment
            return
        fi
    done
    return 1
}

# What stands against an interpreter: none, missing, bits, home, or its version.
misfit() {
    has "$1" || { echo missing && return; }
    "$1" - "$OLDEST_PYTHON" <<'P' 2>/dev/null || echo missing
import os.path, struct, sys
real = os.path.realpath(sys._base_executable)
if sys.version_info[:2] < tuple(int(part) for part in sys.argv[1].split(".")):
    print("%d.%d" % sys.version_info[:2])
elif struct.calcsize("P") < 8:
    print("bits")
elif real.startswith(("/root/", "/home/", "/run/user/")):
    print("home")
else:
    print("none")
P
}

# Why no interpreter fits, and the mend for this computer.
die_without_python() {
    why=$(misfit "${1:-python3}")
    name=${1:-this computer}
    case $why in
    home) die "${1:-python3} lies in a home folder, which the service does not see (ProtectHome)." \
        "Install Python where all may read it: apt-get install python3, or UV_PYTHON_INSTALL_DIR=/opt/python uv python install 3.12; then name it by --python PATH." ;;
    bits) die "$name is a 32-bit system, for which onnxruntime and numpy have no wheels." \
        "Install the 64-bit edition of it: a Raspberry Pi 3, 4, 5 or Zero 2 W runs the 64-bit Raspberry Pi OS." ;;
    missing) have="no ${1:-python3}" ;;
    *) have="Python $why" ;;
    esac
    # shellcheck disable=SC1090
    system=$(. "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}")
    case $system in
    "ubuntu 20.04" | "ubuntu 22.04") # and Jetsons: JetPack 5 and 6 are these
        die "Python $OLDEST_PYTHON or newer is needed, and here is $have (Ubuntu 22.04 and JetPack 6 come with 3.10)." \
            "Install a newer one beside it; the system's own stays as it is:" \
            "    sudo apt-get install software-properties-common && sudo add-apt-repository ppa:deadsnakes/ppa" \
            "    sudo apt-get install python3.12 python3.12-venv" \
            "then run this again with --python python3.12."
        ;;
    "debian 11" | "raspbian 11")
        die "Python $OLDEST_PYTHON or newer is needed, and here is $have." \
            "Debian and Raspberry Pi OS have it from 12 (Bookworm) on: upgrade the system, or name another interpreter by --python."
        ;;
    esac
    die "Python $OLDEST_PYTHON or newer is needed, and here is $have." "Install one (apt-get install python3), or name one by --python PATH."
}

# Its path, or nothing.
slot_in_use() {
    for slot in "$PREFIX-a" "$PREFIX-b"; do
        if [ "$(readlink "$PREFIX" 2>/dev/null)" = "$(basename "$slot")" ] && [ -d "$slot" ]; then echo "$slot"; fi
    done
}

free_slot() {
    if [ "$(slot_in_use)" = "$PREFIX-a" ]; then echo "$PREFIX-b"; else echo "$PREFIX-a"; fi
}

# new_environment PYTHON SLOT WHEELS WHAT: what pip is told to install, from the folder WHEELS alone where one is given.
new_environment() {
    run rm -rf "$2"
    pip="$2/bin/python -m pip --disable-pip-version-check --no-input"
    export PIP_ROOT_USER_ACTION=ignore
    unset PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE
    if [ -n "$3" ]; then
        run "$1" -m venv --without-pip "$2" || return 1
        carried=$(find "$3" -name 'pip-*.whl' | sort | tail -n 1)
        [ -n "$carried" ] || die "the folder $3 holds no pip-*.whl; make it by deploy/wheels.sh, or: pip download -d $3 pip"
        # A wheel is a zip file that Python can import from: no ensurepip (package python3-venv) is needed.
        # shellcheck disable=SC2086
        run env PYTHONPATH="$carried" $pip --isolated install -q --no-compile --no-index --find-links "$3" pip "$4"
    else
        run "$1" -m venv "$2" || return 1
        # shellcheck disable=SC2086
        run $pip install -q --no-compile ${CONSTRAINTS:+-c "$CONSTRAINTS"} "$4"
    fi || return 1
    # Compiling everything would take as long as installing it. The rest of what the agent imports is compiled as the
    # self-test imports it, of the page as it is imported here; later it cannot be, since the service may not write here.
    run "$2/bin/python" -I -c 'import agent, compileall, contextlib, pathlib
for name in ("agent", "firmware_bridge", "simulator"): compileall.compile_dir(pathlib.Path(agent.__file__).parents[1] / name, quiet=1)
with contextlib.suppress(ImportError): import agent.web.server'
}

# The golden windows through each runtime, on this processor, as the agent itself does it before it opens anything.
environment_works() {
    [ -n "$DRY" ] && return 0
    "$1/bin/textvib-agent" check "$1/share/textvib/configs/virtual.toml"
}

# A config that the running version takes and the new one refuses must not stop the agent by an upgrade.
config_works() {
    [ -n "$DRY" ] || [ ! -e "$CONFIG" ] && return 0
    "$1/bin/textvib-agent" check "$CONFIG" && return 0
    [ -x "$PREFIX/bin/textvib-agent" ] && "$PREFIX/bin/textvib-agent" check "$CONFIG" >/dev/null 2>&1 && return 1
    say "the config is not good yet (above); the agent starts once it is"
}

# From here on it is the one that runs. What was installed by hand as a folder gives way.
switch_to() {
    if [ -d "$PREFIX" ] && [ ! -L "$PREFIX" ]; then
        [ -e "$PREFIX/pyvenv.cfg" ] || die "$PREFIX is there and is no Python environment: move it away, then run this again."
        run rm -rf "$PREFIX-by-hand"
        run mv "$PREFIX" "$PREFIX-by-hand"
    fi
    run ln -sfn "$(basename "$1")" "$PREFIX.new"
    run mv -T "$PREFIX.new" "$PREFIX"
}

# remove_other_slots SLOT: all but this one.
remove_other_slots() {
    for other in "$PREFIX-a" "$PREFIX-b" "$PREFIX-by-hand"; do
        if [ -e "$other" ] && [ "$other" != "$1" ]; then run rm -rf "$other"; fi
    done
}
