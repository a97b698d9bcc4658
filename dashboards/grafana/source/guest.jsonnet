// SPDX-License-Identifier: MIT
//
// Guest: why one guest has the size it has.

local g = import 'parts.libsonnet';
local chosen = ['domain="$domain"'];
local s(metric, more=[]) = g.select('xenballoon_domain_' + metric, chosen + more);
local toHost = { links: [g.toHost()] };

// What each size is called here, its metric and its colour.
local size(name, metric, color, more=[]) = {
  query: g.query(s('memory_%s_bytes' % metric), name),
  override: g.coloured(name, color, more),
};
local step = { id: 'custom.lineInterpolation', value: 'stepAfter' };
local thick = { id: 'custom.lineWidth', value: 3 };
local sizes = [
  size('has (hypervisor)', 'allocated', 'blue', [thick, { id: 'custom.fillOpacity', value: 15 }]),
  size('has (guest)', 'actual', 'light-blue'),
  size('wants', 'wanted', 'orange'),
  size('selftarget', 'selftarget', 'yellow'),
  size('target', 'target', 'purple', [step]),
  size('minimum', 'minimum', 'dark-green', [step]),
  { query: g.query(s('memory_cap_bytes'), 'cap'), override: g.limit('cap', 'red') },
  { query: g.query(s('memory_static_max_bytes'), 'maximum'), override: g.limit('maximum') },
];

g.dashboard('Guest', 'xenballoon-guest', 'One Xen guest: what it has, what it wants, and who holds it back.', g.hosts + [g.guest], [
  g.stat(
    'State', 'What the guest is up to. Its reason in one sentence, with the numbers, is on the agent\'s own page.',
    g.latest('max by (state) (%s == 1)' % s('state'), '{{state}}'),
    unit='none', options={ textMode: 'name', colorMode: 'none' },
  ),
  g.stat(
    'Selfballooning', 'Whether selfballooning is on: the guest sets its own size. Off: it follows dom0\'s target.',
    g.latest('max(%s)' % s('selfballoon_enabled')), unit='none', defaults=g.words(['no', 'blue'], ['yes', 'green']) { noValue: 'never set' },
  ),
  g.stat('Has', 'Memory that it has, as the hypervisor counts it.', g.query('sum(%s)' % s('memory_allocated_bytes'))),
  g.stat('Wants', 'The size its policy leads to, reported also while selfballooning is off.', g.query('sum(%s)' % s('memory_wanted_bytes'))),
  g.stat(
    'Lacks', 'What it wants and does not have, while it runs and reports.',
    g.query('sum(%s)' % s('memory_unmet_bytes')),
    defaults=g.steps('green', [[1048576, 'yellow']]),
  ),
  g.stat(
    'Could free', 'What it has and does not want, while it runs and reports: what turning selfballooning on would free.',
    g.query('sum(%s)' % s('memory_reclaimable_bytes')),
  ),
  g.stat(
    'Pressure', 'Share of time that some task in it waited for memory, in the last 10 seconds.',
    g.query('max(%s)' % s('memory_pressure_ratio')), unit='percentunit', defaults=g.steps('green', [[0.05, 'yellow'], [0.2, 'red']]),
  ),
  g.stat(
    'Last report', 'Time since it last reported. It reports at least every 30 seconds, and is silent after 90.',
    g.query('time() - max(%s)' % s('last_report_timestamp_seconds')), unit='s', defaults=g.steps('green', [[45, 'yellow'], [90, 'red']]),
  ),

  g.lines(
    'Sizes', 'What it has, what it wants, and what holds it: dom0\'s target and limit, its own minimum, and what it was booted for. '
             + 'The next step is there only while selfballooning is on.',
    [size.query for size in sizes], w=24, h=12, fields=toHost, legend=g.beside,
    overrides=[size.override for size in sizes],
  ),
  g.timeline('What it was up to', 'Its state over time.', g.query(g.stateSeries('instance', chosen), '{{instance}}'), h=5, fields=toHost),
  g.lines(
    'Inside', 'What programs in it have reserved, what it could use without swapping, and what it has swapped out.',
    [
      g.query(s('memory_committed_bytes'), 'committed'),
      g.query(s('memory_available_bytes'), 'available'),
      g.query(s('memory_swap_used_bytes'), 'swap used'),
    ],
    overrides=[g.coloured('committed', 'orange'), g.coloured('available', 'green'), g.coloured('swap used', 'red')],
  ),
  g.lines(
    'Waiting for memory', 'Share of time that some task in it waited for memory, in the last 10 seconds.',
    [g.query(s('memory_pressure_ratio'), 'pressure')], unit='percentunit', fields={ max: 1 },
  ),
  g.lines(
    'Since its last report', 'Beyond 90 seconds it is silent, and nobody knows what it wants.',
    [g.query('time() - %s' % s('last_report_timestamp_seconds'), '{{instance}}')],
    unit='s', style={ thresholdsStyle: { mode: 'line' } }, fields=g.steps('transparent', [[90, 'red']]),
  ),
  g.lines(
    'Values refused', 'Values in its xenstore keys that were refused as malformed, per second. A well-behaved guest has none.',
    [g.query('rate(%s[$__rate_interval])' % s('key_errors_total'), '{{instance}}')], unit='ops',
  ),
  g.table(
    'Which guest this is', 'Where it runs and by which numbers it is known there. A name may stand for several guests; the UUID is one\'s own.',
    g.guests,
    [
      ['instance', 'Host', [g.links([g.rowToHost])]],
      ['domain', 'Guest', []],
      ['uuid', 'UUID', []],
      ['domid', 'domid', []],
      ['type', 'Type', []],
    ],
    [
      [null, s('info'), null, null],
      ['Booted for', s('memory_static_max_bytes'), 'bytes', []],
    ],
    h=5,
  ),
])
