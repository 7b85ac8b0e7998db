# shellcheck shell=sh
# The service around the agent: its user, its restart with a way back, and what is told of it; read by install.sh and the .deb.

make_user() {
    if has systemd-sysusers; then
        run systemd-sysusers "$1"
    elif ! getent passwd textvib >/dev/null; then
        run useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin --comment "TextVib Edge" textvib
        run usermod -aG dialout textvib
    fi
    # A state folder that an earlier installation left belongs to root meanwhile, see remove_user; what is put away goes on
    # to do so.
    if [ -d "$STATE" ]; then run find "$STATE" -path "$KEPT" -prune -o -exec chown -h textvib:textvib {} +; fi
}

# Its number may be given to another user later, who must not find files of his own here.
remove_user() {
    if [ -d "$STATE" ]; then run chown -R root:root "$STATE"; fi
    if getent passwd textvib >/dev/null; then run userdel textvib; fi
    if getent group textvib >/dev/null; then run groupdel textvib; fi
}

take_up_rules() {
    if [ -e /run/udev/control ]; then
        run udevadm control --reload
        run udevadm trigger --subsystem-match=tty
    fi
}

# restarted_or_taken_back SLOT_BEFORE: an agent that does not start gives way to the one before it.
restarted_or_taken_back() {
    run systemctl daemon-reload
    run systemctl enable -q "$SERVICE"
    if run systemctl restart "$SERVICE"; then return 0; fi
    journalctl -q --no-pager -o cat -n 8 -u "$SERVICE" 2>/dev/null || true
    if [ -n "$1" ] && [ "$1" != "$(slot_in_use)" ]; then
        switch_to "$1"
        run systemctl restart "$SERVICE" || true
        remove_other_slots "$1"
        die "the new version does not start (above); the one before is in place again."
    fi
    die "the agent does not start; the lines above say why. Once that is mended: systemctl restart $SERVICE"
}

# Waits until the virtual sensor has been diagnosed, and shows what is known by then.
show_diagnosis() {
    [ -n "$DRY" ] && return 0
    say "waiting for the first diagnosis of the virtual sensor"
    tries=60
    while [ $tries -gt 0 ]; do
        if "$PREFIX/bin/textvib-agent" status --json 2>/dev/null | grep -q '"open_alerts": \["'; then
            "$PREFIX/bin/textvib-agent" status
            return 0
        fi
        tries=$((tries - 1))
        sleep 1
    done
    "$PREFIX/bin/textvib-agent" status || true
    die "the virtual sensor raised no alert within a minute; see: journalctl -u $SERVICE -u $SENSOR_SERVICE"
}
