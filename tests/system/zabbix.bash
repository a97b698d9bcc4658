# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A Zabbix of the test file's own, as Debian has it: server, frontend with the API, PostgreSQL. In a hurry:
# macros of the host make it look every second or two. Loaded after lib.bash.

DEBS=$ROOT/build/debs
# PostgreSQL's programs find their files by where they lie.
POSTGRESQL=$(echo "$DEBS"/postgresql-1[0-9]/usr/lib/postgresql/*/bin)
PSQL=$(echo "$DEBS"/postgresql-client-1[0-9]/usr/lib/postgresql/*/bin/psql)

# postgresql PROGRAM ARGUMENT...: which won't run as root.
postgresql() {
	set -- "$POSTGRESQL/$1" "${@:2}"
	[ "$(id -u)" -ne 0 ] || set -- setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
	exec "$@"
}

database() {
	"$PSQL" -qtA -v ON_ERROR_STOP=1 -h "$ZABBIX_DIR/db" -p 5432 -U zabbix "$@" postgres
}

database_start() {
	chmod 711 "$HOST_DIR"
	mkdir -p "$ZABBIX_DIR/db"
	[ "$(id -u)" -ne 0 ] || chown nobody "$ZABBIX_DIR/db"
	(postgresql initdb -D "$ZABBIX_DIR/db/data" -A trust -U zabbix -E UTF8 --locale=C --no-sync) >"$HOST_DIR/initdb.log" 2>&1
	start database postgresql postgres -D "$ZABBIX_DIR/db/data" -k "$ZABBIX_DIR/db" -c listen_addresses= \
		-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off
	wait_until 20 database -c 'SELECT 1'
	for name in schema images data; do
		zcat "$DEBS/zabbix-server-pgsql/usr/share/zabbix-server-pgsql/$name.sql.gz"
	done | database >"$HOST_DIR/schema.log" 2>&1
}

frontend_start() {
	local name
	cp -r "$DEBS/zabbix-frontend-php/usr/share/zabbix" "$ZABBIX_DIR/web"
	sed -i "s|/etc/zabbix/zabbix.conf.php|$ZABBIX_DIR/zabbix.conf.php|" \
		"$ZABBIX_DIR/web/include/classes/core/CConfigFile.php"
	{
		echo '<?php'
		for name in TYPE=POSTGRESQL "SERVER=$ZABBIX_DIR/db" PORT=5432 DATABASE=postgres USER=zabbix PASSWORD= SCHEMA= \
			KEY_FILE= CERT_FILE= CA_FILE= CIPHER_LIST= VAULT= VAULT_URL= VAULT_DB_PATH= VAULT_TOKEN= VAULT_PREFIX= \
			VAULT_CERT_FILE= VAULT_KEY_FILE=; do
			echo "\$DB['${name%%=*}'] = '${name#*=}';"
		done
		echo "\$DB['ENCRYPTION'] = \$DB['VERIFY_HOST'] = false; \$DB['DOUBLE_IEEE754'] = true;"
		echo "\$ZBX_SERVER_NAME = ''; \$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;"
	} >"$ZABBIX_DIR/zabbix.conf.php"
	start frontend php -d max_execution_time=120 -d memory_limit=512M -d post_max_size=16M -d error_reporting=0 \
		-S "127.0.0.1:$ZABBIX_PORT" -t "$ZABBIX_DIR/web"
	wait_until 20 api apiinfo.version '[]'
	ZABBIX_VERSION=$(api apiinfo.version '[]' | jq -r .)
	ZABBIX_TOKEN=$(api user.login '{"username": "Admin", "password": "zabbix"}' | jq -r .)
	export ZABBIX_VERSION ZABBIX_TOKEN
}

# api METHOD PARAMETERS: its result as JSON; what was wrong, and a failure. To 7.0 a token is a header, to
# 6.0 a member. Older jq takes no answer for a good one.
api() {
	local request answer
	request=$(jq -c --arg method "$1" --arg token "$([[ ${ZABBIX_VERSION-} != 6.0* ]] || echo "$ZABBIX_TOKEN")" \
		'{jsonrpc: "2.0", method: $method, params: ., id: 1} + if $token == "" then {} else {auth: $token} end' <<<"$2")
	answer=$(curl -fsS -m 110 -H 'Content-Type: application/json-rpc' \
		${ZABBIX_TOKEN:+-H "Authorization: Bearer $ZABBIX_TOKEN"} --data-binary @- \
		"http://127.0.0.1:$ZABBIX_PORT/api_jsonrpc.php" <<<"$request") || return
	jq -ce 'if has("error") then (.error | tostring | halt_error(1)) else .result end' <<<"$answer"
}

