// SPDX-License-Identifier: MIT
//
// Host: who holds a host's memory, what its guests are up to, whether its agent is well. With several
// hosts chosen, all of them together.

local g = import 'parts.libsonnet';
local s(metric, more=[]) = g.select('xenballoon_' + metric, more);
// What every exporter says of its process; of ours only, whatever the job is called.
local own(expr) = '%s\nand on (job, instance) %s' % [expr, s('build_info')];
local perGuest = '{{domain}}';
local toGuest = { links: [g.toGuest()] };

local dom0 = 'sum(%s)' % s('host_memory_dom0_bytes');
local free = 'sum(%s)' % s('host_memory_free_bytes');
local total = 'sum(%s)' % s('host_memory_total_bytes');
local missing = s('domain_memory_unmet_bytes');

g.dashboard('Host', 'xenballoon-host', 'One Xen host, or several together: who holds its memory, and what its guests are up to.', g.hosts, [
  g.stat('Free', 'Memory that no domain has.', g.query(free)),
  g.stat(
    'Free share', 'The same as a share of the host\'s memory. Below 5 % there is an alert.',
    g.query('%s / %s' % [free, total]), unit='percentunit', defaults=g.steps('red', [[0.05, 'yellow'], [0.1, 'green']])
  ),
  g.stat(
    'Overcommit', 'What dom0 has and all guests\' maximum, to the memory there is.',
    g.query('(sum(%s) + %s) / %s' % [s('host_memory_static_max_bytes'), dom0, total]),
    unit='percentunit', defaults=g.steps('green', [[1, 'blue'], [3, 'orange']])
  ),
  g.stat('Guests', 'Guests on this host.', g.query('sum(%s)' % s('host_domains')), unit='none'),
  g.stat(
    'Guests lack', 'Memory that guests want and don\'t have, in sum.',
    g.query('sum(%s)' % s('host_memory_unmet_bytes')), defaults=g.steps('green', [[1048576, 'yellow'], [1073741824, 'orange']])
  ),
  g.stat('Could free', 'What guests have and do not want, of those that run and report.', g.query('sum(%s)' % s('host_memory_reclaimable_bytes'))),
  g.stat(
    'Age of what is shown', 'Time since the agent last looked at its host; it looks every second.',
    g.query('max(%s)' % s('snapshot_age_seconds')), unit='s', defaults=g.steps('green', [[5, 'yellow'], [30, 'red']])
  ),
  g.stat(
    'xenstore and hypervisor', 'Whether both answered when the agent last looked.',
    g.latest('min(%s * on (job, instance) %s)' % [s('store_up'), s('hypervisor_up')]), unit='none', defaults=g.words(['down', 'red'], ['up', 'green'])
  ),

  g.lines(
    'Who has the memory', 'What dom0 and each guest have, and what is free, on top of each other. What is missing to the total is the hypervisor\'s own.',
    [
      g.query(dom0, 'dom0'),
      g.query('sum by (instance, domain) (%s)' % s('domain_memory_allocated_bytes'), perGuest),
      g.query(free, 'free'),
      g.query(total, 'total'),
    ],
    w=24, h=10, style=g.areas, fields=toGuest, legend=g.beside,
    overrides=[g.coloured('dom0', 'purple'), g.coloured('free', 'super-light-green'), g.limit('total')],
  ),
  g.lines(
    'How far it is overcommitted', 'What all guests have, what they want, and what they were booted for, with dom0\'s part, beside the memory there is.',
    [
      g.query('sum(%s) + %s' % [s('domain_memory_allocated_bytes'), dom0], 'have'),
      g.query('sum(%s) + %s' % [s('domain_memory_wanted_bytes'), dom0], 'want'),
      g.query('sum(%s) + %s' % [s('host_memory_static_max_bytes'), dom0], 'booted for'),
      g.query(total, 'total'),
    ],
    overrides=[g.limit('total')],
  ),
  g.lines(
    'Free, and in an hour', 'Free memory, and what would be left an hour later if it went on as in the 30 minutes before.',
    [
      g.query(free, 'free'),
      g.query('clamp_min(sum(predict_linear(%s[30m], 3600)), 0)' % s('host_memory_free_bytes'), 'in an hour'),
    ],
    overrides=[g.coloured('free', 'green'), g.limit('in an hour', 'orange')],
  ),
  g.timeline(
    'What each guest is up to', 'The state of each guest over time.',
    g.query(g.stateSeries('instance, domain', []), perGuest),
    h=12, fields=toGuest,
  ),
  g.table(
    'Each guest', 'Each guest with its newest values. Wants is the size its policy leads to, reported also while selfballooning is off.',
    g.guests,
    [
      ['instance', 'Host', []],
      ['domain', 'Guest', [g.links([g.rowToGuest])]],
      ['state', 'State', g.coloursOf(g.stateWords)],
    ],
    [
      [null, '%s == 1' % s('domain_state'), null, null],
      ['Selfballooning', s('domain_selfballoon_enabled'), 'bool_yes_no', []],
      ['Has', s('domain_memory_allocated_bytes'), 'bytes', []],
      ['Wants', s('domain_memory_wanted_bytes'), 'bytes', []],
      ['Missing', missing, 'bytes', g.warned(g.steps('text', [[1048576, 'yellow']]))],
      ['Target', s('domain_memory_target_bytes'), 'bytes', []],
      ['Cap', s('domain_memory_cap_bytes'), 'bytes', []],
      ['Maximum', s('domain_memory_static_max_bytes'), 'bytes', []],
      ['Minimum', s('domain_memory_minimum_bytes'), 'bytes', []],
      ['Pressure', s('domain_memory_pressure_ratio'), 'percentunit', g.warned(g.steps('text', [[0.05, 'yellow'], [0.2, 'red']]))],
      ['Last report', 'time() - %s' % s('domain_last_report_timestamp_seconds'), 's', g.warned(g.steps('text', [[45, 'yellow'], [90, 'red']]))],
    ],
    h=12, sortBy='Missing',
  ),
  g.lines(
    'Missing by guest', 'What each guest wants to be beyond what it is.',
    [g.query(missing, perGuest)], fields=toGuest,
  ),
  g.lines(
    'Pressure by guest', 'Share of time that some task in the guest waited for memory, in the last 10 seconds.',
    [g.query(s('domain_memory_pressure_ratio'), perGuest)], unit='percentunit', fields=toGuest,
  ),
  g.lines(
    'Requests to change guests', 'Requests per second, by way in and how they ended.',
    [g.query('sum by (interface, action, result) (rate(%s[$__rate_interval])) > 0' % s('control_requests_total'), '{{action}} over {{interface}}: {{result}}')],
    w=8, unit='reqps', style=g.bars,
  ),
  g.lines(
    'Agent: processor', 'What the agent takes of one processor.',
    [g.query(own('rate(%s[$__rate_interval])' % g.select('process_cpu_seconds_total')), '{{instance}}')],
    w=8, unit='percentunit',
  ),
  g.lines(
    'Agent: memory', 'What the agent holds of dom0\'s memory.',
    [g.query(own(g.select('process_resident_memory_bytes')), '{{instance}}')], w=8,
  ),
  g.stat(
    'Audit', 'Whether the last decision could be written to the audit. Until it can, nothing is changed.',
    g.latest('min(%s)' % s('control_audit_up')), unit='none', w=6, defaults=g.words(['cannot be written', 'red'], ['written', 'green'])
  ),
  g.stat(
    'Configuration', 'Whether the last reload was taken over.',
    g.latest('min(%s)' % s('config_last_reload_successful')), unit='none', w=6, defaults=g.words(['refused', 'red'], ['in force', 'green'])
  ),
  g.stat(
    'Certificates end in', 'Until the first certificate of the agent expires, of those that it shows and of its clients\' authorities.',
    g.latest('min(%s) - time()' % s('tls_certificate_expiry_timestamp_seconds')), unit='s', w=6,
    defaults=g.steps('red', [[604800, 'yellow'], [1209600, 'green']])
  ),
  g.stat(
    'Wait for memory', 'Guests that want memory which the host does not have.',
    g.latest('sum(%s)' % s('domain_state', ['state="host_full"'])), unit='none', w=6, defaults=g.steps('green', [[1, 'yellow']])
  ),
])
