#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Assembles what QEMU boots, below build/xen/: the hypervisor, an unpacked
# kernel, the guests' initramfs and dom0's initramfs. Everything comes from
# downloaded Debian packages, this machine's shared libraries and this tree's
# programs; nothing is installed. Each product is rebuilt only when something
# it is made of is newer. Called by tests/xen/run.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=$top/build/xen
debs=$top/build/debs
# That of the xenstored which make deps has unpacked.
xen_version=$(find "$debs" -maxdepth 1 -name "xen-utils-[0-9]*" | sed -n "s/.*xen-utils-//p" | tail -n 1)

# Loaded in this order, each after those that it needs.
dom0_modules="xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xenfs virtio_pci virtio_net virtio_blk"
guest_modules="zram"
# Not loaded at boot: a scenario does.
guest_modules_later="xen-privcmd xenfs"
xen_programs="xl xenstored oxenstored xenconsoled xenconsole xen-init-dom0
	libxl-save-helper xentop"
store_programs="xenstore-ls xenstore-read xenstore-write xenstore-rm
	xenstore-watch xenstore-chmod xenstore-list"

say() {
	echo "xen: $*" >&2
}

# stale PRODUCT SOURCE...: true unless PRODUCT exists and is newer than all.
stale() {
	local product=$1 source
	shift
	[ -e "$product" ] || return 0
	for source; do
		[ "$source" -nt "$product" ] && return 0
	done
	return 1
}

# The package linux-image-amd64 depends on changes name with each kernel; the
# first answer is kept, so that a later run needs no package lists.
kernel_package() {
	if [ ! -s "$out/kernel-package" ]; then
		apt-cache depends linux-image-amd64 |
			sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' |
			head -n 1 >"$out/kernel-package"
	fi
	cat "$out/kernel-package"
}

fetch() {
	local package missing=()
	for package; do
		[ -d "$debs/$package" ] || missing+=("$package")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		say "fetching ${missing[*]}"
		"$top/tests/fake/fetch" "${missing[@]}" >/dev/null
	fi
}

# The compressed kernel sits somewhere inside vmlinuz as a single stream; the first offset that unpacks to
# an ELF file is it. Each line: the format's first bytes, what unpacks it, if bytes follow, too.
formats='\xFD7zXZ\x00 xz -dc --single-stream
\x28\xB5\x2F\xFD zstd -dcq'

unpack_kernel() {
	local packed=$1 unpacked=$2 magic unpack offset
	while read -r magic unpack; do
		while read -r offset; do
			# shellcheck disable=SC2086 # a command and its options
			tail -c +$((offset + 1)) "$packed" | $unpack >"$unpacked.new" 2>/dev/null || true
			if [ "$(head -c 4 "$unpacked.new" | tail -c 3)" = ELF ]; then
				mv "$unpacked.new" "$unpacked"
				return
			fi
		done < <(grep -obUaP "$magic" "$packed" | cut -d: -f1)
	done <<<"$formats"
	rm -f "$unpacked.new"
	say "$packed: found no ELF kernel in it that is packed by xz or zstd"
	return 1
}

# closure ROOT PROGRAM...: copies each program's shared libraries and its
# dynamic loader to the same paths below ROOT.
closure() {
	local root=$1 libs unresolved
	shift
	# A static program is an error for ldd.
	libs=$(LD_LIBRARY_PATH=$debs/libxenmisc$xen_version/usr/lib/x86_64-linux-gnu ldd "$@" 2>&1) ||
		grep -q 'not a dynamic executable' <<<"$libs" || {
		say "ldd $*: $libs"
		return 1
	}
	unresolved=$(grep 'not found' <<<"$libs" || true)
	if [ -n "$unresolved" ]; then
		say "shared libraries missing on this machine:" "$unresolved"
		return 1
	fi
	sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) (.*/\1/p' <<<"$libs" |
		sort -u | while read -r lib; do
		mkdir -p "$root/lib64" "$root/usr/lib/x86_64-linux-gnu"
		case $lib in
		*/ld-linux*) cp -L "$lib" "$root/lib64/" ;;
		*) cp -L "$lib" "$root/usr/lib/x86_64-linux-gnu/" ;;
		esac
	done
}

