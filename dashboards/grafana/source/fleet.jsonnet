// SPDX-License-Identifier: MIT
//
// Fleet: where the memory of all hosts is, how far they are overcommitted, who is short.

local g = import 'parts.libsonnet';
local s(metric, more=[]) = g.select('xenballoon_' + metric, more);

local committed = '(%s + %s)' % [s('host_memory_static_max_bytes'), s('host_memory_dom0_bytes')];
local short = 'topk(15, %s > 0)' % s('domain_memory_unmet_bytes');
local ofShort(expr) = '%s\nand on (%s)\n%s' % [expr, std.join(', ', g.guests), short];
local troubles = 'capped|host_full|stuck|silent|refused';

g.dashboard('Fleet', 'xenballoon-fleet', 'All Xen hosts: where their memory is, how far they are overcommitted, and who is short of it.', g.hosts, [
  g.stat(
    'Hosts', 'Agents that Prometheus has heard of in the time shown and that answer now.',
    g.query('sum(last_over_time(%s[$__range]) * 0 + on (job, instance) %s)' % [s('store_up'), g.select('up')]),
    unit='none'
  ),
  g.stat(
    'Hosts that do not answer', 'Agents that answered in the time shown and do not now.',
    g.latest('sum((1 - %s) and on (job, instance) last_over_time(%s[$__range]))' % [g.select('up'), s('store_up')]),
    unit='none', defaults=g.steps('green', [[1, 'red']])
  ),
  g.stat('Guests', 'Guests on all hosts.', g.query('sum(%s)' % s('host_domains')), unit='none'),
  g.stat(
    'Guests in trouble', 'Guests that are capped, stuck, silent, refused by their balloon driver, or wait because their host is full.',
    g.query('sum(%s)' % s('domain_state', ['state=~"%s"' % troubles])),
    unit='none', defaults=g.steps('green', [[1, 'yellow'], [10, 'red']])
  ),
  g.stat(
    'Overcommit', 'What dom0 has and all guests\' maximum, to the memory there is. Beyond 100 % not every guest can have its maximum at once.',
    g.query('sum(%s) / sum(%s)' % [committed, s('host_memory_total_bytes')]),
    unit='percentunit', defaults=g.steps('green', [[1, 'blue'], [3, 'orange']])
  ),
  g.stat('Free', 'Memory that no domain has, on all hosts.', g.query('sum(%s)' % s('host_memory_free_bytes'))),
  g.stat(
    'Guests lack', 'Memory that guests want and don\'t have, in sum.',
    g.query('sum(%s)' % s('host_memory_unmet_bytes')), defaults=g.steps('green', [[1048576, 'yellow'], [1073741824, 'orange']])
  ),
  g.stat('Could free', 'What guests have and do not want, of those that run and report.', g.query('sum(%s)' % s('host_memory_reclaimable_bytes'))),

  g.lines(
    'Where the memory is', 'Memory of all hosts: what dom0 and guests have, and what is free. What is missing to the total is the hypervisor\'s own.',
    [
      g.query('sum(%s)' % s('host_memory_dom0_bytes'), 'dom0'),
      g.query('sum(%s)' % s('domain_memory_allocated_bytes'), 'guests'),
      g.query('sum(%s)' % s('host_memory_free_bytes'), 'free'),
      g.query('sum(%s)' % s('host_memory_total_bytes'), 'total'),
    ],
    style=g.areas,
    overrides=[g.coloured('dom0', 'purple'), g.coloured('guests', 'blue'), g.coloured('free', 'green'), g.limit('total')],
  ),
  g.lines(
    'Overcommit by host', 'What dom0 has and the host\'s guests\' maximum, to the host\'s memory. At 100 % every guest can have its maximum.',
    [g.query('%s / %s' % [committed, s('host_memory_total_bytes')], '{{instance}}')],
    unit='percentunit', fields={ links: [g.toHost()] },
  ),
  g.lines(
    'Free by host', 'Share of each host\'s memory that no domain has. There is an alert below what the agent calls low.',
    [g.query('%s / %s' % [s('host_memory_free_bytes'), s('host_memory_total_bytes')], '{{instance}}')],
    unit='percentunit', style={ thresholdsStyle: { mode: 'line' } },
    fields={ links: [g.toHost()] } + g.steps('transparent', [[0.05, 'red']]),
  ),
  g.lines(
    'Guests lack, by host', 'Memory that each host\'s guests want and don\'t have.',
    [g.query(s('host_memory_unmet_bytes'), '{{instance}}')],
    fields={ links: [g.toHost()] },
  ),
  g.lines(
    'Guests by state', 'How many guests are in each state.',
    [g.query('sum by (state) (%s)' % s('domain_state'), '{{state}}')],
    unit='none', style=g.areas { fillOpacity: 60 },
    overrides=[g.coloured(state[0], state[1]) for state in g.states],
  ),
  g.lines(
    'Requests to change guests', 'Requests per second over HTTP and SNMP, by how they ended.',
    [g.query('sum by (result) (rate(%s[$__rate_interval])) > 0' % s('control_requests_total'), '{{result}}')],
    unit='reqps', style=g.bars,
    overrides=[g.coloured('ok', 'green'), g.coloured('checked', 'super-light-green')],
  ),

  g.table(
    'Each host', 'Each host with its newest values.',
    g.host,
    [['instance', 'Host', [g.links([g.rowToHost])]]],
    [
      ['Guests', s('host_domains'), 'none', []],
      ['Total', s('host_memory_total_bytes'), 'bytes', []],
      ['Free', s('host_memory_free_bytes'), 'bytes', []],
      ['Free share', '%s / %s' % [s('host_memory_free_bytes'), s('host_memory_total_bytes')], 'percentunit', g.warned(g.steps('red', [[0.05, 'yellow'], [0.1, 'green']]))],
      ['Overcommit', '%s / %s' % [committed, s('host_memory_total_bytes')], 'percentunit', []],
      ['Guests lack', s('host_memory_unmet_bytes'), 'bytes', []],
      ['Could free', s('host_memory_reclaimable_bytes'), 'bytes', []],
      ['Age of what is shown', s('snapshot_age_seconds'), 's', g.warned(g.steps('green', [[5, 'yellow'], [30, 'red']]))],
    ],
    sortBy='Guests lack',
  ),
  g.table(
    'Worst guests', 'The guests that lack most.',
    g.guests,
    [
      ['instance', 'Host', [g.links([g.rowToHost])]],
      ['domain', 'Guest', [g.links([g.rowToGuest])]],
      ['state', 'State', g.coloursOf(g.stateWords)],
    ],
    [
      [null, ofShort('%s == 1' % s('domain_state')), null, null],
      ['Missing', short, 'bytes', g.warned(g.steps('yellow'))],
      ['Has', ofShort(s('domain_memory_allocated_bytes')), 'bytes', []],
      ['Wants', ofShort(s('domain_memory_wanted_bytes')), 'bytes', []],
      ['Cap', ofShort(s('domain_memory_cap_bytes')), 'bytes', []],
      ['Pressure', ofShort(s('domain_memory_pressure_ratio')), 'percentunit', []],
    ],
    sortBy='Missing', noValue='No guest misses memory',
  ),
])
