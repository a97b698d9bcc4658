# xenballoon: two commands to know are `make demo` and `make check`; `make help` lists the rest.
# SAN=address,undefined or SAN=thread builds into a tree of its own; V=1 shows the commands.

PREFIX ?= /usr/local
CC     ?= gcc
comma  := ,
B      := build$(if $(SAN),/$(subst $(comma),-,$(SAN)))
Q      := $(if $(V),,@)
say     = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

# The compilers of Debian 12 and 13 find nothing; WERROR= is for another one.
WERROR   ?= -Werror
VERSION  := $(shell sed -n 's/^## \([0-9][0-9.]*\).*/\1/p;T;q' NEWS.md)
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wformat=2 -Wundef -Wvla $(WERROR)
CPPFLAGS += -D_GNU_SOURCE -DXENBALLOON_VERSION='"$(VERSION)"' -Iinclude
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 $(WARN) -fstack-protector-strong $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LDFLAGS  += $(if $(SAN),-fsanitize=$(SAN)) -Wl,--as-needed

# Hardening costs nothing here. Sanitizers want none of it, and a packager's own flags win.
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
BRANCHES_x86_64  := -fcf-protection
BRANCHES_aarch64 := -mbranch-protection=standard
HARDENING := -fstack-clash-protection $(BRANCHES_$(firstword $(subst -, ,$(shell $(CC) -dumpmachine))))
PIE := $(if $(findstring -static,$(LDFLAGS)),,-pie)
ifeq ($(SAN),)
CPPFLAGS += $(FORTIFY)
CFLAGS   += $(HARDENING)
LDFLAGS  += -Wl,-z,relro,-z,now $(PIE)
endif

AGENT_LIBS := -lxenctrl -lxenstore -lmicrohttpd -lnetsnmpagent -lnetsnmp -ljansson -lyaml \
              -lgnutls -Wl,--no-as-needed -lcrypt -Wl,--as-needed -lsystemd -lz -lpthread
GUEST_LIBS := $(if $(STATIC),,-lxenstore)
CLI_LIBS   := -lcurl -ljansson -lgnutls -lncursesw -ltinfo

