# shellcheck shell=sh
# The agent's config: what is read in it, and how another one takes its place; read by install.sh.

# A text that is written in a section of a config: value_of FILE SECTION KEY.
value_of() {
    sed -n "/^\[$2\]/,/^\[/s/^$3 *= *\"\([^\"]*\)\".*/\1/p" "$1" 2>/dev/null | head -n 1
}

# take_config FILE SLOT: checked by the new version, then the agent's; what was there before is kept beside it.
take_config() {
    if [ -n "$DRY" ]; then
        say "+ check $1 and install it as $CONFIG"
        return 0
    fi
    # Of an example of ours the two lines of the broker's user are taken in.
    sed 's/^# \(username = "[^"]*"\|password_file = "[^"]*"\)\( *# --broker.*\)$/\1\2/' "$1" | with_page "$1" | written 644 "$CONFIG.candidate"
    if ! "$2/bin/textvib-agent" check "$CONFIG.candidate"; then
        rm -f "$CONFIG.candidate"
        return 1
    fi
    if [ -e "$CONFIG" ] && ! cmp -s "$CONFIG" "$CONFIG.candidate"; then cp -p "$CONFIG" "$CONFIG.before"; fi
    mv "$CONFIG.candidate" "$CONFIG"
}
