#!/bin/sh
# Builds the container image of Containerfile by podman, docker or buildah, from a folder that holds only what it needs.
#   deploy/image.sh WHEELS CONTEXT [ARGUMENTS OF build ...]      BUILDER names another program
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$HERE/common.sh"

wheels=${1:?the folder of wheels} context=${2:?a folder to build in}
shift 2
builder=${BUILDER:-}
for name in podman docker buildah; do
    if [ -z "$builder" ] && has "$name"; then builder=$name; fi
done
[ -n "$builder" ] || die "podman, docker or buildah is needed to build an image: apt-get install podman."
case $builder in *docker*) ;; *) set -- --format docker "$@" ;; esac # OCI's own has no HEALTHCHECK
rm -rf "$context"
mkdir -p "$context"
cp -R "$HERE" "$context/deploy"
cp -R "$(dirname "$HERE")/configs" "$context/configs"
cp -R "$wheels" "$context/wheels"
$builder build -f "$context/deploy/Containerfile" -t "$PACKAGE" "$@" "$context"
