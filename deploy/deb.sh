#!/bin/sh
# Builds a Debian package that installs without a network: the wheels are inside, its scripts make the environment of them.
#   deploy/deb.sh WHEELS ARCH OUT      WHEELS from wheels.sh for ARCH (amd64, arm64); the Pythons are those that it has
set -eu
umask 022

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$HERE/common.sh"

wheels=${1:?the folder of wheels} arch=${2:?amd64 or arm64} out=${3:?the folder for the package}
has dpkg-deb || die "dpkg-deb is missing: a Debian package is built on Debian (apt-get install dpkg)."
own=$(find "$wheels" -name "$(echo "$PACKAGE" | tr - _)-*.whl")
[ -n "$own" ] || die "the folder $wheels holds no wheel of $PACKAGE; make it by deploy/wheels.sh."
version=$(basename "$own" | cut -d- -f2)
# onnxruntime has a wheel for each Python, so its wheels say which ones this package serves.
minors=$(find "$wheels" -name 'onnxruntime-*-cp3*.whl' | sed 's/.*-cp3\([0-9]*\)-.*/\1/' | sort -n)
least=$(echo "$minors" | head -n 1)
most=$(echo "$minors" | tail -n 1)

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
share=$tree/usr/share/textvib
chmod 755 "$tree" && mkdir -p "$tree/DEBIAN" "$share" "$tree/usr/bin" "$tree/usr/share/doc/$PACKAGE"
cp -R "$wheels" "$share/wheels"
cp -R "$HERE" "$share/deploy"
rm -rf "$share/deploy/debian"
cp -R "$(dirname "$HERE")/configs" "$share/configs"
rm -rf "$share/configs/recipes"
for command in $COMMANDS; do ln -s "$PREFIX/bin/$command" "$tree/usr/bin/$command"; done
install -D -m 644 -t "$tree/usr/lib/systemd/system" "$HERE/$SERVICE" "$HERE/$SENSOR_SERVICE"
install -D -m 644 "$HERE/textvib.conf" "$tree/usr/lib/sysusers.d/textvib.conf"
install -D -m 644 "$HERE/60-textvib-serial.rules" "$tree/usr/lib/udev/rules.d/60-textvib-serial.rules"
install -D -m 644 "$(dirname "$HERE")/configs/virtual.toml" "$tree$CONFIG"
echo "$CONFIG" >"$tree/DEBIAN/conffiles"
cp "$(dirname "$HERE")/LICENSE" "$tree/usr/share/doc/$PACKAGE/copyright"
gzip -9nc "$(dirname "$HERE")/CHANGELOG.md" >"$tree/usr/share/doc/$PACKAGE/changelog.gz"
for script in preinst postinst prerm postrm; do install -m 755 "$HERE/debian/$script" "$tree/DEBIAN/$script"; done
chmod -R u=rwX,go=rX "$tree/usr" "$tree/etc"
cat >"$tree/DEBIAN/control" <<C
Package: $PACKAGE
Version: $version
Architecture: $arch
Maintainer: TextVib Edge <textvib@localhost>
Section: misc
Priority: optional
Installed-Size: $(du -sk "$tree" | cut -f1)
Depends: python3 (>= 3.$least), python3 (<< 3.$((most + 1))), passwd
Recommends: mosquitto
Description: listens to a machine's vibration and says in words what is wrong
 Acceleration comes in over serial ports or MQTT; a small neural network compares
 it with descriptions of faults, and the agent publishes what it is sure of, with
 physical evidence. Everything that it needs is inside: no network is asked.
C
mkdir -p "$out"
dpkg-deb --root-owner-group -Zxz -z1 --build "$tree" "$out/${PACKAGE}_${version}_$arch.deb" >/dev/null # wheels are compressed already
say "$out/${PACKAGE}_${version}_$arch.deb: $(du -h "$out/${PACKAGE}_${version}_$arch.deb" | cut -f1), for Python 3.$least to 3.$most"
