import { lazy, Suspense, useMemo } from 'react';
import { useNavigate } from 'react-router';
import { useFurnaceLoads, useFurnaces, type Furnace, type FurnaceLoad } from '../../api/furnaces';
import { barsOf } from '../../charts/gantt';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { plantTimeAt } from '../../live/plant-clock';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';
import { FurnaceHoursPanel } from './FurnaceHoursPanel';
import { LoadTable } from './LoadTable';
import { PlannedLoads } from './PlannedLoads';
import { WhatIf } from './WhatIf';

const GanttChart = lazy(() => import('../../charts/GanttChart'));
const MINUTE_MS = 60_000;

/** What the furnaces run, what they will run, and how late it is. */
export default function FurnacesScreen() {
  const { t } = useI18n();
  const furnaces = useFurnaces();
  const loads = useFurnaceLoads();
  return (
    <div className="screen">
      <h1>{t('furnace.title')}</h1>
      <DataView query={furnaces}>
        {({ items }) => (
          <>
            <NotAnswering furnaces={items} />
            <Plan furnaces={items} loads={loads.data?.items ?? []} />
            <PlannedLoads furnaces={items.map((furnace) => furnace.equipment_id)} />
            <FurnaceHoursPanel />
            <WhatIf furnaces={items.map((furnace) => furnace.equipment_id)} />
          </>
        )}
      </DataView>
      <Panel title={t('furnace.loads')}>
        <DataView query={loads}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <LoadTable loads={items} />)}
        </DataView>
      </Panel>
    </div>
  );
}

function NotAnswering({ furnaces }: { furnaces: readonly Furnace[] }) {
  const { t } = useI18n();
  const silent = furnaces.filter((furnace) => !furnace.connected).map((furnace) => nameOf(furnace));
  if (silent.length === 0) return null;
  return <Notice mark="unknown">{t('furnace.not_connected', { furnaces: silent.join(', ') })}</Notice>;
}

function Plan({ furnaces, loads }: { furnaces: readonly Furnace[]; loads: readonly FurnaceLoad[] }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const instant = usePlantInstant();
  // To the minute of plant time, so that the chart is not drawn anew with each heartbeat.
  const nowMs = Math.floor(plantTimeAt(instant, Date.now()) / MINUTE_MS) * MINUTE_MS;
  const rows = useMemo(() => furnaces.map(nameOf), [furnaces]);
  const bars = useMemo(() => barsOf(furnaces, loads, nowMs), [furnaces, loads, nowMs]);
  return (
    <Panel title={t('furnace.plan')}>
      <Suspense fallback={<Skeleton label={t('data.loading')} />}>
        <GanttChart rows={rows} bars={bars} nowMs={nowMs} onTap={(id) => void navigate(`/furnaces/loads/${encodeURIComponent(id)}`)} />
      </Suspense>
    </Panel>
  );
}

function nameOf(furnace: Furnace): string {
  return furnace.equipment_id.slice(furnace.equipment_id.lastIndexOf('/') + 1);
}
