# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# A guest at its floor, and a program in it that takes and frees up to 90 % of static max, round
# after round: none may fail under any policy. Beside it the same rounds at a fixed full size. The
# guest swaps to zram, as 90 % of static max is more than MemTotal ever is. HOG_ROUNDS=100,
# HOG_TYPES="pv pvh", HOG_POLICIES="committed pressure"

scenario_hog_types() {
	tr ' ' '\n' <<<"${HOG_TYPES:-pv pvh}"
}

hog_at_floor() {
	local now floor
	now=$(allocated_of "$1") && floor=$(size "$1" minimum) && [ "$now" -le $((floor + 24576)) ]
}

hog_ended() {
	guest "$1" 'tail -n 1 /tmp/hog.log' | grep -q failed
}

hog_full() {
	local now
	now=$(allocated_of "$1") && [ "$now" -ge $(($2 - 1024)) ]
}

hog_word() {
	dom0 "xenstore-write /local/domain/\$(xl domid $1)/memory/policy '$2'" || fail "no word for $1"
}

hog_granted() {
	key "$1" stats >/dev/null
}

# hog_rounds NAME WHAT
hog_rounds() {
	local rounds=${HOG_ROUNDS:-100} started=$SECONDS
	guest "$1" "hog $rounds $((guest_max_mib * 90 / 100)) 1 >/tmp/hog.log 2>&1 &" >/dev/null
	wait_for $((60 + rounds * 30)) "end of the rounds" hog_ended "$1"
	note "$1, $2: $(guest "$1" 'tail -n 1 /tmp/hog.log'), $((SECONDS - started)) s in all"
	must_be "rounds that failed" "$(guest "$1" 'grep -c -- "-1 ms" /tmp/hog.log')" -eq 0
}

scenario_hog() {
	local name=hog$1 policy
	subjects=("$name")
	must "a guest with swap" create "$name" "$1" "$guest_mib" "$guest_max_mib" bed.zram=384M
	wait_for 180 "userland of $name" is_up "$name"
	wait_for 60 "keys of $name" hog_granted "$name"
	for policy in ${HOG_POLICIES:-committed pressure}; do
		hog_word "$name" "$policy interval_s=1 hysteresis_down=2"
		must "selfballoon on for $name" selfballoon "$name" true
		wait_for 240 "$name near its floor" hog_at_floor "$name"
		hog_rounds "$name" "$policy, from $(allocated_of "$name") KiB"
	done
	must "selfballoon off for $name" selfballoon "$name" false
	must "full size" target "$name" $((guest_max_mib * 1024))
	wait_for 90 "$name at full size" hog_full "$name" $((guest_max_mib * 1024))
	hog_rounds "$name" "fixed at full size"
}
