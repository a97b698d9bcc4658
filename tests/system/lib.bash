# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the system tests share: a host without Xen in a folder of its own, an agent on it, and ways to
# ask. A test file loads this, calls host_up in setup_file and host_down in teardown_file. All that
# was started ends with the file, also when bats itself is killed. BUILD names the tree of the
# programs under test. State is in files below $HOST_DIR, as each test is a process of its own.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$(cd "$ROOT" && cd "${BUILD:-build}" && pwd)
# A tree may hold another guest's daemon alone.
GUEST=$BUILD/xenballoon-guest
[ -e "$BUILD/xenballoon-agent" ] || BUILD=$ROOT/build
# Debian 12 has promtool in the package of the server.
PATH=$ROOT/build/debs/promtool/usr/bin:$ROOT/build/debs/prometheus/usr/bin:$PATH
XENBED=$ROOT/build/tests/fake/xenbed
MIB_BASE=$(echo "$ROOT"/build/debs/erlang-snmp/usr/lib/erlang/lib/snmp-*/mibs)
export ROOT BUILD GUEST PATH XENBED

# --- waiting and comparing ---

# wait_until SECONDS COMMAND...: until the command succeeds; fails, saying for what it waited. Where
# programs wait for a CPU it waits longer.
wait_until() {
	local limit=$1 load end output=${HOST_DIR:-${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}}/waited
	read -r load _ </proc/loadavg
	limit=$((limit + limit * ${load%.*} / $(nproc)))
	end=$((${EPOCHREALTIME//[!0-9]/} + limit * 1000000))
	shift
	until "$@" >"$output" 2>&1; do
		if [ "${EPOCHREALTIME//[!0-9]/}" -ge "$end" ]; then
			printf 'waited %s s in vain for: %s\n' "$limit" "$*"
			tail -n 5 "$output"
			return 1
		fi
		sleep 0.1
	done
}

# same ACTUAL EXPECTED [WHAT]: of two long texts it shows the lines that differ.
same() {
	[ "$1" = "$2" ] && return
	if [[ $1 == *$'\n'* && $2 == *$'\n'* ]]; then
		printf '%s: expected (-), got (+)\n' "${3:-value}"
		diff -U 0 <(echo "$2") <(echo "$1") | tail -n +3
	else
		printf '%s: expected "%s", got "%s"\n' "${3:-value}" "$2" "$1"
	fi
	return 1
}

# contains TEXT PART
contains() {
	[[ $1 == *"$2"* ]] || {
		printf 'expected "%s" in: %s\n' "$2" "$1"
		return 1
	}
}

# between VALUE LOW HIGH [WHAT]
between() {
	(($1 >= $2 && $1 <= $3)) || {
		printf '%s: expected %s to %s, got %s\n' "${4:-value}" "$2" "$3" "$1"
		return 1
	}
}

# --- the host ---

# host_new [DIR]: a folder, ports and credentials; nothing runs yet. DIR is removed at the end.
host_new() {
	HOST_DIR=${1:-$(mktemp -d /tmp/xb.XXXXXX)}
	BED=$HOST_DIR/bed
	HTTP_PORT=${HTTP_PORT:-$(free_port tcp)} SNMP_PORT=${SNMP_PORT:-$(free_port udp)}
	OPERATOR_TOKEN=$(secret) VIEWER_TOKEN=$(secret) SNMP_PASS=$(secret)
	URL=http://127.0.0.1:$HTTP_PORT
	SNMPCONFPATH=$HOST_DIR/snmp SNMP_PERSISTENT_DIR=$HOST_DIR/snmp/client
	MIBDIRS=$MIB_BASE:/usr/share/snmp/mibs:$ROOT/mib
	export HOST_DIR BED HTTP_PORT SNMP_PORT OPERATOR_TOKEN VIEWER_TOKEN SNMP_PASS URL
	export SNMPCONFPATH SNMP_PERSISTENT_DIR MIBDIRS
	mkdir -p "$SNMP_PERSISTENT_DIR/cert_indexes" "$HOST_DIR/pids"
	write_credentials
	reaper
}

# host_up [XENBED-OPTION...]: bed and agent, ready.
host_up() {
	host_new
	bed_start "$@"
	agent_start
}

# Fails if the agent or the bed did not end cleanly.
host_down() {
	local failed=0
	[ -n "${HOST_DIR:-}" ] || return 0
	[ ! -e "$HOST_DIR/pids/agent" ] || agent_stop || failed=1
	[ ! -e "$HOST_DIR/pids/bed" ] || bed_stop || failed=1
	end_all
	[ $failed -eq 0 ] || logs
	unmount_all
	rm -rf "$HOST_DIR"
	return $failed
}

# What a killed bed had mounted goes a moment after it; here it may be too late.
unmount_all() {
	sed -n "s,^[^ ]* \($HOST_DIR/[^ ]*\) .*,\1,p" /proc/self/mounts | xargs -r umount -l
}

secret() {
	head -c 18 /dev/urandom | base64 | tr '+/' '-_'
}

# free_port tcp|udp: one that nobody listens on, below those that the kernel gives out itself. Of the
# files that run at the same time each has a LANE and ports of its own.
free_port() {
	local port
	for _ in {1..200}; do
		port=$((20000 + (RANDOM << 1 ^ RANDOM) % 6000 * 2 + ${LANE:-0}))
		port_taken "$1" $port || break
	done
	echo $port
}

# port_taken tcp|udp PORT: on any address (TCP: by a listener, state 0A).
port_taken() {
	local state=..
	[ "$1" = udp ] || state=0A
	grep -qiE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$2") [0-9A-F]+:[0-9A-F]+ $state " \
		"/proc/net/$1" "/proc/net/${1}6" 2>/dev/null
}

write_credentials() (
	umask 077
	for name in operator viewer; do
		variable=${name^^}_TOKEN
		printf '%s %s %s\n' $name $name \
			"$(printf %s "${!variable}" | sha256sum | cut -d' ' -f1)"
	done >"$HOST_DIR/principals"
	cat >"$HOST_DIR/snmp/agent.conf" <<-EOT
		createUser operator SHA-256 "$SNMP_PASS" AES-256 "$SNMP_PASS"
		createUser viewer SHA-256 "$SNMP_PASS" AES-256 "$SNMP_PASS"
		rwuser operator authpriv
		rouser viewer authpriv
	EOT
	cat >"$HOST_DIR/snmp/snmp.conf" <<-EOT
		mibs XENBALLOON-MIB
		defVersion 3
		defSecurityName operator
		defSecurityLevel authPriv
		defAuthType SHA-256
		defPrivType AES-256
		defPassphrase $SNMP_PASS
		persistentDir $SNMP_PERSISTENT_DIR
	EOT
)

# Ends what is left when the process of the test file has gone without doing so.
reaper() {
	setsid bash -c 'tail --pid="$1" -f /dev/null; shift; cd "$1" || exit 0
		cat pids/* 2>/dev/null | xargs -r kill 2>/dev/null; sleep 3
		cat pids/* 2>/dev/null | xargs -r kill -9 2>/dev/null; sleep 1; rm -rf "$1"' \
		reaper $$ "$HOST_DIR" >/dev/null 2>&1 3>&- </dev/null &
	disown
}

# start NAME COMMAND...: in the background, output in NAME.log, exit status in NAME.exit.
start() {
	local name=$1
	shift
	rm -f "$HOST_DIR/$name.exit"
	(
		"$@" &
		echo $! >"$HOST_DIR/pids/$name"
		code=0
		wait $! || code=$?
		# In this order: once it is known to have ended, another may bear its name.
		rm -f "$HOST_DIR/pids/$name"
		echo $code >"$HOST_DIR/$name.exit"
	) >>"$HOST_DIR/$name.log" 2>&1 3>&- </dev/null &
	disown
	wait_until 5 test -e "$HOST_DIR/pids/$name" -o -s "$HOST_DIR/$name.exit"
}

# end_process NAME [SIGNAL]: and waits until it has gone.
end_process() {
	kill "-${2:-TERM}" "$(cat "$HOST_DIR/pids/$1")" 2>/dev/null || true
	wait_until 15 test -s "$HOST_DIR/$1.exit"
}

end_all() {
	local file
	for file in "$HOST_DIR"/pids/*; do
		[ ! -e "$file" ] || end_process "$(basename "$file")" KILL
	done
}

# --- the bed ---

# bed_start [XENBED-OPTION...]: guests' daemons have the privileges that their installed unit leaves.
bed_start() {
	start bed "$XENBED" run --dir "$BED" --unit "$ROOT/guest/xenballoon-guest.service" "$@"
	wait_until 60 bed_answered
	[ -e "$BED/ready" ] || {
		logs
		return 1
	}
}

bed_stop() {
	end_process bed
	same "$(cat "$HOST_DIR/bed.exit")" 0 "exit status of the bed"
}

# Ready, or ended before it was.
bed_answered() {
	[ -e "$BED/ready" ] || [ -s "$HOST_DIR/bed.exit" ]
}

bed() {
	"$XENBED" ctl --dir "$BED" "$@"
}

# on_bed COMMAND...: with the bed's xenstored and hypervisor.
on_bed() {
	(
		# shellcheck disable=SC1091
		. "$BED/env"
		exec "$@"
	)
}

store_ls() {
	on_bed xenstore-ls -fp "$@"
}

store_read() {
	on_bed xenstore-read "$1"
}

store_write() {
	on_bed xenstore-write "$1" "$2"
}

# domid NAME
domid() {
	bed list --json | jq -er --arg name "$1" '.[] | select(.name == $name) | .domid'
}

# write_without_pause GUEST KEY VALUE...: as that guest, as fast as xenstored takes it; `end_process flood`
# ends it, and flood.log says how fast it was.
write_without_pause() {
	local guest=$1
	shift
	gcc -O2 -o "$HOST_DIR/flood" "$ROOT/tests/system/flood.c" -lxenstore
	start flood env "$(bed guest-env "$guest")" "$HOST_DIR/flood" "$@"
}

# --- the agent ---

# agent_config [SECTION.KEY=VALUE...]: writes agent.yml; later words win.
agent_config() {
	local path word section=
	printf '%s\n' "http.listen=127.0.0.1:$HTTP_PORT" "http.socket=$HOST_DIR/agent.sock" \
		"http.principal_file=$HOST_DIR/principals" \
		"snmp.listen=udp:127.0.0.1:$SNMP_PORT" "snmp.config=$HOST_DIR/snmp/agent.conf" \
		"snmp.persistent_directory=$HOST_DIR/snmp/agent" "state.directory=$HOST_DIR/state" \
		"audit.file=$HOST_DIR/audit.log" "$@" |
		awk -F= '{ value[$1] = substr($0, length($1) + 2) }
		END { for (path in value) print path, value[path] }' | sort |
		while read -r path word; do
			[ "$section" = "${path%%.*}" ] || printf '%s:\n' "${path%%.*}"
			section=${path%%.*}
			printf '  %s: %s\n' "${path#*.}" "${word:-\"\"}"
		done >"$HOST_DIR/agent.yml"
	mkdir -p "$HOST_DIR/state" "$HOST_DIR/snmp/agent"
}

# agent_start [SECTION.KEY=VALUE...]: and waits until it is ready.
agent_start() {
	agent_config "$@"
	start agent agent_program --config "$HOST_DIR/agent.yml"
	wait_until 20 agent_answered
	agent_ready || {
		logs
		return 1
	}
	wait_until 20 settled
}

# The agent has granted each guest its keys: where dom0 has decided nothing yet, it writes nothing more of
# its own accord.
settled() {
	same "$(store_ls /local/domain |
		sed -nE 's,^/local/domain/([1-9][0-9]*)/memory/(target|selfballoon) .*,\1,p' |
		sort | uniq -u)" "" "guests without granted keys"
}

# A sanitizer's library must come before the bed's.
agent_program() {
	local runtime
	# shellcheck disable=SC1091
	. "$BED/env"
	runtime=$(ldd "$BUILD/xenballoon-agent" | awk '$1 ~ /^lib[at]san/ { print $3 }')
	export LD_PRELOAD=${runtime:+$runtime:}$XENBED_PRELOAD
	exec "$BUILD/xenballoon-agent" "$@"
}

agent_ready() {
	curl -fsS -m 2 -o /dev/null "$URL/-/ready"
}

agent_answered() {
	agent_ready || [ -s "$HOST_DIR/agent.exit" ]
}

agent_pid() {
	cat "$HOST_DIR/pids/agent"
}

# agent_stop: by SIGTERM; fails if it does not end cleanly (a leak found by a sanitizer included).
agent_stop() {
	end_process agent TERM
	same "$(cat "$HOST_DIR/agent.exit")" 0 "exit status of the agent"
}

# agent_kill: as a crash would.
agent_kill() {
	end_process agent KILL
}

# agent_signal NAME
agent_signal() {
	kill -s "$1" "$(agent_pid)"
}

# agent_reload: SIGHUP, after agent_config.
agent_reload() {
	kill -HUP "$(agent_pid)"
}

# agent_reloaded: the same, and waits until the file has been taken over.
agent_reloaded() {
	local before
	before=$(reloads)
	agent_reload
	wait_until 5 reloads_are $((before + 1))
}

reloads() {
	grep -c 'configuration reloaded' "$HOST_DIR/agent.log" || true
}

reloads_are() {
	same "$(reloads)" "$1" reloads
}

# --- asking ---

# http METHOD PATH [BODY] [TOKEN]: prints the answer's body. TOKEN: operator, viewer, none, or any text.
http() {
	local method=$1 path=$2 body=${3-} token=${4-none}
	local arguments=(-sS -m 10 -X "$method" -o - -w '%{stderr}%{http_code}')
	case $token in
	operator) token=$OPERATOR_TOKEN ;;
	viewer) token=$VIEWER_TOKEN ;;
	none) token= ;;
	esac
	[ -z "$token" ] || arguments+=(-H "Authorization: Bearer $token")
	[ -z "$body" ] || arguments+=(-H "Content-Type: application/json" --data-binary "$body")
	curl "${arguments[@]}" "$URL$path" 2>"$HOST_DIR/http.status"
}

# The status of the last http, or what kept it from having one.
http_status() {
	cat "$HOST_DIR/http.status"
}

# expect STATUS METHOD PATH [BODY] [TOKEN]: prints the body; fails at any other status.
expect() {
	local status=$1 body
	shift
	body=$(http "$@")
	printf '%s\n' "$body"
	same "$(http_status)" "$status" "status of $1 $2"
}

# selfballoon DOMAIN true|false · target DOMAIN KIB: as the operator, by HTTP.
selfballoon() {
	expect 200 POST "/api/v1/domains/$1/selfballoon" "{\"enabled\": $2}" operator
}

target() {
	expect 200 POST "/api/v1/domains/$1/target" "{\"target_kib\": $2}" operator
}

# metric NAME [DOMAIN]: one value of /metrics, without the xenballoon_ prefix.
metric() {
	http GET /metrics | awk -v name="xenballoon_$1" -v domain="${2-}" '
	{ split($1, part, "{") }
	part[1] == name && (domain == "" || index($0, "domain=\"" domain "\"")) { print $NF; found = 1 }
	END { exit !found }'
}

metric_is() { # NAME VALUE
	same "$(metric "$1")" "$2" "$1"
}

# metric_kib NAME DOMAIN
metric_kib() {
	metric "$1" "$2" | awk '{ printf "%d\n", $1 / 1024 }'
}

# snmp_as USER get|set|walk|... [-OPTION...] OID...: SNMPv3, authPriv unless an option says otherwise.
# Nothing is sent twice, as what is audited once would be audited twice.
snmp_as() {
	local user=$1 tool=snmp$2 options=()
	shift 2
	while [[ ${1-} == -* ]]; do
		options+=("$1")
		shift
	done
	"$tool" -u "$user" -t 4 -r 0 "${options[@]}" "127.0.0.1:$SNMP_PORT" "$@"
}

# snmp_value NAME.INDEX: of XENBALLOON-MIB, plain.
snmp_value() {
	snmp_as operator get -Oqv -Oe "XENBALLOON-MIB::$1"
}

# audit_lines JQ-FILTER: how many decisions it selects.
audit_lines() {
	jq -c "select($1)" "$HOST_DIR/audit.log" | wc -l
}

logs() {
	tail -n 15 "$HOST_DIR/agent.log" 2>/dev/null | sed 's/^/agent: /'
	tail -n 10 "$HOST_DIR/bed.log" 2>/dev/null | sed 's/^/bed: /'
}

# bats shows what this prints only of a failed test.
teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || [ ! -d "${HOST_DIR-}" ] || logs
}
