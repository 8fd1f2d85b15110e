#!/usr/bin/env bash
# bootstrap.sh runtime|test|soak: makes this checkout ready to run, to be tested, or to be tested at length. Safe to
# repeat: a step that is already done is skipped, so a second start takes a second.
#   PYTHON=python3.12   the interpreter for .venv (default: the first on PATH that is 3.11 or newer)
# Exit status 2: a system package is missing and only an administrator can install it; the line to run is printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly what=${1:?usage: bootstrap.sh runtime|test|soak}
# The long tests need programs of the system more, and of Python the same.
readonly packages=${what/soak/test}
readonly venv=.venv

say() { printf '【準備】%s\n' "$*"; }
complain() { printf '【準備】%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# One debconf question unanswered would stop an unattended install; recommended packages are a few hundred MB more.
readonly install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends)

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_be_root() {
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

has_postgresql() {
    [ -n "${TOWNHALL_TEST_POSTGRESQL:-}" ] || command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# Prints the system packages that are missing, one a line.
missing_packages() {
    local python package
    local wanted=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig)
    wanted+=(fonts-noto-cjk fonts-noto-cjk-extra fonts-cwtex-fs fonts-lxgw-wenkai)
    # libatomic1 is for the program that Playwright drives the browser with. redis-tools holds the server too, without the
    # service that redis-server would start.
    if [ "$packages" = test ]; then wanted+=(chromium libatomic1 pgbouncer poppler-utils qpdf redis-tools); fi
    if [ "$what" = soak ]; then wanted+=(glewlwyd); fi
    for package in "${wanted[@]}"; do
        installed "$package" || echo "$package"
    done
    # The judges of what we write for office programs and browsers: any Java will do, any LibreOffice with Calc and Writer.
    if [ "$what" = soak ]; then
        command -v java >/dev/null || echo default-jre-headless
        compgen -G '/usr/lib/libreoffice/program/libsc*lo.so' >/dev/null || echo libreoffice-calc-nogui
        compgen -G '/usr/lib/libreoffice/program/libswlo.so' >/dev/null || echo libreoffice-writer-nogui
    fi
    python=$(find_python)
    # Debian keeps the part of venv that puts pip in in a package of its own.
    if [ -z "$python" ]; then
        printf '%s\n' python3 python3-venv
    elif [ ! -x "$venv/bin/python" ] && ! "$python" -c 'import ensurepip' 2>/dev/null; then
        case $python in python3) echo python3-venv ;; *) echo "${python##*/}-venv" ;; esac
    fi
    if [ "$packages" = test ] && ! has_postgresql; then echo postgresql; fi
}

# Debian's postgresql makes and starts a server of its own, and pgbouncer starts itself. The tests start theirs and
# must not leave those behind.
without_services() (
    folder=/etc/postgresql-common/createcluster.d policy=/usr/sbin/policy-rc.d
    as_root mkdir -p "$folder"
    trap 'as_root rm -f "$folder/townhall.conf"; if [ "${ours:-}" ]; then as_root rm -f "$policy"; fi' EXIT
    echo "create_main_cluster = false" | as_root tee "$folder/townhall.conf" >/dev/null
    # 101: no service is started while this is there. One that an administrator has put there stays.
    if [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    "$@"
    # It would start with the machine the next time. One that was installed before is not touched.
    case " $* " in *" pgbouncer "*)
        if command -v systemctl >/dev/null; then as_root systemctl disable --quiet pgbouncer || true; fi ;;
    esac
)

# Debian's glewlwyd starts a server as well. The tests start theirs.
without_glewlwyd_service() {
    if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
        as_root systemctl disable --now glewlwyd.service
    fi
}

install_system_packages() {
    local missing
    if ! command -v apt-get >/dev/null; then
        complain "不是 Debian 系統：請自行安裝 Pango、HarfBuzz、fontconfig 和 Noto CJK 字體。"
        return
    fi
    mapfile -t missing < <(missing_packages)
    if [ ${#missing[@]} = 0 ]; then
        say "系統套件：齊全。"
        return
    fi
    if ! may_be_root; then
        complain "缺少系統套件，請管理員執行下面一行，然後重來："
        printf '    sudo apt-get update && sudo apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
        exit 2
    fi
    say "系統套件：安裝 ${missing[*]}"
    as_root apt-get update --quiet=2
    case " ${missing[*]} " in
        *" postgresql "* | *" pgbouncer "*) without_services as_root "${install[@]}" --quiet=2 "${missing[@]}" ;;
        *) as_root "${install[@]}" --quiet=2 "${missing[@]}" ;;
    esac
    case " ${missing[*]} " in *" glewlwyd "*) without_glewlwyd_service ;; esac
}

# The Simplified FangSong is in Debian only within a large package: fetched, the one font taken out, not installed.
unpack_fangsong() {
    local target=${XDG_CACHE_HOME:-$HOME/.cache}/townhall/unpacked/FandolFang-Regular.otf folder
    local within=./usr/share/texlive/texmf-dist/fonts/opentype/public/fandol/FandolFang-Regular.otf
    if [ -s "$target" ] || ! command -v apt-get >/dev/null; then return; fi
    say "字體：從 texlive-lang-chinese（約50MB）取出仿宋"
    folder=$(mktemp -d)
    (cd "$folder" && apt-get download --quiet=2 texlive-lang-chinese 2>/dev/null)
    dpkg-deb --fsys-tarfile "$folder"/*.deb | tar --extract --to-stdout "$within" >"$folder/font"
    mkdir -p "$(dirname "$target")"
    mv "$folder/font" "$target"
    rm -rf "$folder"
}

make_venv() {
    local python
    if "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        return
    fi
    python=$(find_python)
    if [ -z "$python" ]; then
        complain "需要 Python 3.11 或以上。"
        exit 2
    fi
    say "虛擬環境：用 $("$python" --version) 建立 $venv"
    "$python" -m venv "$venv"
}

# What the packages in the environment follow from. The folder counts: an editable install points into it.
fingerprint() {
    {
        pwd
        "$venv/bin/python" -VV
        cat pyproject.toml "$@"
    } | sha256sum
}

install_python_packages() {
    local runtime=(requirements/runtime.txt) locks stamp=$venv/townhall-$packages.stamp lock arguments=()
    locks=("${runtime[@]}")
    if [ "$packages" = test ]; then locks+=(requirements/test.txt); fi
    if [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint "${locks[@]}")" ]; then
        say "Python 套件：與鎖定檔一致。"
        return
    fi
    say "Python 套件：按 ${locks[*]} 安裝，逐一核對雜湊（第一次約需一兩分鐘）"
    # Taken away first: an install that is broken off half-way must not count as done.
    rm -f "$venv"/townhall-*.stamp
    for lock in "${locks[@]}"; do arguments+=(--requirement "$lock"); done
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes "${arguments[@]}"
    # The lock has the build tools, so nothing is fetched here.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    fingerprint "${runtime[@]}" >"$venv/townhall-runtime.stamp"
    fingerprint "${locks[@]}" >"$stamp"
}

install_system_packages
unpack_fangsong
make_venv
install_python_packages