# The contract is both sides' own; everything else belongs to one of them.
# Policies in words, with the table of their settings: dom0 judges them as a guest does.
POLICY_SRC := guest/settings.c $(wildcard guest/policy*.c guest/kib.c)
AGENT_SRC := $(wildcard exporter/*.c control/*.c mib/*.c) guest/contract.c $(POLICY_SRC)
# The guest's daemon reaches xenstore by libxenstore, the static one and the tests by the wire protocol.
GUEST_COMMON := $(filter-out guest/conn_%.c guest/wire.c,$(wildcard guest/*.c))
GUEST_WIRE   := guest/conn_wire.c guest/wire.c
GUEST_SRC    := $(GUEST_COMMON) $(if $(STATIC),$(GUEST_WIRE),guest/conn_lib.c)
# The command line shares tables and the principals' lines with the agent, all of them pure.
CLI_SRC   := $(wildcard control/cli/*.c) exporter/address.c exporter/file.c exporter/metric.c guest/contract.c $(POLICY_SRC) \
             control/naming.c control/pattern.c control/principal_file.c control/result.c control/size.c
BED_LIB_SRC := $(wildcard tests/fake/preload*.c) tests/fake/state.c
BED_SRC   := $(filter-out $(wildcard tests/fake/preload*.c),$(wildcard tests/fake/*.c))
AGENT_TESTS := $(patsubst tests/unit/agent/%.c,$(B)/tests/unit/agent/%,$(wildcard tests/unit/agent/*_test.c))
GUEST_TESTS := $(patsubst tests/unit/guest/%.c,$(B)/tests/unit/guest/%,$(wildcard tests/unit/guest/*_test.c))
CLI_TESTS := $(patsubst tests/unit/cli/%.c,$(B)/tests/unit/cli/%,$(wildcard tests/unit/cli/*_test.c))

# Objects are kept, those of tests too.
.SECONDARY:

# The live page's files are a part of the agent.
PAGE := $(sort $(wildcard exporter/page/*))

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

# What is installed together.
PARTS := agent guest cli monitoring

.PHONY: all guest-static dashboards deps demo check check-quick check-debian check-xen check-field xen-shell bench fuzz fuzzers lint format install $(PARTS:%=install-%) uninstall install-dkms deb dist kmod clean help bed unit
all: $(B)/xenballoon-agent $(B)/xenballoon-guest $(B)/xenballoon ## build the programs

$(B)/xenballoon-agent: $(call obj,$(AGENT_SRC)) $(B)/obj/page.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(AGENT_LIBS)

$(B)/xenballoon-guest: $(call obj,$(GUEST_SRC))
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(GUEST_LIBS)

$(B)/xenballoon: $(call obj,$(CLI_SRC))
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)

$(B)/obj/%.o: %.c NEWS.md Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<

$(B)/obj/page.o: exporter/embed include/page.h $(PAGE)
	$(call say,CC,exporter/page)
	$(Q)mkdir -p $(@D) && exporter/embed $(PAGE) >$(@:.o=.c) && \
		$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -c -o $@ $(@:.o=.c)

# One file for a guest of any Linux: by musl, without a library at run time.
STATIC_CC ?= musl-gcc
STATIC_ARCH = $(firstword $(subst -, ,$(shell $(STATIC_CC) -dumpmachine)))
guest-static: ## the guest's daemon as one static program for any Linux, and a tar.gz that installs it
	$(Q)tests/deps static
	$(call need,static)
	$(Q)CFLAGS="-O2" LDFLAGS="-static -s -Wl,-z,relro,-z,now" $(MAKE) --no-print-directory \
		B=build/static STATIC=yes SAN= CC="$(STATIC_CC)" build/static/xenballoon-guest
	$(call say,PACK,build/xenballoon-guest-$(VERSION)-linux-$(STATIC_ARCH).tar.gz)
	$(Q)guest/static/pack build/static/xenballoon-guest $(VERSION) $(STATIC_ARCH) build

# Unit tests link against everything of their side but its main.
$(B)/agent.a: $(call obj,$(filter-out exporter/main.c,$(AGENT_SRC))) $(B)/obj/page.o
$(B)/guest.a: $(call obj,$(filter-out guest/main.c,$(GUEST_COMMON)) $(GUEST_WIRE))
$(B)/cli.a: $(call obj,$(filter-out control/cli/main.c,$(CLI_SRC)))
$(B)/%.a:
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/tests/unit/agent/%: $(B)/obj/tests/unit/agent/%.o $(B)/agent.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(AGENT_LIBS)
$(B)/tests/unit/guest/%: $(B)/obj/tests/unit/guest/%.o $(B)/guest.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lpthread
$(B)/tests/unit/cli/%: $(B)/obj/tests/unit/cli/%.o $(B)/cli.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(CLI_LIBS)
unit: $(AGENT_TESTS) $(GUEST_TESTS) $(CLI_TESTS) $(addprefix $(B)/tests/,bench/rows bench/sleepers bench/walker bench/poster fuzz/snmp)

# What the SNMP tests and measurements ask: the agent's side over a made-up host, and processes.
$(B)/tests/bench/rows: $(B)/obj/tests/bench/rows.o $(B)/agent.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ $(AGENT_LIBS)
$(addprefix $(B)/tests/,bench/sleepers bench/walker fuzz/snmp): $(B)/tests/%: $(B)/obj/tests/%.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^

$(B)/tests/bench/poster: $(B)/obj/tests/bench/poster.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ -lxenstore

# The fuzzers are clang's libFuzzer, so they and what they feed are a tree of their own. One may stand
# in for a module of the agent (muldefs): record is its own store.
FUZZ_CC  ?= clang
FUZZERS  := $(patsubst tests/fuzz/%_fuzz.c,build/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
fuzzers: ## build the fuzzers
	$(Q)CFLAGS="-O1 -g -fno-sanitize-recover=undefined" $(MAKE) --no-print-directory B=build/fuzz \
		CC="$(FUZZ_CC)" WERROR= SAN=fuzzer-no-link,address,undefined $(FUZZERS)
# What they find out is the product's paths, not those of their own checks.
$(B)/obj/tests/fuzz/%_fuzz.o $(B)/obj/tests/fuzz/fuzz.o: CFLAGS += -fno-sanitize=fuzzer-no-link
build/fuzz/%: $(B)/obj/tests/fuzz/%_fuzz.o $(B)/obj/tests/fuzz/fuzz.o $(B)/cli.a $(B)/agent.a $(B)/guest.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -Wl,-z,muldefs -o $@ $^ $(AGENT_LIBS) $(CLI_LIBS)

# The test bed is never instrumented: it is preloaded into Debian's own xenstored.
bed: build/tests/fake/xenbed build/tests/fake/libfakexen.so ## build the bed that needs no Xen
build/tests/fake/obj/%.o: tests/fake/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE -Iinclude -O2 -g -std=gnu11 $(WARN) -fPIC -MMD -MP -c -o $@ $<
build/tests/fake/xenbed: $(patsubst tests/fake/%.c,build/tests/fake/obj/%.o,$(BED_SRC))
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ -lxenstore -lfuse3 -lpthread -lm
build/tests/fake/libfakexen.so: $(patsubst tests/fake/%.c,build/tests/fake/obj/%.o,$(BED_LIB_SRC))
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -o $@ $^ -lpthread -ldl

# Each target gets the Debian packages that it needs: what the build does, and parts of packages.txt.
need = $(Q)tests/deps guest build $(1)
deps: ## install the packages that the build needs; FOR="demo xen" those parts of packages.txt, too
	$(call need,$(FOR))

demo: ## 15 guests on a 2 GB host, without Xen, until Ctrl-C
	$(call need,demo)
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all bed
	$(Q)tests/demo

check: ## every test
	$(call need,static demo quick system fuzz xen deb package debian)
	$(Q)tests/run all

check-quick: ## unit tests and lint: seconds
	$(call need,demo quick)
	$(Q)tests/run quick

check-debian: ## the tree in a bare root of the other one of Debian 12 and 13; needs root
	$(call need,debian)
	$(Q)tests/debian/run

check-xen: guest-static ## real Xen under QEMU; SCENARIO=name for one
	$(call need,demo system xen)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/xen/run $(SCENARIO)

check-field: deb ## the packages in installed Debians on real Xen; needs root
	$(call need,xen field)
	$(Q)tests/field/run

xen-shell: guest-static ## a prompt in a real dom0 with guests up
	$(call need,demo system xen)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/xen/run --shell

bench: ## speed, as ratios against a named alternative: a scrape, one under siege, a change, a walk, the policies
	$(call need,demo quick system)
	$(Q)$(MAKE) --no-print-directory all bed unit
	$(Q)for bench in scrape siege post walk policies; do tests/bench/$$bench || exit 1; done

fuzz: ## feed the parsers; RUNS=1000000 or SECONDS=60 of each, TARGETS="json path" for some
	$(call need,fuzz)
	$(Q)$(MAKE) --no-print-directory fuzzers
	$(Q)tests/fuzz/run $(if $(RUNS),--runs $(RUNS)) $(if $(SECONDS),--seconds $(SECONDS)) $(TARGETS)

lint: ## layout, library homes, headers, shell, MIB, man pages
	$(Q)tests/lint/run

format: ## lay the C sources out
	$(Q)clang-format-19 -i $$(git ls-files '*.c' '*.h')

JSONNET = $(or $(wildcard build/debs/jsonnet/usr/bin/jsonnet),jsonnet)
dashboards: ## make the Grafana dashboards from dashboards/grafana/source
	for name in fleet host guest; do \
		$(JSONNET) dashboards/grafana/source/$$name.jsonnet >dashboards/grafana/$$name.json || exit; \
	done

# --- Installing. A row is mode:place:file; a place is below PREFIX, or begins with its own root. ---
# Packages say where units, users and zsh's completions go; by hand they follow PREFIX as all else does.
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
ZSHDIR      ?= $(PREFIX)/share/zsh/site-functions
examples    := share/doc/xenballoon-agent/examples
receiver    := dashboards/alertmanager/xenballoon-alert-receiver
# The kernel module: what it has to itself, what it shares with the daemon, and the headers of both.
KMOD        := $(filter-out %/build %.conf,$(wildcard guest/kmod/* guest/kmod/include/*))
KMOD_SHARED := $(shell sed -n 's|^.include "\.\./\(.*\)"|guest/\1|p' guest/kmod/shared.c)
KMOD_HEADERS := $(wildcard $(addprefix include/,$(sort $(shell sed -n 's|^.include "\(.*\.h\)"|\1|p' \
	$(KMOD_SHARED) $(wildcard guest/kmod/*.[ch])))))
DASHBOARDS  := $(filter-out dashboards/grafana/source/% $(receiver)%,$(shell find dashboards -type f | sort))

PLACES_agent := \
	0755:sbin/xenballoon-agent:$(B)/xenballoon-agent \
	0644:share/man/man8/xenballoon-agent.8:exporter/xenballoon-agent.8 \
	0644:share/man/man5/agent.yml.5:exporter/agent.yml.5 \
	0644:$(UNITDIR)/xenballoon-agent.service:exporter/xenballoon-agent.service \
	0644:$(SYSUSERSDIR)/xenballoon-agent.conf:exporter/xenballoon-agent.sysusers \
	0644:$(examples)/agent.yml:exporter/agent.yml \
	0644:$(examples)/web.config.yml:exporter/web.config.yml \
	0644:$(examples)/xenballoon-agent.socket:exporter/xenballoon-agent.socket \
	0644:$(examples)/xenballoon-agent.logrotate:exporter/xenballoon-agent.logrotate \
	0644:$(examples)/snmpd.conf:mib/snmpd.conf
PLACES_guest := \
	0755:sbin/xenballoon-guest:$(B)/xenballoon-guest \
	0644:share/man/man8/xenballoon-guest.8:guest/xenballoon-guest.8 \
	0644:share/man/man5/guest.conf.5:guest/guest.conf.5 \
	0644:$(UNITDIR)/xenballoon-guest.service:guest/xenballoon-guest.service \
	0644:share/doc/xenballoon-guest/examples/guest.conf:guest/guest.conf
PLACES_cli := \
	0755:bin/xenballoon:$(B)/xenballoon \
	0644:share/man/man1/xenballoon.1:control/cli/xenballoon.1 \
	0644:share/bash-completion/completions/xenballoon:control/cli/xenballoon.bash \
	0644:$(ZSHDIR)/_xenballoon:control/cli/xenballoon.zsh \
	0644:share/fish/vendor_completions.d/xenballoon.fish:control/cli/xenballoon.fish
PLACES_monitoring := \
	0755:sbin/xenballoon-alert-receiver:$(receiver) \
	0644:share/man/man8/xenballoon-alert-receiver.8:$(receiver).8 \
	0644:$(UNITDIR)/xenballoon-alert-receiver.service:$(receiver).service \
	0644:$(SYSUSERSDIR)/xenballoon-alert-receiver.conf:$(receiver).sysusers \
	0644:share/snmp/mibs/XENBALLOON-MIB.txt:mib/XENBALLOON-MIB.txt \
	$(foreach file,$(DASHBOARDS),0644:share/xenballoon/$(file:dashboards/%=%):$(file))

# DKMS knows no other place.
dkms := /usr/src/xen_selfballoon-$(VERSION)
PLACES_dkms := 0644:$(dkms)/dkms.conf:guest/kmod/dkms.conf \
	$(foreach file,$(filter-out guest/kmod/include,$(KMOD)) $(KMOD_SHARED) $(KMOD_HEADERS),0644:$(dkms)/$(file):$(file))

column  = $(word $(1),$(subst :, ,$(2)))
place   = $(DESTDIR)$(if $(filter /%,$(call column,2,$(1))),,$(PREFIX)/)$(call column,2,$(1))
# Texts name programs and files where they are, and the version that they have.
define put
@echo "  INSTALL $(call place,$(1))"
$(Q)$(if $(filter 0644,$(call column,1,$(1))),sed 's|/usr/local|$(PREFIX)|g;s|#MODULE_VERSION#|$(VERSION)|' $(call column,3,$(1)) | \
	install -D -m 0644 /dev/stdin,install -D -m $(call column,1,$(1)) $(call column,3,$(1))) $(call place,$(1))

endef

install: $(PARTS:%=install-%) ## all four parts, into $(DESTDIR)$(PREFIX)
install-agent: $(B)/xenballoon-agent ## dom0's agent; UNITDIR= and SYSUSERSDIR= are systemd's folders
install-guest: $(B)/xenballoon-guest ## the guests' daemon
install-cli: $(B)/xenballoon ## the command line
install-monitoring: ## MIB, dashboards, rules and the receiver of alerts
install-dkms: ## the kernel module's sources for DKMS, into $(DESTDIR)/usr/src
$(PARTS:%=install-%) install-dkms: install-%:
	$(foreach row,$(PLACES_$*),$(call put,$(row)))

uninstall: ## what these installed; configuration, decisions and logs stay
	rm -f $(foreach part,$(PARTS) dkms,$(foreach row,$(PLACES_$(part)),$(call place,$(row))))
	$(Q)for folder in $(PREFIX)/share/xenballoon $(PREFIX)/share/doc/xenballoon-agent \
		$(PREFIX)/share/doc/xenballoon-guest $(dkms); do \
		[ ! -d $(DESTDIR)$$folder ] || find $(DESTDIR)$$folder -depth -type d -empty -delete; \
	done

# Built in a copy, so that the tree stays as it is.
deb: ## Debian packages, into build/deb
	$(call need,deb)
	rm -rf build/deb
	mkdir -p build/deb/xenballoon-$(VERSION)
	tar -c --exclude=./build --exclude=./.git . | tar -x -C build/deb/xenballoon-$(VERSION)
	cd build/deb/xenballoon-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc -jauto
	rm -rf build/deb/xenballoon-$(VERSION)
	$(Q)ls -l build/deb/*.deb

kmod: ## the guest's kernel module, for KERNEL=$$(uname -r) of Debian, from headers that are fetched
	$(Q)mkdir -p $(B)
	guest/kmod/build $(or $(KERNEL),$(shell uname -r)) $(B)/xen_selfballoon.ko

clean: ## remove the build tree
	rm -rf build

help: ## this list
	$(Q)sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

-include $(shell find $(B)/obj build/tests/fake/obj -name '*.d' 2>/dev/null)