server_start() {
	local file=$ZABBIX_DIR/server.conf port
	port=$(free_port tcp)
	printf '%s\n' LogType=console ListenIP=127.0.0.1 "ListenPort=$port" "SocketDir=$ZABBIX_DIR" \
		"PidFile=$ZABBIX_DIR/server.pid" "DBHost=$ZABBIX_DIR/db" DBPort=5432 DBName=postgres DBUser=zabbix AllowRoot=1 \
		CacheUpdateFrequency=1 HousekeepingFrequency=0 Timeout=3 UnreachablePeriod=10 UnreachableDelay=2 \
		UnavailableDelay=2 StartPollers=2 StartTrappers=1 StartPingers=0 StartDiscoverers=0 StartHTTPPollers=0 \
		StartHistoryPollers=0 StartDBSyncers=1 StartPreprocessors=1 StartLLDProcessors=1 >"$file"
	[[ $ZABBIX_VERSION == 6.0* ]] || sed -i '/^StartDiscoverers/s/=0/=1/; s/^StartHTTPPollers=0/&/' "$file"
	start zabbix "$DEBS/zabbix-server-pgsql/usr/sbin/zabbix_server" -f -c "$file"
}

# zabbix_up: all of it, without hosts.
zabbix_up() {
	ZABBIX_DIR=$HOST_DIR/zabbix ZABBIX_PORT=$(free_port tcp)
	export ZABBIX_DIR ZABBIX_PORT
	mkdir -p "$ZABBIX_DIR"
	database_start
	frontend_start
	server_start
}

# zabbix_down: each in the way that ends its children, too.
zabbix_down() {
	end_process zabbix
	end_process frontend
	end_process database INT
}

# import FILE: a template, as the frontend's button does.
import() {
	local groups=template_groups
	[[ $ZABBIX_VERSION != 6.0* ]] || groups=groups
	api configuration.import "$(jq -Rs --arg groups $groups '{format: "json", source: ., rules: ({
		templates: {}, items: {}, discoveryRules: {}, triggers: {}, graphs: {}, valueMaps: {}, templateDashboards: {},
		($groups): {}} | map_values({createMissing: true, updateExisting: true}))}' <"$1")"
}

# watch_agent MACRO=VALUE...: makes the agent a host with the template; prints its id.
watch_agent() {
	local group template
	group=$(api hostgroup.create '{"name": "xen"}' | jq -r '.groupids[0]')
	template=$(api template.get '{"filter": {"host": "Xenballoon by SNMP"}}' | jq -r '.[0].templateid')
	printf '%s\n' "$@" | jq -Rn --arg group "$group" --arg template "$template" --arg pass "$SNMP_PASS" \
		--arg port "$SNMP_PORT" '{host: "xen1", groups: [{groupid: $group}], templates: [{templateid: $template}],
		macros: [inputs | capture("^(?<macro>[^=]*)=(?<value>.*)")],
		interfaces: [{type: 2, main: 1, useip: 1, ip: "127.0.0.1", dns: "", port: $port, details: {version: 3, bulk: 1,
			securityname: "viewer", securitylevel: 2, authprotocol: 3, authpassphrase: $pass, privprotocol: 3,
			privpassphrase: $pass, contextname: ""}}]}' >"$ZABBIX_DIR/host.json"
	api host.create "$(cat "$ZABBIX_DIR/host.json")" | jq -r '.hostids[0]'
}

# items [JQ-FILTER]: of the host, those that the filter selects.
items() {
	api item.get '{"hostids": "'"$HOST_ID"'", "output": ["itemid", "name", "key_", "state", "error", "lastvalue", "lastclock"]}' |
		jq -c ".[] | select(${1:-true})"
}

# value KEY
value() {
	items '.key_ == "'"$1"'" and .lastclock != "0"' | jq -r .lastvalue | grep .
}

# problems: the names of all that there are.
problems() {
	api problem.get '{"hostids": "'"$HOST_ID"'"}' | jq -r '.[].name' | sort
}
