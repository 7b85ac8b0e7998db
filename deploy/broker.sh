# shellcheck shell=sh
# Mosquitto on this computer, by mosquitto.conf and mosquitto.acl: certificates, users and passwords are made once; read by install.sh.

# What stands against a broker here, before anything is changed.
look_at_broker() {
    file=${1:-$CONFIG}
    [ -e "$file" ] || die "--broker needs the agent's config, for its id and its user: give it by --config FILE, or --virtual."
    other=$(grep -rlsE '^[[:space:]]*(listener|port)[[:space:]]+1883' /etc/mosquitto/mosquitto.conf /etc/mosquitto/conf.d 2>/dev/null | grep -v '/textvib.conf$' || true)
    [ -z "$other" ] || die "$other has a listener on 1883 already: this computer has a broker of its own. Leave --broker out and name it under [broker]; deploy/mosquitto.acl has rules to copy."
    id=$(value_of "$file" agent id)
    case $id in
    '' | *[!A-Za-z0-9_-]*) die "$file has no id under [agent], or one that is no name: the broker's user takes it." ;;
    esac
    [ -n "$virtual" ] || [ -n "$(value_of "$file" broker username)" ] ||
        die "the broker lets nobody in without a name. Add to [broker] of $file (and to [sources.broker], where it is there):" \
            "    username = \"$id\"" "    password_file = \"$BROKER_PASSWORD\""
}

new_password() { od -An -N 18 -t x1 /dev/urandom | tr -d ' \n'; }

# Adds a user whose password is not known to the broker yet, and says it on standard output.
new_user() {
    password=$(new_password)
    { grep -v "^$1:" "$BROKER/users" 2>/dev/null || true; } >"$BROKER/users.new"
    (umask 077 && printf '%s:%s\n' "$1" "$password" >"$BROKER/user.new")
    mosquitto_passwd -U "$BROKER/user.new" # hashes what stands in the file; a password in arguments could be seen by anybody
    cat "$BROKER/user.new" >>"$BROKER/users.new"
    rm "$BROKER/user.new"
    mv "$BROKER/users.new" "$BROKER/users"
    printf '%s\n' "$password"
}

# A CA of the plant's own and the broker's certificate, for ten years, where there is none.
make_certificates() {
    if [ -e "$BROKER/server.crt" ]; then return 0; fi
    say "making a CA and the broker's certificate in $BROKER"
    [ -z "$DRY" ] || return 0
    (
        cd "$BROKER" || exit 1
        umask 077
        name=$(uname -n)
        printf 'subjectAltName=DNS:%s,DNS:%s.local,DNS:localhost,IP:127.0.0.1\n' "$name" "$name" >names
        openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=Plant CA" -keyout ca.key -out ca.crt 2>/dev/null
        openssl req -newkey rsa:3072 -nodes -subj "/CN=$name" -keyout server.key -out server.csr 2>/dev/null
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile names -out server.crt 2>/dev/null
        rm names server.csr
        chmod 644 ca.crt server.crt
    )
}

install_broker() {
    if ! has mosquitto || ! has mosquitto_passwd || ! has openssl; then needs_packages mosquitto openssl; fi
    id=$(value_of "$1" agent id)
    run mkdir -p "$BROKER"
    run chmod 755 "$BROKER"
    take_up broker "$BROKER"
    make_certificates
    if [ ! -e "$BROKER/mosquitto.acl" ]; then # rules are the plant's from the first day on
        sed "s/gateway-1/$id/g" "$HERE/mosquitto.acl" | written 640 "$BROKER/mosquitto.acl"
    fi
    if [ -e "$BROKER/mosquitto.conf" ] && [ ! -e "$BROKER_CONF" ]; then run mv "$BROKER/mosquitto.conf" "$BROKER_CONF"; fi
    if [ ! -e "$BROKER_CONF" ]; then put 644 "$HERE/mosquitto.conf" "$BROKER_CONF"; fi
    if [ -z "$DRY" ]; then
        touch "$BROKER/users"
        if [ ! -e "$BROKER_PASSWORD" ] || ! grep -q "^$id:" "$BROKER/users"; then
            new_user "$id" | written 640 "$BROKER_PASSWORD"
            chgrp textvib "$BROKER_PASSWORD"
        fi
        if [ -n "$virtual" ] && { [ ! -e "$SENSOR_ACCOUNT" ] || ! grep -q '^virtual:' "$BROKER/users"; }; then
            new_user virtual | sed 's/^/TEXTVIB_MQTT_PASSWORD=/' | written 600 "$SENSOR_ACCOUNT"
        fi
        chown mosquitto: "$BROKER/users" "$BROKER/mosquitto.acl" "$BROKER/server.key"
        chmod 640 "$BROKER/users" "$BROKER/mosquitto.acl" "$BROKER/server.key"
    fi
    if booted; then
        run systemctl enable -q mosquitto
        run systemctl restart mosquitto || die "Mosquitto does not start with $BROKER; see: journalctl -u mosquitto, /var/log/mosquitto/mosquitto.log"
    fi
    say "the broker's users: mosquitto_passwd $BROKER/users NAME; its rules: $BROKER/mosquitto.acl; then systemctl reload mosquitto"
}
