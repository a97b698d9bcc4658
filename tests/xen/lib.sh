# shellcheck shell=bash
# shellcheck disable=SC2154 # variables that run and its other parts set
# SPDX-License-Identifier: MIT
#
# The bed that the real-Xen scenarios stand on: starts and ends QEMU, runs
# commands in dom0 and in guests, makes guests, keeps every console as a file.
# Knows nothing of the product. Sourced by tests/xen/run, which sets $out.

# Opteron_G3 runs PV and PVH guests under TCG; with rdtscp a PVH guest dies.
cpu=Opteron_G3,+svm,+npt,-rdtscp
host_mib=2048
dom0_mib=384
boot_limit=2400

qemu=

# boot STORE: hypervisor and dom0, with STORE (xenstored or oxenstored).
# Returns when dom0 answers. Consoles go below $log.
boot() {
	local store=$1
	log=$out/log/$store
	mkdir -p "$log"
	rm -f "$log"/* "$out/monitor"
	: >"$log/xen.log"
	rm -f "$out"/save-*.raw
	truncate -s 1G "$out/save-pv.raw" "$out/save-pvh.raw"
	# QEMU must not outlive this shell, even if that is killed outright.
	setpriv --pdeathsig TERM timeout -k 5 "$boot_limit" qemu-system-x86_64 \
		-M q35 -accel tcg,thread=multi,tb-size=512 -cpu "$cpu" -smp 2 \
		-m "$host_mib" -nodefaults -display none -no-reboot \
		-serial "file:$log/xen.log" -monitor "unix:$out/monitor,server,nowait" \
		-netdev "user,id=net,$(forwards)" \
		-device virtio-net-pci,netdev=net,romfile= \
		-drive "file=$out/save-pv.raw,format=raw,if=virtio" \
		-drive "file=$out/save-pvh.raw,format=raw,if=virtio" \
		-drive "file=$out/vmlinux,format=raw,if=virtio,readonly=on" \
		-drive "file=$out/guest.img,format=raw,if=virtio,readonly=on" \
		-kernel "$out/xen" \
		-append "console=com1 com1=115200,8n1 dom0_mem=${dom0_mib}M,max:${dom0_mib}M dom0_max_vcpus=1 noreboot" \
		-initrd "$out/vmlinux console=hvc0 loglevel=5 clocksource=xen bed.store=$store,$out/dom0.img" \
		>"$log/qemu.log" 2>&1 </dev/null &
	qemu=$!
	wait_for 10 "QEMU's monitor" learn_ports
	wait_for 90 "dom0 to come up (see $log/xen.log)" dom0_answers
}

forwards() {
	local port
	printf 'hostfwd=udp:127.0.0.1:0-:1161'
	for port in 2300 2301 2302; do
		printf ',hostfwd=tcp:127.0.0.1:0-:%d' $port
	done
}

# The host's ports are whatever was free; QEMU's monitor knows them.
learn_ports() {
	local table
	table=$(echo 'info usernet' | timeout 5 socat -t 2 - "UNIX-CONNECT:$out/monitor" 2>/dev/null |
		awk '/HOST_FORWARD/ { print $6, $4 }')
	shell_port=$(awk '$1 == 2300 { print $2 }' <<<"$table")
	terminal_port=$(awk '$1 == 2301 { print $2 }' <<<"$table")
	http_port=$(awk '$1 == 2302 { print $2 }' <<<"$table")
	snmp_port=$(awk '$1 == 1161 { print $2 }' <<<"$table")
	[ -n "$shell_port" ] && [ -n "$terminal_port" ] && [ -n "$http_port" ] && [ -n "$snmp_port" ]
}

dom0_answers() {
	! grep -q 'Kernel panic\|Dom0 crashed' "$log/xen.log" || fail "dom0 crashed: see $log/xen.log"
	DOM0_TIME=3 dom0 true >/dev/null 2>&1
}

alive() {
	[ -n "$qemu" ] && kill -0 "$qemu" 2>/dev/null
}

# Ends QEMU and with it everything in it.
halt() {
	if alive; then
		kill "$qemu" 2>/dev/null
		wait "$qemu" 2>/dev/null
	fi
	qemu=
}

# dom0 COMMAND: runs it in dom0's shell; its output (both streams) and status
# are this function's. 124: no answer within DOM0_TIME seconds (60), which is
# said on stderr, so that nobody takes it for one.
dom0() {
	local answer status
	answer=$(timeout "${DOM0_TIME:-60}" socat -t 1000 - "TCP:127.0.0.1:$shell_port" \
		2>/dev/null <<<"$*")
	if [[ $answer != *$'\n@status '* ]]; then
		lost "dom0 gave no answer to: $*"
		return 124
	fi
	status=${answer##*@status }
	answer=${answer%$'\n@status '*}
	[ -z "$answer" ] || printf '%s\n' "${answer%$'\n'}"
	return "$status"
}

lost() {
	local what=${*//[$'\n\t']/ }
	echo "# lost: ${what:0:160}" >&2
}

