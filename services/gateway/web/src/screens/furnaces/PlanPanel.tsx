import { lazy, Suspense, useMemo, useState } from 'react';
import { usePlanMove } from '../../api/furnacecommands';
import type { Furnace, FurnaceLoad, FurnacePlan, PlanLoad, WantedLoad } from '../../api/furnaces';
import { useCaller } from '../../app/session/SessionGate';
import { barsOfLoads, barsOfPlan, SNAP_MS, windowOf } from '../../charts/gantt';
import { useI18n } from '../../i18n/I18nProvider';
import { reasonOf } from '../../parts/reason-of';
import { Choice, type Option } from '../../ui/Choice';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';
import { nameOf } from './names';
import { PlanChanges } from './PlanChanges';
import { WhatIf } from './WhatIf';

const GanttChart = lazy(() => import('../../charts/GanttChart'));

type Mode = 'change' | 'try';

interface PlanPanelProps {
  plan: FurnacePlan;
  furnaces: readonly Furnace[];
  loads: readonly FurnaceLoad[];
  nowMs: number;
}

/** The chart of plan and runs, and beside it the plan as it would be if something were otherwise. */
export function PlanPanel({ plan, furnaces, loads, nowMs }: PlanPanelProps) {
  const i18n = useI18n();
  const { t } = i18n;
  const mayPlan = useCaller().permissions.includes('plan');
  const { move, mutation } = usePlanMove();
  const [mode, setMode] = useState<Mode>('change');
  const [tried, setTried] = useState<WantedLoad[]>([]);
  const [wanted, setWanted] = useState<WantedLoad | null>(null);
  const rows = useMemo(() => furnaces.map((furnace) => nameOf(furnace.equipment_id)), [furnaces]);
  const ran = useMemo(() => barsOfLoads(furnaces, loads, nowMs), [furnaces, loads, nowMs]);
  const bars = useMemo(() => [...ran, ...barsOfPlan(furnaces, plan)], [ran, furnaces, plan]);
  const span = windowOf(bars, nowMs);
  const linkOf = (id: string) => `/furnaces/loads/${encodeURIComponent(id)}`;
  const put = (load: PlanLoad, version: number, row: number, startMs: number) => {
    const furnace = furnaces[row];
    if (furnace === undefined) return;
    const { job_order_ids } = load;
    const given = { equipment_id: furnace.equipment_id, job_order_ids, start_at: new Date(startMs).toISOString() };
    if (mode === 'try') {
      setTried([...tried.filter((other) => other.job_order_ids.join() !== job_order_ids.join()), given]);
    } else {
      setWanted(given);
      move(load, version, given.equipment_id, given.start_at);
    }
  };
  const modes: Option<Mode>[] = [
    { value: 'change', label: t('furnace.mode_change') },
    { value: 'try', label: t('furnace.mode_try') },
  ];
  return (
    <>
      <Panel title={t('furnace.plan')} note={t('furnace.version', { version: plan.version })}>
        {mayPlan ? <Choice label={t('furnace.mode')} options={modes} value={mode} onChange={(chosen) => setMode(chosen)} /> : <p>{t('furnace.may_not')}</p>}
        <Suspense fallback={<Skeleton label={t('data.loading')} />}>
          <GanttChart
            label={t('furnace.plan')}
            rows={rows}
            bars={bars}
            span={span}
            nowMs={nowMs}
            linkOf={linkOf}
            onMove={mayPlan ? put : undefined}
          />
        </Suspense>
        {mutation.isPending && <p>{t('furnace.asking')}</p>}
        {mutation.error !== null && (
          <div role="alert">
            <Notice mark="bad">{t('furnace.not_changed', { reason: reasonOf(mutation.error, i18n) })}</Notice>
          </div>
        )}
        {mutation.data !== undefined && wanted !== null && <Put wanted={wanted} startAt={mutation.data.start_at} />}
        <PlanChanges changes={plan.changes} />
      </Panel>
      <WhatIf plan={plan} furnaces={furnaces} ran={ran} span={span} nowMs={nowMs} tried={tried} onForget={() => setTried([])} />
    </>
  );
}

/** Where a moved load is planned now: a furnace that is not free at the wanted time takes it later. */
function Put({ wanted, startAt }: { wanted: WantedLoad; startAt: string | null }) {
  const { t, dateTime } = useI18n();
  const furnace = nameOf(wanted.equipment_id);
  if (startAt === null) return <Notice mark="unknown">{t('furnace.put_away', { furnace })}</Notice>;
  const start = dateTime(Date.parse(startAt));
  const isLater = Date.parse(startAt) - Date.parse(wanted.start_at) >= SNAP_MS;
  if (!isLater) return <Notice mark="good">{t('furnace.put', { furnace, start })}</Notice>;
  return <Notice mark="near">{t('furnace.put_later', { furnace, start, wanted: dateTime(Date.parse(wanted.start_at)) })}</Notice>;
}
