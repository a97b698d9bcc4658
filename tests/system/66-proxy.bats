#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Behind nginx: with nothing but proxy_pass, by another name, under a path, and with passwords of its
# own. Page, events, changes and the command line.

load lib.bash
load cli.bash

setup_file() {
	host_up --guests 3
	export NGINX_PORT
	NGINX_PORT=$(free_port tcp)
	(umask 077 && printf '%s\n' "$OPERATOR_TOKEN" >"$HOST_DIR/token")
	(umask 077 && printf 'hunter22\n' >"$HOST_DIR/password")
	nginx_start
}

teardown_file() {
	end_process nginx QUIT || true
	host_down
}

# Nothing but its defaults where the test is not about another setting.
nginx_start() {
	mkdir -p "$HOST_DIR/nginx"
	echo "visitor:$(openssl passwd -apr1 hunter22)" >"$HOST_DIR/nginx/users"
	cat >"$HOST_DIR/nginx.conf" <<-EOT
		user root;
		pid $HOST_DIR/nginx/pid;
		daemon off;
		error_log stderr;
		events {}
		http {
			access_log off;
			client_body_temp_path $HOST_DIR/nginx/body;
			proxy_temp_path $HOST_DIR/nginx/proxy;
			fastcgi_temp_path $HOST_DIR/nginx/fastcgi;
			uwsgi_temp_path $HOST_DIR/nginx/uwsgi;
			scgi_temp_path $HOST_DIR/nginx/scgi;
			server {
				listen 127.0.0.1:$NGINX_PORT;
				location / { proxy_pass http://127.0.0.1:$HTTP_PORT; }
				location /xen1/ { proxy_pass http://127.0.0.1:$HTTP_PORT/; }
				location /host/ {
					proxy_pass http://127.0.0.1:$HTTP_PORT/;
					proxy_set_header Host \$http_host;
				}
				location /closed/ {
					auth_basic "the proxy";
					auth_basic_user_file $HOST_DIR/nginx/users;
					proxy_pass http://127.0.0.1:$HTTP_PORT/;
				}
			}
		}
	EOT
	start nginx "$ROOT/build/debs/nginx/usr/sbin/nginx" -p "$HOST_DIR/nginx" -e stderr \
		-c "$HOST_DIR/nginx.conf"
	wait_until 20 curl -fsS -o /dev/null "http://127.0.0.1:$NGINX_PORT/-/ready"
}

# post PATH [CURL-OPTION...]: a dry run of a change, as the operator's page sends it; the status.
post() {
	curl -sS -m 10 -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' "${@:2}" \
		-H "X-Xenballoon-Token: $OPERATOR_TOKEN" --json '{"enabled": true, "dry_run": true}' \
		"http://127.0.0.1:$NGINX_PORT$1api/v1/domains/$(domid guest1)/selfballoon"
}

@test "events come at once" {
	start events curl -sSN -m 60 -H "X-Xenballoon-Token: $OPERATOR_TOKEN" \
		"http://127.0.0.1:$NGINX_PORT/api/v1/events"
	wait_until 5 grep -q '^event: host' "$HOST_DIR/events.log"
	wait_until 5 grep -q '^event: domain' "$HOST_DIR/events.log"
	selfballoon guest2 true
	wait_until 5 grep -q '^event: control' "$HOST_DIR/events.log"
	end_process events || true
	selfballoon guest2 false
}

@test "each address in the page and in its scripts leads to the agent below a path" {
	local at=http://127.0.0.1:$NGINX_PORT/xen1/ addresses address
	addresses=$(curl -fsS "$at" | grep -oE '(href|src)="[^"#]+"' | cut -d'"' -f2 | sort -u)
	contains "$addresses" page/app.js
	for address in $addresses; do
		[[ $address != /* && $address != *:* ]]
		curl -fsS -o /dev/null "$at$address" || { echo "$address"; false; }
	done
	curl -fsS "$at" | grep -q '<title>'
	# Nothing asks for what is at the root of the origin.
	run -1 grep -nE "[\"\`'(]/(api|page|metrics|-)/?" "$ROOT"/exporter/page/*
	same "$(curl -sS -o /dev/null -w '%{redirect_url}' "${at%/}")" "$at" "without the last slash"
}

@test "a change by another name: what the browser says counts, else Host or http.names" {
	local mon=(-H "Origin: https://mon.example.com")
	same "$(post / "${mon[@]}" -H "Sec-Fetch-Site: same-origin")" 200 same-origin
	same "$(post /)" 200 "no page"
	same "$(post / -H "Sec-Fetch-Site: none")" 200 "no page, said so"
	# The name is right, the browser says that it is another site's: a port, or a neighbour.
	same "$(post / "${mon[@]}" -H "Sec-Fetch-Site: same-site")" 403 same-site
	same "$(post / "${mon[@]}" -H "Sec-Fetch-Site: cross-site")" 403 cross-site
	same "$(post / "${mon[@]}")" 403 "plain HTTP"
	contains "$(cat "$BATS_TEST_TMPDIR/answer")" "its Origin is https://mon.example.com, its Host 127.0.0.1:$HTTP_PORT"
	contains "$(cat "$BATS_TEST_TMPDIR/answer")" "proxy_set_header Host"
	contains "$(cat "$BATS_TEST_TMPDIR/answer")" "http.names"
	same "$(post /host/ "${mon[@]}" -H "Host: mon.example.com")" 200 "Host passed on"
	same "$(post /host/ -H "Origin: https://evil.example" -H "Host: mon.example.com")" 403 another

	agent_config http.names=mon.example.com,10.0.0.1:8443
	agent_reloaded
	same "$(post / "${mon[@]}")" 200 http.names
	same "$(post / -H "Origin: https://mon.example.com:8443")" 200 "any port of it"
	same "$(post / -H "Origin: https://10.0.0.1:8443")" 200 "its port"
	same "$(post / -H "Origin: https://10.0.0.1")" 403 "not its port"
	same "$(post / -H "Origin: https://mon.example.com.evil")" 403 "a longer name"
	same "$(post / -H "Origin: https://mon.example.co")" 403 "a shorter name"
	same "$(post / -H "Origin: null")" 403 null
	same "$(post / "${mon[@]}" -H "Sec-Fetch-Site: cross-site")" 403 "cross-site still"
	agent_config
	agent_reloaded
}

@test "a proxy's own passwords: reading, changes by token, and no wrong credential counted" {
	local at=http://127.0.0.1:$NGINX_PORT/closed visitor=(-u visitor:hunter22)
	same "$(curl -sS -o /dev/null -w '%{http_code}' "$at"/)" 401 "without one"
	for _ in {1..30}; do
		contains "$(curl -fsS "${visitor[@]}" "$at"/api/v1/whoami)" '"role":"none"'
	done
	curl -fsS "${visitor[@]}" "$at"/api/v1/host | jq -e .free_kib
	same "$(post /closed/ "${visitor[@]}")" 200 token
	contains "$(curl -sS "${visitor[@]}" --json '{"enabled": true}' \
		"$at/api/v1/domains/$(domid guest1)/selfballoon")" '"status":401'
	contains "$(curl -sS "${visitor[@]}" -H "X-Xenballoon-Token: wrong" "$at"/api/v1/whoami)" '"status":401'
	same "$(curl -sS -o /dev/null -w '%{http_code}' -H "X-Xenballoon-Token: a" \
		-H "X-Xenballoon-Token: b" "$URL/api/v1/whoami")" 400 "two tokens"
}

@test "the command line takes the path, and a password for the proxy beside its token" {
	local at=http://127.0.0.1:$NGINX_PORT
	for address in "$at"/xen1 "$at"/xen1/ "$at"/host/; do
		contains "$("$BUILD/xenballoon" --url "$address" list)" guest1
	done
	contains "$("$BUILD/xenballoon" -H "$at/xen1" --token-file "$HOST_DIR/token" on guest1 --dry-run)" guest1
	contains "$("$BUILD/xenballoon" --url "$at"/closed --user visitor --password-file "$HOST_DIR/password" \
		--token-file "$HOST_DIR/token" on guest1)" guest1
	contains "$("$BUILD/xenballoon" --url "$at"/closed --user visitor --password-file "$HOST_DIR/password" \
		--token-file "$HOST_DIR/token" off guest1)" guest1
	run "$BUILD/xenballoon" --url "$at/xen1?x=1" list
	same "$status" 2 "status of a query"
	contains "$output" "http(s)://HOST[:PORT][/PATH]"
	run "$BUILD/xenballoon" --url "$at/xen1/../closed" list
	same "$status" 2 "status of dots"
}
