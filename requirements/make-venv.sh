#!/bin/sh
# Makes .venv from the system's Python, and says what is missing when it cannot.
set -eu

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
chosen=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c "$new_enough" >/dev/null 2>&1; then
        chosen=$candidate
        break
    fi
done
if [ -z "$chosen" ]; then
    echo "Error: no Python 3.11 or newer was found. Install one (Debian 12: apt install python3)," >&2
    echo "or name it: make PYTHON=/path/to/python3" >&2
    exit 1
fi

# Debian keeps what venv needs in a package of its own.
if ! "$chosen" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "python3-venv is missing; installing it with apt-get." >&2
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >&2
    else
        echo "Error: $chosen cannot make virtual environments." >&2
        echo "Install its venv package (Debian: sudo apt install python3-venv), then run make again." >&2
        exit 1
    fi
fi

rm -rf .venv
"$chosen" -m venv .venv