# skeleton ROOT INIT: a busybox root with an init of ours.
skeleton() {
	local root=$1 init=$2 applet
	rm -rf "$root"
	mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,etc,lib/modules,var/log}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in $("$root/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	ln -sf ../run "$root/var/run"
	install -m 755 "$init" "$root/init"
	echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	echo '127.0.0.1 localhost' >"$root/etc/hosts"
}

# Debian 13 has them below usr/.
kernel_modules() {
	find "$debs/$kernel" -path '*lib/modules/*' "$@" -print -quit
}

# built_in NAME: whether the kernel holds the module itself.
built_in() {
	grep -qE "/${1//[-_]/[-_]}\.ko\$" "$(kernel_modules -name modules.builtin)"
}

# module ROOT NAME: copies it and all that it needs, unpacked, and prints them in the order to load them
# in. The package has no modules.dep; the modules themselves say what they need.
module() {
	local root=$1 name=$2 file needs
	! built_in "$name" || return 0
	file=$(kernel_modules -regex ".*/${name//[-_]/[-_]}\.ko\(\.xz\)?")
	[ -n "$file" ] || {
		say "kernel module $name is not in $kernel"
		return 1
	}
	name=$(basename "${file%.xz}" .ko)
	[ ! -e "$root/lib/modules/$name.ko" ] || return 0
	case $file in
	*.xz) xz -dc "$file" >"$root/lib/modules/$name.ko" ;;
	*) cp "$file" "$root/lib/modules/" ;;
	esac
	for needs in $(tr '\0' '\n' <"$root/lib/modules/$name.ko" | sed -n 's/^depends=//p' | tr ',' ' '); do
		module "$root" "$needs" || return
	done
	echo "$name"
}

# modules ROOT NAME...: the named modules, flat, and the order to load them in.
modules() {
	local root=$1 name
	shift
	for name; do
		module "$root" "$name"
	done >"$root/lib/modules/order"
}

# pack ROOT IMAGE: not compressed, as unpacking costs the emulated CPU more
# than loading.
pack() {
	(cd "$1" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null) >"$2.new"
	mv "$2.new" "$2"
	rm -rf "$1"
}

# The tree's own programs go in when they are built; a scenario that needs a
# missing one says so.
product() {
	local root=$1 program
	shift
	for program; do
		if [ -x "$top/build/$program" ]; then
			install -D -m 755 "$top/build/$program" "$root/usr/sbin/$program"
			closure "$root" "$top/build/$program"
		fi
	done
}

store_tools() {
	local root=$1 program
	mkdir -p "$root/usr/bin"
	for program in $store_programs; do
		cp "$(command -v "$program")" "$root/usr/bin/"
	done
	closure "$root" "$root/usr/bin/xenstore-ls"
}

build_guest_image() {
	local root=$out/guest.root module
	skeleton "$root" "$here/image/guest-init"
	install -m 755 "$here/image/guest-halt" "$root/sbin/reboot"
	install -m 755 "$here/image/guest-halt" "$root/sbin/poweroff"
	install -m 755 "$out/take" "$out/hog" "$out/wake" "$out/opath" "$root/sbin/"
	closure "$root" "$out/take" "$out/hog" "$out/wake" "$out/opath"
	# shellcheck disable=SC2086
	modules "$root" $guest_modules
	for module in $guest_modules_later; do
		module "$root" "$module" >/dev/null
	done
	cp "$out/xen_selfballoon.ko" "$root/lib/modules/"
	store_tools "$root"
	product "$root" xenballoon-guest static/xenballoon-guest
	pack "$root" "$out/guest.img"
}

