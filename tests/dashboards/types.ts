// SPDX-License-Identifier: MIT
//
// A dashboard as Grafana's own types describe it, with what they leave open (`Record<string, unknown>`)
// filled by the types of the panels we use. What Prometheus' data source adds stands here, as it
// exports no types: its query model and what its annotations hold.
import * as grafana from '@grafana/schema';
import * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import * as stateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import * as model from '@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen';

interface PrometheusQuery extends grafana.DataQuery {
  datasource: model.DataSourceRef;
  expr: string;
  legendFormat: string;
  range: boolean;
  instant: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
  editorMode: 'code' | 'builder';
}

interface PrometheusAnnotation extends model.AnnotationQuery {
  expr: string;
  step: string;
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
}

interface DataLink {
  title: string;
  url: string;
  targetBlank?: boolean;
}

interface Defaults<Custom> extends Omit<model.FieldConfig, 'custom' | 'links'> {
  custom?: Custom;
  links?: DataLink[];
}

interface PanelOf<Type extends string, Options, Custom>
  extends Omit<model.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Type;
  id: number;
  title: string;
  gridPos: model.GridPos;
  options: Options;
  fieldConfig: {
    defaults: Defaults<Custom>;
    overrides: model.FieldConfigSource['overrides'];
  };
  targets: PrometheusQuery[];
}

interface Variable extends Omit<model.VariableModel, 'query'> {
  query: string | { query: string; refId: string };
}

// Each part that schema.mjs looks at by itself.
export interface Checked {
  dashboard: Omit<model.Dashboard, 'panels' | 'annotations' | 'templating'> & {
    uid: string;
    title: string;
    panels: unknown[];
    annotations: { list: PrometheusAnnotation[] };
    templating: { list: Variable[] };
  };
  panel: {
    row: model.RowPanel;
    stat: PanelOf<'stat', stat.Options, Record<string, never>>;
    'state-timeline': PanelOf<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>;
    table: PanelOf<'table', table.Options, table.FieldConfig>;
    timeseries: PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>;
  };
  override: OverrideValues;
}

// What overrides set, by the paths that Grafana knows them by.
interface OverrideValues {
  unit: string;
  color: model.FieldColor;
  links: DataLink[];
  mappings: model.ValueMapping[];
  thresholds: model.ThresholdsConfig;
  'custom.width': number;
  'custom.cellOptions': grafana.TableCellOptions;
  'custom.fillOpacity': number;
  'custom.lineWidth': number;
  'custom.lineStyle': grafana.LineStyle;
  'custom.lineInterpolation': grafana.LineInterpolation;
  'custom.stacking': grafana.StackingConfig;
}
