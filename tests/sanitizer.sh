#!/usr/bin/env bash
# The native core's own tests, with the core compiled for AddressSanitizer and
# UndefinedBehaviorSanitizer: sanitizer.sh [PYTHON [PYTEST ARGUMENT ...]]
#
# Everything happens in a copy of the package. What a heap walk maps gets red zones, too
# (sanitizer_memory.c). The tests run twice: over pymalloc, as in a service, and with
# PYTHONMALLOC=malloc, where the sanitizer sees every block of Python's. PYTHON needs pytest,
# pytest-xdist and hypothesis. Leaks are not looked for: an interpreter that ends keeps much.
# Nor does resident memory stay flat, for the sanitizer keeps what is freed. Fails where a
# test fails or a sanitizer has written anything.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${1:-python3}
shift || true
tests=("$@")
if [ ${#tests[@]} -eq 0 ]; then
    tests=(tests/capture/native tests/capture/test_requests.py tests/web/test_request_watch.py
        tests/web/test_route_memo.py)
fi

libraries=()
for name in libasan.so libubsan.so; do
    file=$(gcc -print-file-name="$name" 2>/dev/null || true)
    if [ ! -e "$file" ]; then
        echo "*** NO GCC WITH $name HERE: THE NATIVE CORE IS NOT TESTED WITH SANITIZERS ***"
        exit 0
    fi
    libraries+=("$file")
done

work=$(mktemp -d "${TMPDIR:-/tmp}/leakprobe-sanitizer.XXXXXX")
trap 'rm -rf "$work"' EXIT
python=$(command -v "$python")
case $python in
    /*) ;;
    *) python=$PWD/$python ;; # not realpath: that would leave the virtual environment
esac
cp -r leakprobe tests examples pyproject.toml README.md "$work"
cd "$work"
find leakprobe -name '*.so' -delete

suffix=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
native=leakprobe/capture/_native
build() {
    gcc -shared -fPIC -std=c11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
        -DPy_BUILD_CORE_MODULE=1 -I"$include" -I"$native" \
        "$native/$1"/*.c "${@:2}" -lm -o "$native/_$1$suffix"
}
build requests
build sampler
build heap tests/sanitizer_memory.c -Wl,--wrap=map_bytes,--wrap=grow_bytes,--wrap=unmap_bytes

run() {
    LD_PRELOAD="${libraries[*]}" PYTHONPATH=$work PYTHONMALLOC=$1 \
        ASAN_OPTIONS=detect_leaks=0:log_path=$work/said \
        UBSAN_OPTIONS=print_stacktrace=1:log_path=$work/said \
        "$python" -m pytest -q -n 2 -p no:cacheprovider --timeout=900 -k "not flat" "${tests[@]}"
}

failed=0
for allocator in pymalloc malloc; do
    echo "$("$python" --version), PYTHONMALLOC=$allocator"
    run "$allocator" || failed=1
done
for file in said*; do
    if [ -e "$file" ]; then
        cat "$file"
        failed=1
    fi
done
exit "$failed"