build_dom0_image() {
	local root=$out/dom0.root program
	local bin=$debs/xen-utils-$xen_version/usr/lib/xen-$xen_version/bin
	skeleton "$root" "$here/image/dom0-init"
	mkdir -p "$root/usr/lib/xen-$xen_version/bin" "$root/etc/xen" \
		"$root/usr/lib/x86_64-linux-gnu"
	for program in $xen_programs; do
		cp "$bin/$program" "$root/usr/lib/xen-$xen_version/bin/"
		closure "$root" "$bin/$program"
	done
	# xl aborts without it, and ldd doesn't show it: glibc opens it for
	# pthread_cancel.
	cp -L /lib/x86_64-linux-gnu/libgcc_s.so.1 "$root/usr/lib/x86_64-linux-gnu/"
	: >"$root/etc/xen/xl.conf"
	cp "$debs/xen-utils-common/etc/xen/oxenstored.conf" "$root/etc/xen/"
	install -m 755 "$here/image/dom0-run" "$root/sbin/dom0-run"
	install -m 755 "$here/image/dom0-guest" "$root/sbin/guest"
	# shellcheck disable=SC2086
	modules "$root" $dom0_modules
	store_tools "$root"
	product "$root" xenballoon-agent xenballoon
	pack "$root" "$out/dom0.img"
}

mkdir -p "$out"
[ -n "$xen_version" ] || {
	say "no xen-utils below build/debs; run make deps first"
	exit 1
}
# A fresh machine gets its package lists with the first fetch.
fetch "xen-hypervisor-$xen_version-amd64" "xen-utils-$xen_version" xen-utils-common \
	"libxenmisc$xen_version" erlang-snmp prometheus
kernel=$(kernel_package)
[ -n "$kernel" ] || {
	say "apt knows no linux-image-amd64; run apt-get update first"
	exit 1
}
fetch "$kernel"

packed_xen=$debs/xen-hypervisor-$xen_version-amd64/boot/xen-$xen_version-amd64.gz
packed_kernel=$(echo "$debs/$kernel"/boot/vmlinuz-*)
if stale "$out/xen" "$packed_xen"; then
	gunzip -c "$packed_xen" >"$out/xen"
fi
if stale "$out/vmlinux" "$packed_kernel"; then
	say "unpacking $kernel"
	unpack_kernel "$packed_kernel" "$out/vmlinux"
	touch "$out/vmlinux"
fi
# The C library is in the guest already; its root is memory that the guest would have.
for program in take hog wake opath; do
	if stale "$out/$program" "$here/$program.c"; then
		# shellcheck disable=SC2086 # "ccache gcc"
		${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -s -o "$out/$program" "$here/$program.c"
	fi
done
if stale "$out/xen_selfballoon.ko" "$top"/guest/*.c "$top"/guest/kmod/* "$top"/include/*.h; then
	say "building the kernel module"
	"$top/guest/kmod/build" "${kernel#linux-image-}" "$out/xen_selfballoon.ko" >"$out/kmod.log" 2>&1 || {
		tail -n 20 "$out/kmod.log" >&2
		exit 1
	}
	strip --strip-debug "$out/xen_selfballoon.ko"
fi
if stale "$out/guest.img" "$here/image.sh" "$here/image/guest-init" "$here/image/guest-halt" \
	"$out/take" "$out/hog" "$out/wake" "$out/opath" "$out/xen_selfballoon.ko" "$out/vmlinux" \
	"$top/build/xenballoon-guest" "$top/build/static/xenballoon-guest"; then
	say "making the guest image"
	build_guest_image
fi
if stale "$out/dom0.img" "$here/image.sh" "$here/image/dom0-init" "$here/image/dom0-run" \
	"$here/image/dom0-guest" "$top/build/xenballoon-agent" "$top/build/xenballoon"; then
	say "making the dom0 image"
	build_dom0_image
fi
