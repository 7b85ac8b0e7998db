#!/bin/sh
# Makes a folder from which install.sh installs without a network: the package's own wheel, all that it needs, and pip.
#   deploy/wheels.sh DIR [ARCH] [PYTHON ...]      ARCH amd64 or arm64 (default: this computer's); PYTHON 3.11 and so on
# PIP names the pip to use (default: python3 -m pip). What lies in DIR already is removed where it is a wheel.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$HERE/common.sh"

folder=${1:?the folder to fill}
case ${2:-$(uname -m)} in
amd64 | x86_64) machine=x86_64 ;;
arm64 | aarch64) machine=aarch64 ;;
*) die "$2 is no architecture that the runtimes have wheels for; say amd64 or arm64." ;;
esac
pip=${PIP:-python3 -m pip}
if [ $# -gt 2 ]; then
    shift 2
else
    set -- "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
fi

mkdir -p "$folder"
rm -f "$folder"/*.whl
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
clean_copy "$(dirname "$HERE")" "$copy"
$pip wheel -q --no-deps -w "$folder" "$copy"
own=$(find "$folder" -name '*.whl')
for python in "$@"; do
    platforms=''
    for glibc in 2_28 2_27 2_26 2_24 2_17; do platforms="$platforms --platform manylinux_${glibc}_$machine"; done
    # shellcheck disable=SC2086
    $pip download -q -d "$folder" -c "$(dirname "$HERE")/constraints.txt" --only-binary=:all: --implementation cp \
        --python-version "$python" --abi "cp$(echo "$python" | tr -d .)" --abi abi3 --abi none \
        $platforms --platform "manylinux2014_$machine" --platform any "${own}[$EXTRAS]" pip
done
say "$folder: $(find "$folder" -name '*.whl' | wc -l) wheels, $(du -shL "$folder" | cut -f1), for Python $* on $machine"
