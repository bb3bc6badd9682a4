import { lazy, Suspense, useState } from 'react';
import { useWhatIf, type Furnace, type FurnacePlan, type OtherPlan, type PlanLoad, type PlanMove, type WantedLoad } from '../../api/furnaces';
import { barsOfPlan, windowOf, type Bar, type Span } from '../../charts/gantt';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { reasonOf } from '../../parts/reason-of';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';
import { Skeleton } from '../../ui/Skeleton';
import { nameOf } from './names';

const GanttChart = lazy(() => import('../../charts/GanttChart'));

interface WhatIfProps {
  plan: FurnacePlan;
  furnaces: readonly Furnace[];
  /** What ran and runs: the same in each plan. */
  ran: readonly Bar[];
  span: Span;
  nowMs: number;
  /** Loads that a person put elsewhere to see what that would do. */
  tried: WantedLoad[];
  onForget(): void;
}

/** The plan if a furnace were away, a job order urgent or loads elsewhere, beside the one in force, which stays. */
export function WhatIf({ plan, furnaces, ran, span, nowMs, tried, onForget }: WhatIfProps) {
  const i18n = useI18n();
  const { t } = i18n;
  const [away, setAway] = useState('');
  const [urgent, setUrgent] = useState('');
  const question = { away: away === '' ? [] : [away], urgent: urgent === '' ? [] : [urgent], pins: tried };
  const query = useWhatIf(question, plan.version);
  const isAsked = away !== '' || urgent !== '' || tried.length > 0;
  const none = { value: '', label: t('furnace.all_there') };
  const names = furnaces.map((furnace) => ({ value: furnace.equipment_id, label: nameOf(furnace.equipment_id) }));
  const orders = plan.loads.flatMap((load) => load.job_order_ids).map((id) => ({ value: id, label: id }));
  return (
    <Panel title={t('furnace.what_if')}>
      <p>{t('furnace.what_if_explain')}</p>
      <div className="what-if-asked">
        <label>
          {t('furnace.away')} <Select label={t('furnace.away')} options={[none, ...names]} value={away} onChange={setAway} />
        </label>
        <label>
          {t('furnace.urgent')} <Select label={t('furnace.urgent')} options={[none, ...orders]} value={urgent} onChange={setUrgent} />
        </label>
        {tried.length > 0 && <Button onPress={onForget}>{t('furnace.forget', { count: tried.length })}</Button>}
      </div>
      {isAsked && query.error !== null && (
        <div role="alert">
          <Notice mark="bad">{t('furnace.cannot', { reason: reasonOf(query.error, i18n) })}</Notice>
        </div>
      )}
      {isAsked && query.isPending && query.error === null && <Skeleton label={t('data.loading')} />}
      {isAsked && query.data !== undefined && query.error === null && (
        <Other plan={plan} other={query.data} furnaces={furnaces} ran={ran} span={span} nowMs={nowMs} />
      )}
    </Panel>
  );
}

type OtherProps = Omit<WhatIfProps, 'tried' | 'onForget'> & { other: OtherPlan };

function Other({ plan, other, furnaces, ran, span, nowMs }: OtherProps) {
  const { t } = useI18n();
  const rows = furnaces.map((furnace) => nameOf(furnace.equipment_id));
  const bars = [...ran, ...barsOfPlan(furnaces, other)];
  const wider = windowOf(bars, nowMs);
  // The same scale as the plan in force above it, unless the other plan takes longer.
  const shown = { fromMs: span.fromMs, toMs: Math.max(span.toMs, wider.toMs) };
  return (
    <>
      {Object.entries(other.infeasible).map(([jobOrderId, reason]) => (
        <Notice key={jobOrderId} mark="held">{`${t('furnace.no_furnace')}: ${jobOrderId} – ${reason}`}</Notice>
      ))}
      {Object.entries(other.too_late).map(([jobOrderId, reason]) => (
        <Notice key={jobOrderId} mark="near">{`${t('furnace.waits_too_long')}: ${jobOrderId} – ${reason}`}</Notice>
      ))}
      <Suspense fallback={<Skeleton label={t('data.loading')} />}>
        <GanttChart
          label={t('furnace.other_plan')}
          rows={rows}
          bars={bars}
          span={shown}
          nowMs={nowMs}
          linkOf={(id) => `/furnaces/loads/${encodeURIComponent(id)}`}
        />
      </Suspense>
      <Compared now={plan.loads} then={other.loads} />
      {other.moved.length === 0 ? <p>{t('furnace.no_move')}</p> : <Moves moved={other.moved} />}
    </>
  );
}

interface Compare {
  name: string;
  now: string;
  then: string;
}

function Compared({ now, then }: { now: readonly PlanLoad[]; then: readonly PlanLoad[] }) {
  const { t, number, duration, dateTime } = useI18n();
  const sum = (values: readonly (number | null)[]) =>
    values.includes(null) ? NO_DATA : number(Math.round(values.reduce<number>((total, value) => total + (value ?? 0), 0)));
  const last = (loads: readonly PlanLoad[]) => {
    const ends = loads.flatMap((load) => (load.end_at === null ? [] : [Date.parse(load.end_at)]));
    return ends.length === 0 ? NO_DATA : dateTime(Math.max(...ends));
  };
  const figures: [string, (loads: readonly PlanLoad[]) => string][] = [
    [t('furnace.loads'), (loads) => String(loads.length)],
    [t('furnace.late_loads'), (loads) => String(loads.filter((load) => load.late_s > 0).length)],
    [t('furnace.late_most'), (loads) => duration(Math.max(0, ...loads.map((load) => load.late_s)))],
    [t('furnace.energy'), (loads) => sum(loads.map((load) => load.energy_kwh))],
    [t('furnace.energy_cost'), (loads) => sum(loads.map((load) => load.energy_cost))],
    [t('furnace.last_end'), last],
  ];
  const rows: Compare[] = figures.map(([name, figure]) => ({ name, now: figure(now), then: figure(then) }));
  const columns: Column<Compare>[] = [
    { id: 'name', header: '', cell: (row) => row.name },
    { id: 'now', header: t('furnace.in_force'), align: 'right', cell: (row) => row.now },
    { id: 'then', header: t('furnace.to'), align: 'right', cell: (row) => row.then },
  ];
  return <DataTable label={t('furnace.compared')} columns={columns} rows={rows} rowKey={(row) => row.name} dense />;
}

function Moves({ moved }: { moved: readonly PlanMove[] }) {
  const { t } = useI18n();
  const columns: Column<PlanMove>[] = [
    { id: 'order', header: t('furnace.move'), cell: (move) => move.job_order_id },
    { id: 'from', header: t('furnace.from'), cell: (move) => <Slot equipmentId={move.from_equipment_id} at={move.from_start_at} /> },
    { id: 'to', header: t('furnace.to'), cell: (move) => <Slot equipmentId={move.to_equipment_id} at={move.to_start_at} /> },
  ];
  return <DataTable label={t('furnace.what_if')} columns={columns} rows={moved} rowKey={(move) => move.job_order_id} />;
}

function Slot({ equipmentId, at }: { equipmentId: string; at: string | null }) {
  return (
    <span>
      {nameOf(equipmentId)} <Instant at={at} />
    </span>
  );
}
