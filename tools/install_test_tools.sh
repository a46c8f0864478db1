#!/bin/sh
# Installs the programs that tests talk to, where apt and the rights for it are there; otherwise says what is missing.
missing=""
command -v sipp >/dev/null 2>&1 || missing="$missing sip-tester"
command -v baresip >/dev/null 2>&1 || missing="$missing baresip"
command -v chromium-headless-shell >/dev/null 2>&1 || missing="$missing chromium-headless-shell"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v iptables >/dev/null 2>&1 || [ -x /usr/sbin/iptables ] || missing="$missing iptables"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "tests that need$missing will be skipped: install them with this system's package manager" >&2
    exit 0
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
echo "installing$missing ..."
$sudo apt-get update -qq >/dev/null 2>&1
for program in $missing; do
    # A system without the headless shell has the whole browser, which does as well and takes longer.
    [ "$program" != chromium-headless-shell ] || apt-cache show "$program" >/dev/null 2>&1 || program=chromium
    if ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$program" >/dev/null 2>&1; then
        echo "could not install $program (needs root, or sudo without a password); tests that need it will be skipped" >&2
    fi
done
exit 0
