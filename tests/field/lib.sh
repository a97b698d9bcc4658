# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables that run and its other parts set and use
# SPDX-License-Identifier: MIT
#
# What the field tier's tests stand on: boots the disks of image.sh, makes guests of each type, and asks
# the installed systems. What is common with the tier that starts programs by hand is tests/xen/lib.sh,
# sourced before this. Sourced by tests/field/run, which sets $out, $debs and $release.

# The packages of this tree as an archive of apt's on a disk of its own, which dom0 and guests mount.
make_carrier() {
	local tree=$out/carrier
	rm -rf "$tree"
	mkdir -p "$tree"
	cp "$out"/repo/*.deb "$tree/"
	cp "$debs"/xenballoon*.deb "$tree/"
	rm -f "$tree"/*dbgsym*
	(cd "$tree" && dpkg-scanpackages -m . >Packages 2>"$out/carrier.log") || return
	rm -f "$out/carrier.raw"
	truncate -s 256M "$out/carrier.raw"
	mke2fs -q -t ext4 -O ^metadata_csum,^64bit -F -L carrier -d "$tree" "$out/carrier.raw"
	rm -rf "$tree"
}

# drive FILE [OPTIONS]: vda, vdb and so on, in their order.
drive() {
	printf -- '-drive\nfile=%s,format=raw,if=virtio%s\n' "$out/$1" "${2:-}"
}

# What is written to a disk is gone with QEMU.
drives() {
	drive dom0.raw ,snapshot=on
	drive carrier.raw ,readonly=on
	drive vmlinux ,readonly=on
	drive initrd.img ,readonly=on
	drive hvm.img ,readonly=on
	drive guest.raw ,snapshot=on
	drive guest.raw ,snapshot=on
	drive guest.raw ,snapshot=on
}

# Names as README has them; of each guest its type, and dom0's device of its root.
guests=(web1 web2 web3)
declare -A type_of=([web1]=pv [web2]=pvh [web3]=hvm)
declare -A root_of=([web1]=vdf [web2]=vdg [web3]=vdh)

# shellcheck disable=SC2317 # stands in for the other tier's
boot() {
	local disks
	mkdir -p "$log"
	rm -f "$log"/* "$out/monitor"
	: >"$log/xen.log"
	mapfile -t disks < <(drives)
	setpriv --pdeathsig TERM timeout -k 5 "$boot_limit" qemu-system-x86_64 \
		-M q35 -accel tcg,thread=multi,tb-size=512 -cpu "$cpu" -smp 2 -m "$host_mib" \
		-nodefaults -display none -no-reboot -serial "file:$log/xen.log" \
		-monitor "unix:$out/monitor,server,nowait" -netdev "user,id=net,$(forwards)" \
		-device virtio-net-pci,netdev=net,romfile= "${disks[@]}" -kernel "$out/xen" \
		-append "console=com1 com1=115200,8n1 dom0_mem=${dom0_mib}M,max:${dom0_mib}M dom0_max_vcpus=2 noreboot" \
		-initrd "$out/vmlinux console=hvc0 loglevel=5 clocksource=xen net.ifnames=0 root=/dev/vda,$out/initrd.img" \
		>"$log/qemu.log" 2>&1 </dev/null &
	qemu=$!
	wait_for 20 "QEMU's monitor" learn_ports
	wait_for 300 "dom0 to come up (see $log/xen.log)" dom0_answers
}

# How a type gets to its kernel. A disk of an HVM guest up to xvdd is an IDE disk, too, which the BIOS would
# boot from.
direct='kernel="/dev/vdc"
ramdisk="/dev/vdd"
extra="console=hvc0 loglevel=5 clocksource=xen root=/dev/xvde net.ifnames=0"'
by_bios='boot="c"
vga="stdvga"
videoram=16
vnc=0
sdl=0
usb=0
device_model_args_hvm=["-drive","if=none,id=hd,file=/dev/vde,format=raw,readonly=on",
	"-device","virtio-blk-pci,drive=hd,bootindex=0"]'

# guest_config NAME
guest_config() {
	cat <<-X
		name="$1"
		type="${type_of[$1]}"
		memory=448
		maxmem=512
		vcpus=1
		tsc_mode="native"
		on_crash="preserve"
		disk=["vdev=xvde,access=w,script=block-field,target=/dev/${root_of[$1]}","vdev=xvdf,access=r,script=block-field,target=/dev/vdb"]
	X
	[ "${type_of[$1]}" = hvm ] && echo "$by_bios" || echo "$direct"
}

# create NAME: dom0's scripts for disks give up after 40 s, which a busy machine can make too little.
create() {
	for _ in 1 2 3; do
		DOM0_TIME=400 dom0 "cat >/run/$1.cfg <<'X' && xl create -q /run/$1.cfg
$(guest_config "$1")
X" && break
	done || return
	[ -e "$log/guest-$1.log" ] || follow "/var/log/xen/console/guest-$1.log" "guest-$1.log"
}

# member NAME MEMBER: of what the command line says of a guest.
member() {
	ask "xenballoon show $1 --json" | jq -r ".$2"
}

# is NAME MEMBER TEST-OPERATOR VALUE
is() {
	local value
	value=$(member "$1" "$2")
	test -n "$value" -a "$value" != null && test "$value" "$3" "$4"
}

# each COMMAND...: with the name of each guest, all at once; ends the test when one of them fails.
each() {
	local name running=() bad=0
	for name in "${guests[@]}"; do
		("$@" "$name") &
		running+=($!)
	done
	for name in "${running[@]}"; do
		wait "$name" || bad=1
	done
	[ $bad -eq 0 ] || exit 1
}
