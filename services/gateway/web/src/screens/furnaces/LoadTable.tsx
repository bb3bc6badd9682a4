import type { FurnaceLoad } from '../../api/furnaces';
import { latenessS, ON_TIME_S } from '../../charts/gantt';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { plantTimeAt } from '../../live/plant-clock';
import { Instant } from '../../parts/Instant';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';

/** The loads of the plan as a list, for who cannot or would not read the chart. */
export function LoadTable({ loads }: { loads: readonly FurnaceLoad[] }) {
  const { t, word, percent } = useI18n();
  const columns: Column<FurnaceLoad>[] = [
    { id: 'load', header: t('furnace.load'), cell: (load) => load.furnace_load_id },
    { id: 'furnace', header: t('furnace.furnace'), cell: (load) => load.equipment_id.split('/').at(-1) },
    { id: 'recipe', header: t('furnace.recipe'), cell: (load) => `${load.recipe_id} v${load.recipe_version}` },
    { id: 'parts', header: t('furnace.parts'), align: 'right', cell: (load) => load.parts_count },
    { id: 'fill', header: t('furnace.fill'), align: 'right', cell: (load) => percent(load.fill_ratio) },
    { id: 'state', header: t('field.state'), cell: (load) => word('job_state', load.state) },
    { id: 'planned', header: t('furnace.planned'), cell: (load) => <Span from={load.planned_start_at} to={load.planned_end_at} /> },
    { id: 'ran', header: t('furnace.ran'), cell: (load) => <Span from={load.started_at} to={load.ended_at} /> },
    { id: 'late', header: t('furnace.late'), align: 'right', cell: (load) => <Lateness load={load} /> },
    { id: 'energy', header: t('furnace.energy_of'), align: 'right', cell: (load) => <Energy load={load} /> },
    { id: 'heat', header: t('furnace.heat'), cell: (load) => <Heat load={load} /> },
  ];
  return (
    <DataTable
      label={t('furnace.loads')}
      columns={columns}
      rows={loads}
      rowKey={(load) => load.furnace_load_id}
      rowLink={(load) => `/furnaces/loads/${encodeURIComponent(load.furnace_load_id)}`}
    />
  );
}

function Span({ from, to }: { from: string | null; to: string | null }) {
  if (from === null) return <span>{NO_DATA}</span>;
  if (to === null) return <Instant at={from} />;
  return (
    <span>
      <Instant at={from} /> – <Instant at={to} />
    </span>
  );
}

function Lateness({ load }: { load: FurnaceLoad }) {
  const { t, duration } = useI18n();
  const instant = usePlantInstant();
  const seconds = latenessS(load, plantTimeAt(instant, Date.now()));
  if (seconds < ON_TIME_S) return <span>{t('furnace.on_time')}</span>;
  return <Badge mark="near">{duration(seconds)}</Badge>;
}

/** As measured, and in brackets as planned. */
export function Energy({ load }: { load: FurnaceLoad }) {
  const { number } = useI18n();
  const [drawn, planned] = [load.energy_kwh, load.planned_energy_kwh].map((kwh) =>
    kwh === null ? NO_DATA : number(Math.round(kwh)),
  );
  return <span>{`${drawn} (${planned})`}</span>;
}

/** Whether the run kept its band; unknown never counts as good. */
export function Heat({ load }: { load: FurnaceLoad }) {
  const { t } = useI18n();
  if (load.unknown_reason !== null) return <Badge mark="unknown">{t('furnace.unknown', { reason: load.unknown_reason })}</Badge>;
  if (load.deviation_count === null) return <span>{t('furnace.not_judged')}</span>;
  if (load.deviation_count > 0) return <Badge mark="bad">{t('furnace.deviations', { count: load.deviation_count })}</Badge>;
  return <Badge mark="good">{t('furnace.clean')}</Badge>;
}
