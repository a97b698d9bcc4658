// SPDX-License-Identifier: MIT
//
// The parts that the dashboards are put together from: variables, queries, panels, links, and how
// they are laid out. Knows Grafana's JSON, so that the dashboards need not; knows no metric but those
// of the variables and the annotations. `make dashboards` makes the JSON files of all this.

local prometheus = { type: 'prometheus', uid: '${datasource}' };
local blue = 'blue', green = 'green', yellow = 'yellow', orange = 'orange', red = 'red', grey = '#808080';

{
  // What every query selects by; `more` are further matchers.
  select(metric, more=[])::
    '%s{%s}' % [metric, std.join(', ', ['job=~"$job"', 'instance=~"$instance"'] + more)],

  // --- queries ---

  // A range; `legend` is of one series.
  query(expr, legend='__auto'):: {
    datasource: prometheus,
    expr: expr,
    legendFormat: legend,
    range: true,
    instant: false,
    editorMode: 'code',
  },

  // The newest value only.
  latest(expr, legend='__auto'):: $.query(expr, legend) { range: false, instant: true },

  // The newest values as rows of a table, a label each a column.
  rows(expr):: $.latest(expr) { format: 'table' },

  // --- units, colours, mappings ---

  // Steps from the best: [colour, [from, colour], ...]
  steps(first, more=[]):: {
    thresholds: {
      mode: 'absolute',
      steps: [{ color: first, value: null }] + [{ color: s[1], value: s[0] } for s in more],
    },
  },
  neutral:: $.steps(blue),

  // The states of a guest, in the order of the MIB, and how bad each is.
  states:: [
    ['converged', green],
    ['growing', 'light-blue'],
    ['shrinking', 'super-light-blue'],
    ['capped', yellow],
    ['host_full', orange],
    ['stuck', red],
    ['silent', 'purple'],
    ['no_agent', grey],
    ['foreign', 'dark-blue'],
    ['refused', 'dark-red'],
    ['paused', 'dark-yellow'],
    ['shut_down', 'dark-purple'],
    ['suspended', 'semi-dark-blue'],
    ['crashed', 'dark-red'],
    ['dying', 'dark-orange'],
    ['unknown', grey],
    ['starving', 'semi-dark-red'],
  ],
  stateNumbers:: {
    mappings: [{
      type: 'value',
      options: {
        [std.toString(i)]: { text: $.states[i][0], color: $.states[i][1], index: i }
        for i in std.range(0, std.length($.states) - 1)
      },
    }],
  },
  stateWords:: {
    mappings: [{
      type: 'value',
      options: {
        [$.states[i][0]]: { color: $.states[i][1], index: i }
        for i in std.range(0, std.length($.states) - 1)
      },
    }],
  },
  words(zero, one):: {
    mappings: [{ type: 'value', options: {
      '0': { text: zero[0], color: zero[1], index: 0 },
      '1': { text: one[0], color: one[1], index: 1 },
    } }],
  },

  // One series for each guest, whose value is the number of its state in $.states.
  stateSeries(by, more)::
    'sum by (%s) (\n  %s\n)' % [by, std.join('\n  or ', [
      '%s * %d' % [$.select('xenballoon_domain_state', more + ['state="%s"' % $.states[i][0]]), i]
      for i in std.range(0, std.length($.states) - 1)
    ])],

  // --- links ---

  // A dashboard of ours; `variables` are texts like var-domain=...
  link(title, uid, variables=[]):: {
    title: title,
    url: '/d/%s?%s' % [uid, std.join('&', [
      '${datasource:queryparam}',
      '${job:queryparam}',
    ] + variables + ['${__url_time_range}'])],
  },
  // From a point of a series, and from a row of a table.
  toHost(from='__field.labels.instance')::
    $.link('Host', 'xenballoon-host', ['var-instance=${%s:percentencode}' % from]),
  toGuest(instance='__field.labels.instance', domain='__field.labels.domain')::
    $.link('Guest', 'xenballoon-guest', [
      'var-instance=${%s:percentencode}' % instance,
      'var-domain=${%s:percentencode}' % domain,
    ]),
  rowToHost:: $.toHost('__data.fields.instance'),
  rowToGuest:: $.toGuest('__data.fields.instance', '__data.fields.domain'),

  // --- panels: w and h in Grafana's grid, 24 wide ---

  local panel(type, title, description, targets, unit, w, h) = {
    type: type,
    title: title,
    description: description,
    datasource: prometheus,
    gridPos: { w: w, h: h },
    targets: [targets[i] { refId: std.char(std.codepoint('A') + i) } for i in std.range(0, std.length(targets) - 1)],
    fieldConfig: { defaults: { unit: unit, color: { mode: 'thresholds' } } + $.neutral, overrides: [] },
  },

  // One number, and how it went.
  stat(title, description, target, unit='bytes', w=3, h=4, defaults={}, options={})::
    panel('stat', title, description, [target], unit, w, h) {
      fieldConfig+: { defaults+: defaults },
      options: {
        colorMode: 'value',
        graphMode: if target.instant then 'none' else 'area',
        justifyMode: 'auto',
        orientation: 'auto',
        percentChangeColorMode: 'standard',
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        showPercentChange: false,
        textMode: 'auto',
        wideLayout: true,
      } + options,
    },

  // Lines over time. `style`: what differs from plain lines; `fields`: of all series.
  lines(title, description, targets, unit='bytes', w=12, h=8, style={}, fields={}, overrides=[], legend={})::
    panel('timeseries', title, description, targets, unit, w, h) {
      fieldConfig: {
        defaults: {
          unit: unit,
          min: 0,
          color: { mode: 'palette-classic' },
          custom: { drawStyle: 'line', lineWidth: 1, fillOpacity: 0, showPoints: 'never', spanNulls: false } + style,
        } + $.neutral + fields,
        overrides: overrides,
      },
      options: {
        legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] } + legend,
        tooltip: { mode: 'multi', sort: 'desc' },
      },
    },
  areas:: { fillOpacity: 40, lineWidth: 1, stacking: { mode: 'normal', group: 'A' } },
  bars:: { drawStyle: 'bars', fillOpacity: 60, lineWidth: 0, stacking: { mode: 'normal', group: 'A' } },
  beside:: { displayMode: 'table', placement: 'right', calcs: ['lastNotNull', 'max'] },

  // A series by the name that its legend has.
  series(name, properties)::
    { matcher: { id: 'byName', options: name }, properties: properties },
  coloured(name, color, more=[])::
    $.series(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }] + more),
  // A limit: a dashed line that is no part of what is stacked.
  limit(name, color='dark-red')::
    $.coloured(name, color, [
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'custom.stacking', value: { mode: 'none', group: 'A' } },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
    ]),

  // What state each guest was in.
  timeline(title, description, target, w=24, h=8, fields={})::
    panel('state-timeline', title, description, [target], 'none', w, h) {
      fieldConfig: {
        defaults: {
          unit: 'none',
          color: { mode: 'thresholds' },
          custom: { lineWidth: 0, fillOpacity: 75 },
        } + $.neutral + $.stateNumbers + fields,
        overrides: [],
      },
      options: {
        alignValue: 'left',
        legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
        mergeValues: true,
        rowHeight: 0.85,
        showValue: 'auto',
        tooltip: { mode: 'single', sort: 'none' },
      },
    },

  // A row for each host, or for each guest, by `by`. `labels` are shown: [label, heading, properties];
  // `columns`: [heading, query, unit, properties]. A query without heading only tells the labels that
  // are not in `by`. Grafana merges rows whose labels agree, so no query may keep another label.
  host:: ['job', 'instance'],
  guests:: ['job', 'instance', 'domain', 'uuid'],
  table(title, description, by, labels, columns, w=24, h=9, sortBy=null, noValue='')::
    local all = by + [l[0] for l in labels if !std.member(by, l[0])];
    local rows(c) = $.rows('max by (%s) (%s)' % [std.join(', ', if c[0] == null then all else by), c[1]]);
    local letter(i) = std.char(std.codepoint('A') + i);
    local value(i) = 'Value #' + letter(i);
    local numbers = std.range(0, std.length(columns) - 1);
    panel('table', title, description, [rows(c) for c in columns], 'none', w, h) {
      fieldConfig: {
        defaults: {
          unit: 'none',
          noValue: noValue,
          custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false },
        } + $.neutral,
        overrides:
          [$.series(l[0], l[2]) for l in labels if std.length(l[2]) > 0] +
          [$.series(value(i), [{ id: 'unit', value: columns[i][2] }] + columns[i][3]) for i in numbers if columns[i][0] != null],
      },
      options: {
        cellHeight: 'sm',
        frameIndex: 0,
        showHeader: true,
        [if sortBy != null then 'sortBy']: [{ displayName: sortBy, desc: true }],
      },
      transformations: [
        { id: 'merge', options: {} },
        {
          // Shows these and no other label, in this order.
          id: 'filterFieldsByName',
          options: { include: { names: [l[0] for l in labels] + [value(i) for i in numbers if columns[i][0] != null] } },
        },
        {
          id: 'organize',
          options: {
            excludeByName: {},
            indexByName: { [labels[i][0]]: i for i in std.range(0, std.length(labels) - 1) } +
                         { [value(i)]: std.length(labels) + i for i in numbers if columns[i][0] != null },
            renameByName: { [l[0]]: l[1] for l in labels } +
                          { [value(i)]: columns[i][0] for i in numbers if columns[i][0] != null },
          },
        },
      ],
    },
  // Properties of columns.
  links(links):: { id: 'links', value: links },
  width(pixels):: { id: 'custom.width', value: pixels },
  coloursOf(mappings):: [
    { id: 'mappings', value: mappings.mappings },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ],
  warned(steps):: [
    { id: 'thresholds', value: steps.thresholds },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ],

  // --- the dashboard ---

  local variable(name, label, query, more) = {
    name: name,
    label: label,
    type: 'query',
    datasource: prometheus,
    query: { query: query, refId: 'variable-' + name },
    refresh: 2,
    sort: 5,
    regex: '',
    hide: 0,
  } + more,
  local any = { multi: true, includeAll: true, allValue: '.+', current: { selected: true, text: ['All'], value: ['$__all'] } },
  dataSource:: {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    regex: '',
    refresh: 1,
    hide: 0,
    multi: false,
    includeAll: false,
  },
  hosts:: [
    $.dataSource,
    variable('job', 'Job', 'label_values(xenballoon_store_up, job)', any),
    variable('instance', 'Instance', 'label_values(xenballoon_store_up{job=~"$job"}, instance)', any),
  ],
  guest:: variable(
    'domain', 'Guest', 'label_values(xenballoon_domain_info{job=~"$job", instance=~"$instance"}, domain)',
    { multi: false, includeAll: false },
  ),

  // A mark where requests ended as `result` matches; counters of agents know no guest.
  local marks(name, color, matcher) = {
    name: name,
    datasource: prometheus,
    enable: true,
    hide: false,
    iconColor: color,
    expr: 'sum by (job, instance, interface, action, result) (increase(%s[$__rate_interval])) > 0' %
          $.select('xenballoon_control_requests_total', [matcher]),
    step: '60s',
    titleFormat: name,
    textFormat: '{{action}} over {{interface}} on {{instance}}: {{result}}',
    tagKeys: 'instance,interface,action,result',
    useValueForTime: false,
  },

  // Panels in rows from left to right: a row ends where 24 are full. Each gets its place and number.
  local place(panels) =
    std.foldl(
      function(done, p)
        local wraps = done.x + p.gridPos.w > 24;
        local x = if wraps then 0 else done.x;
        local y = if wraps then done.y + done.h else done.y;
        {
          x: x + p.gridPos.w,
          y: y,
          h: if wraps then p.gridPos.h else std.max(done.h, p.gridPos.h),
          panels: done.panels + [p { id: std.length(done.panels) + 1, gridPos+: { x: x, y: y } }],
        },
      panels,
      { x: 0, y: 0, h: 0, panels: [] },
    ).panels,
  row(title):: { type: 'row', title: title, collapsed: false, panels: [], gridPos: { w: 24, h: 1 } },

  dashboard(name, uid, description, variables, panels):: {
    title: 'Xen memory / ' + name,
    uid: uid,
    description: description,
    tags: ['xenballoon'],
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    timepicker: {},
    annotations: { list: [
      marks('Change', green, 'result="ok"'),
      marks('Refused', orange, 'result!~"ok|checked"'),
    ] },
    templating: { list: variables },
    links: [{
      title: 'Xen memory',
      type: 'dashboards',
      tags: ['xenballoon'],
      asDropdown: false,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      icon: 'external link',
      tooltip: 'The other dashboards, for the same hosts and time',
      url: '',
    }],
    panels: place(panels),
  },

  colors:: { blue: blue, green: green, yellow: yellow, orange: orange, red: red, grey: grey },
}