# ask COMMAND: in dom0, what may be asked twice: one lost answer is made good.
ask() {
	local status
	DOM0_TIME=${DOM0_TIME:-20} dom0 "$@"
	status=$?
	[ $status -ne 124 ] || {
		DOM0_TIME=60 dom0 "$@"
		status=$?
	}
	return $status
}

# guest NAME COMMAND: the same in the guest of that name; 124: the guest gave no answer, 125: there
# is no such guest.
guest() {
	local name=$1 answer status
	shift
	answer=$(dom0 "GUEST_TIME=${GUEST_TIME:-50} guest $name $(printf '%q' "$*")")
	status=$?
	if [ $status -eq 124 ] || [ $status -eq 125 ]; then
		lost "$name: $* (status $status)${answer:+: $answer}"
	elif [ -n "$answer" ]; then
		printf '%s\n' "$answer"
	fi
	return $status
}

# follow FILE NAME: keeps $log/NAME a copy of dom0's FILE while it grows. Ends with QEMU.
follow() {
	socat -t 100000 - "TCP:127.0.0.1:$shell_port" >"$log/$2" 2>/dev/null \
		<<<"exec tail -n +1 -F $1 2>/dev/null" 9>&- &
}

# number COMMAND: the number that it answers in dom0. Anything else is said on stderr, after a second
# try, and no answer.
number() {
	local answer
	for _ in 1 2; do
		answer=$(ask "$@") && [[ $answer =~ ^[0-9]+$ ]] && echo "$answer" && return
	done
	lost "\"$answer\" is no number, from: $*"
	return 1
}

# create NAME TYPE MEMORY MAXMEM [KERNEL-ARGUMENTS [XL-OPTION]]: a guest, in MiB.
create() {
	local name=$1 type=$2 memory=$3 maxmem=$4 extra=${5:-}
	local file=/run/$name.cfg
	DOM0_TIME=120 dom0 "cat >$file <<X && xl create -q ${6:-} $file >$file.out 2>&1 || { cat $file.out; exit 1; }
name=\"$name\"
type=\"$type\"
memory=$memory
maxmem=$maxmem
vcpus=1
tsc_mode=\"native\"
kernel=\"/dev/vdc\"
ramdisk=\"/dev/vdd\"
on_crash=\"preserve\"
extra=\"console=hvc0 loglevel=5 clocksource=xen $extra\"
X" || return
	[ -e "$log/guest-$name.log" ] || follow "/var/log/xen/guest-$name.log" "guest-$name.log"
}

# Its userland is up and takes commands.
is_up() {
	ask "xenstore-read /local/domain/\$(xl domid $1)/data/ready" >/dev/null
}

domid() {
	ask "xl domid $1"
}

# wait_for SECONDS WHAT COMMAND...: until COMMAND succeeds. Ends the test, or
# outside of one the run, when the time is over or QEMU has gone. Each try costs the emulated dom0 some
# tenths of a second; WAIT_STEP spares it.
wait_for() {
	local limit=$1 what=$2 end
	shift 2
	end=$((SECONDS + limit))
	until "$@"; do
		alive || fail "QEMU ended while waiting for $what: see ${log#"$top/"}/qemu.log"
		[ $SECONDS -lt $end ] || fail "no $what within $limit s"
		sleep "${WAIT_STEP:-0.5}"
	done
}

# A terminal in dom0, until its shell ends.
dom0_terminal() {
	busybox telnet 127.0.0.1 "$terminal_port"
}
