# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Policy and floor by dom0's word, memory/policy: the running daemon takes them, and goes back when
# the word is removed.

tunes_word() {
	dom0 "xenstore-write /local/domain/\$(xl domid $1)/memory/policy '$2'"
}

tunes_word_removed() {
	dom0 "xenstore-rm /local/domain/\$(xl domid $1)/memory/policy"
}

tunes_has() {
	[ "$(key "$1" minimum)" = "$2" ] && [[ " $(key "$1" stats) " == *" policy=$3 "* ]]
}

scenario_dom0_tunes() {
	local name=${1}1 floor pid
	learn floor size "$name" minimum
	learn pid guest "$name" pidof xenballoon-guest
	must "dom0's word for $name" tunes_word "$name" "pressure floor=128"
	wait_for 30 "$name to obey" tunes_has "$name" 131072 pressure
	note "$name: floor $(key "$name" minimum) KiB, $(key "$name" stats)"
	must "and its explain" guest "$name" xenballoon-guest explain
	must_not "$name writes dom0's word" guest "$name" xenstore-write memory/policy floor=93
	must "nonsense by dom0" tunes_word "$name" "floor=none"
	wait_for 30 "$name to keep its own" tunes_has "$name" "$floor" committed
	must "the word is taken back" tunes_word_removed "$name"
	must_be "daemon of $name, the same" "$(guest "$name" pidof xenballoon-guest)" = "$pid"
}
