# shellcheck shell=sh
# Taking away what install.sh has put on this computer; what cannot be made again is kept, said, and taken up by the next
# installation; read by install.sh.

# put_away FOLDER NAME: kept under that name, in place of what an earlier time has left.
put_away() {
    if [ ! -d "$1" ]; then return 0; fi
    # The agent's user may write in the state; a link or a folder of his would lead root astray.
    if [ -L "$KEPT" ] || { [ -e "$KEPT" ] && [ ! -O "$KEPT" ]; }; then run rm -rf "$KEPT"; fi
    run mkdir -p "$KEPT/$(dirname "$2")"
    run chmod 700 "$STATE" "$KEPT"
    run rm -rf "${KEPT:?}/$2"
    run cp -a "$1" "$KEPT/$2"
    # Names, for the numbers go with the user.
    if [ -z "$DRY" ]; then (cd "$1" && find . \( -user textvib -o -group textvib \) -exec stat -c '%U:%G %n' {} +) >"$KEPT/$2.owners"; fi
    run rm -rf "$1"
}

# Whether an uninstallation has put this away.
is_kept() { [ -d "$KEPT/$1" ] && [ ! -L "$KEPT" ] && [ -O "$KEPT" ]; }

# take_up NAME FOLDER: puts it back; what is there already stays as it is.
take_up() {
    if ! is_kept "$1"; then return 0; fi
    say "taking up $KEPT/$1"
    if [ -z "$DRY" ]; then
        mkdir -p "$2"
        tar -C "$KEPT/$1" -c . | tar -C "$2" -x --skip-old-files
        while read -r owner path; do chown -h "$owner" "$2/$path"; done <"$KEPT/$1.owners"
    fi
    run rm -rf "${KEPT:?}/$1" "$KEPT/$1.owners"
    run find "$KEPT" -depth -type d -empty -delete
}

remove_everything_but_state() {
    if booted; then
        for unit in "$SERVICE" "$SENSOR_SERVICE"; do
            if [ -e "$UNITS/$unit" ]; then run systemctl disable -q --now "$unit"; fi
        done
    fi
    put_away "$ETC" config
    if [ -d "$BROKER" ] && [ -e "$BROKER_CONF" ]; then run cp -p "$BROKER_CONF" "$BROKER/mosquitto.conf"; fi
    put_away "$BROKER" broker
    for unit in "$SERVICE" "$SENSOR_SERVICE"; do put_away "$UNITS/$unit.d" "$unit.d"; done
    had_broker=''
    if [ -e "$BROKER_CONF" ]; then
        had_broker=yes
        run rm -f "$BROKER_CONF"
        if booted; then run systemctl try-restart mosquitto; fi
    fi
    for unit in "$SERVICE" "$SENSOR_SERVICE"; do run rm -f "$UNITS/$unit"; done
    run rm -f /etc/udev/rules.d/60-textvib-serial.rules /etc/sysusers.d/textvib.conf
    if [ -d /etc/sysusers.d ]; then run rmdir --ignore-fail-on-non-empty /etc/sysusers.d; fi # a bare system has none
    for command in $COMMANDS; do
        if [ "$(readlink "/usr/local/bin/$command" 2>/dev/null)" = "$PREFIX/bin/$command" ]; then run rm -f "/usr/local/bin/$command"; fi
    done
    run rm -rf "$PREFIX" "$PREFIX-a" "$PREFIX-b" "$PREFIX-by-hand"
    remove_user
    if booted; then
        run systemctl daemon-reload
        run systemctl reset-failed "$SERVICE" "$SENSOR_SERVICE" 2>/dev/null || true
    fi
    take_up_rules
    if [ -d "$STATE" ]; then
        say "removed. What was learnt is in $STATE (baselines, alerts, recordings); its config, passwords and certificates are in $KEPT." \
            "The next installation takes all of it up again. To have nothing left: rm -r $STATE"
    else
        say "removed; there was no state."
    fi
    if [ -n "$had_broker" ]; then say "Mosquitto itself stays, as its package came: apt-get remove mosquitto"; fi
}
