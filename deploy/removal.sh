# shellcheck shell=sh
# Taking away what install.sh has put on this computer; what cannot be made again is kept, and said; read by install.sh.

KEPT=$STATE/uninstalled # configs, passwords, certificates, changes of the units

remove_everything_but_state() {
    if booted; then
        for unit in "$SERVICE" "$SENSOR_SERVICE"; do
            if [ -e "$UNITS/$unit" ]; then run systemctl disable -q --now "$unit"; fi
        done
    fi
    for folder in "$ETC" "$BROKER" "$UNITS/$SERVICE.d" "$UNITS/$SENSOR_SERVICE.d"; do
        if [ -d "$folder" ]; then
            run mkdir -p "$KEPT"
            run chmod 700 "$STATE" "$KEPT"
            run cp -a "$folder/." "$KEPT/"
            run rm -rf "$folder"
        fi
    done
    had_broker=''
    if [ -e /etc/mosquitto/conf.d/textvib.conf ]; then
        had_broker=yes
        run rm -f /etc/mosquitto/conf.d/textvib.conf
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
            "An installation takes the state up again. To have nothing left: rm -r $STATE"
    else
        say "removed; there was no state."
    fi
    if [ -n "$had_broker" ]; then say "Mosquitto itself stays, as its package came: apt-get remove mosquitto"; fi
}
