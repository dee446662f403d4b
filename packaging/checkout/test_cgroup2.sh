#!/bin/sh
# Run tests on a machine that has cgroup v2 alone: Debian's cloud kernel under qemu, emulated in software, its root file
# system in memory.  Called by `make test-cgroup2`; arguments go to pytest (default: the tests of control groups).
#
# What is fetched is kept in .cgroup2/ of the checkout; `make clean` removes it.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "pydock: this makes a root file system and wants root: sudo make test-cgroup2" >&2; exit 1; }
[ $# -gt 0 ] || set -- tests/kernel/runtime/test_cgroups.py

cache=$PWD/.cgroup2
tree=$cache/tree
arch=$(dpkg --print-architecture)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
case $arch in
amd64) qemu=qemu-system-x86_64 package=qemu-system-x86 machine="-cpu max" console=ttyS0 ;;
arm64) qemu=qemu-system-aarch64 package=qemu-system-arm machine="-machine virt -cpu max" console=ttyAMA0 ;;
*) echo "pydock: there is no cloud kernel for $arch" >&2; exit 1 ;;
esac

make_tree() { # the root file system: a minimal Debian, the kernel's modules, what the tests need
    echo "pydock: making the emulated machine (once, some minutes)" >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $package debootstrap cpio >/dev/null
    rm -rf "$cache"
    mkdir -p "$cache"
    debootstrap --variant=minbase "--include=python3,python3-venv,iproute2,nftables,busybox-static,procps,kmod,apparmor" \
        "$suite" "$tree" >"$cache/debootstrap.log"
    cp /etc/resolv.conf "$tree/etc/resolv.conf"
    kernel=$(apt-cache depends "linux-image-cloud-$arch" | awk '$1 == "Depends:" && $2 ~ /^linux-image/ { print $2; exit }')
    (cd "$cache" && apt-get download "$kernel" >/dev/null && dpkg -x "$kernel"_*.deb kernel)
    cp -a "$cache"/kernel/boot/vmlinuz-* "$cache/vmlinuz"
    mkdir -p "$tree/lib/modules"
    cp -a "$cache"/kernel/lib/modules/* "$tree/lib/modules/"
    chroot "$tree" depmod "$(ls "$tree/lib/modules")"
    chroot "$tree" python3 -m venv /venv
    mkdir "$tree/wheels"
    rm -rf "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/* "$cache/kernel" "$cache"/*.deb
    touch "$cache/complete"
}

install_pydock() { # fetched out here, where the machine's proxy and certificates are known, for the Python in there
    version=$(chroot "$tree" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    pip="$PWD/.venv/bin/python -m pip --quiet --disable-pip-version-check"
    rm -f "$tree"/wheels/pydock-*
    $pip wheel --no-deps --wheel-dir "$tree/wheels" .
    $pip download --dest "$tree/wheels" --find-links "$tree/wheels" --only-binary=:all: --python-version "$version" \
        "$(echo "$tree"/wheels/pydock-*.whl)[test]"
    chroot "$tree" sh -c "/venv/bin/pip uninstall -qy pydock
        /venv/bin/pip install -q --disable-pip-version-check --no-index --find-links /wheels 'pydock[test]'"
}

write_boot_scripts() { # write_boot_scripts ARGUMENT...: out of rootfs, which cannot be pivoted, into a tmpfs; then the tests
    cp "$tree/bin/busybox" "$tree/busybox"
    cat >"$tree/init" <<'SCRIPT'
#!/busybox sh
/busybox mount -t proc proc /proc
/busybox mkdir /new
/busybox mount -t tmpfs -o size=90%,mode=755 tmpfs /new
for entry in /*; do
    case $entry in /new | /proc | /sys | /dev | /busybox | /init) ;; *) /busybox mv "$entry" /new/ ;; esac
done
/busybox mkdir -p /new/proc /new/sys /new/dev
exec /busybox switch_root /new /run-tests
SCRIPT
    cat >"$tree/run-tests" <<'SCRIPT'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t securityfs securityfs /sys/kernel/security
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 PYDOCK_TEST_PATIENCE=1800
ip link set lo up
modprobe -a overlay veth bridge nf_tables nft_chain_nat nft_masq macvlan ipvlan dummy 8021q sctp
cd /pydock
xargs -0 /venv/bin/python -m pytest --color=no --timeout=3600 -p no:cacheprovider </test-arguments
echo "pydock-tests-ended-with $?"
echo o >/proc/sysrq-trigger
sleep 60
SCRIPT
    chmod 755 "$tree/init" "$tree/run-tests"
    printf '%s\0' "$@" >"$tree/test-arguments"
}

[ -e "$cache/complete" ] || make_tree
rm -rf "$tree/pydock"
mkdir "$tree/pydock"
tar -c --exclude-vcs --exclude=./.venv --exclude=./.cgroup2 --exclude='./.*_cache' . | tar -xC "$tree/pydock"
install_pydock
write_boot_scripts "$@"
(cd "$tree" && find . -xdev \( -path ./wheels -o -path './usr/share/[dlm]*' -o -name '*mypy*' -o -name 'ruff*' \) -prune -o -print |
    cpio -o -H newc --quiet) >"$cache/initrd"
"$qemu" $machine -m 6G -smp 2 -nographic -no-reboot -kernel "$cache/vmlinuz" -initrd "$cache/initrd" \
    -append "console=$console quiet panic=-1" </dev/null | tee "$cache/console.log"
grep -q "pydock-tests-ended-with 0" "$cache/console.log"
