# shellcheck shell=sh
# The page in a browser: its password, its keys in the config, and where it answers; read by install.sh.

PAGE_PASSWORD=$ETC/page.password

# What stands against a page that the network reaches, before anything is changed.
look_at_page() {
    file=${1:-$CONFIG}
    [ -e "$file" ] || die "--page needs the agent's config, for it stands there: give it by --config FILE, or --virtual."
    if grep -q '^\[web\]' "$file" && ! grep -q '^listen = .*# --page' "$file" && [ -z "$(value_of "$file" web password_file)" ]; then
        die "$file has a [web] of its own, without a password. Write there, and leave --page out:" \
            "    listen = \"0.0.0.0:8640\"" "    password_file = \"FILE\""
    fi
}

# Made once; 16 letters that can be read out to somebody.
make_page_password() {
    if [ -e "$PAGE_PASSWORD" ]; then return 0; fi
    new_password | cut -c 1-16 | written 640 "$PAGE_PASSWORD"
    run chgrp textvib "$PAGE_PASSWORD"
}

# A config that comes in goes out with a page that the network reaches, where --page asks for it.
with_page() {
    if [ -z "$page" ]; then
        cat
    elif grep -q '^\[web\]' "$1"; then
        sed -e 's/^listen = "[^"]*"\( *# --page.*\)$/listen = "0.0.0.0:8640"\1/' -e 's/^# \(password_file = "[^"]*" *# --page.*\)$/\1/'
    else
        cat
        printf '\n[web] # --page\nlisten = "0.0.0.0:8640"\npassword_file = "%s"\n' "$PAGE_PASSWORD"
    fi
}

# Where the agent's page is reached, once it answers; nothing where the config has none.
show_page() {
    [ -z "$DRY" ] && grep -q '^\[web\]' "$CONFIG" || return 0
    listen=$(value_of "$CONFIG" web listen)
    listen=${listen:-127.0.0.1:8640}
    scheme=http
    [ -z "$(value_of "$CONFIG" web cert_file)" ] || scheme=https
    tries=30
    until page_answers "$scheme" "$listen"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || die "the agent runs, and its page does not answer at $listen; see: journalctl -u $SERVICE"
        sleep 1
    done
    port=${listen##*:}
    case $listen in
    127.* | "[::1]"*)
        say "the page: $scheme://$listen on this computer; from another one: ssh -L $port:$listen $(uname -n), or install.sh --page"
        ;;
    *)
        say "the page: $scheme://$(address_of "${listen%:*}"):$port, its password: sudo cat $(value_of "$CONFIG" web password_file)"
        ;;
    esac
}

# By which others reach it; the first one of this computer where it listens on all.
address_of() {
    case $1 in
    0.0.0.0 | "[::]") hostname -I 2>/dev/null | cut -d ' ' -f 1 | grep . || uname -n ;;
    *) say "$1" ;;
    esac
}

# Whether what answers there is this page, and not some other program; a proxy is not asked.
page_answers() {
    "$PREFIX/bin/python" -I - "$1" "$2" <<'P' 2>/dev/null
import http.client, ssl, sys
scheme, listen = sys.argv[1:]
address, _, port = listen.rpartition(":")
address = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(address, address).strip("[]")
if scheme == "https":
    page = http.client.HTTPSConnection(address, int(port), timeout=2, context=ssl._create_unverified_context())
else:
    page = http.client.HTTPConnection(address, int(port), timeout=2)
page.request("GET", "/words/en")
sys.exit(page.getresponse().status not in (200, 421))
P
}
