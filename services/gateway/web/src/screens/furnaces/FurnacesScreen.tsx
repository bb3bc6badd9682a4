import { useFurnaceLoads, useFurnacePlan, useFurnaces, type Furnace } from '../../api/furnaces';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { plantTimeAt } from '../../live/plant-clock';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { FurnaceHoursPanel } from './FurnaceHoursPanel';
import './FurnacesScreen.css';
import { LoadTable } from './LoadTable';
import { nameOf } from './names';
import { PlannedLoads } from './PlannedLoads';
import { PlanPanel } from './PlanPanel';

const MINUTE_MS = 60_000;

/** What the furnaces run, what they will run, and how late it is. */
export default function FurnacesScreen() {
  const { t } = useI18n();
  const furnaces = useFurnaces();
  const plan = useFurnacePlan();
  const loads = useFurnaceLoads();
  const instant = usePlantInstant();
  // To the minute of plant time, so that the chart is not drawn anew with each heartbeat.
  const nowMs = Math.floor(plantTimeAt(instant, Date.now()) / MINUTE_MS) * MINUTE_MS;
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.furnaces')} />
      <DataView query={furnaces}>
        {({ items }) => (
          <>
            <NotAnswering furnaces={items} />
            <DataView query={plan}>
              {(found) => <PlanPanel plan={found} furnaces={items} loads={loads.data?.items ?? []} nowMs={nowMs} />}
            </DataView>
            <PlannedLoads furnaces={items.map((furnace) => furnace.equipment_id)} />
          </>
        )}
      </DataView>
      <FurnaceHoursPanel />
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
  const silent = furnaces.filter((furnace) => !furnace.connected).map((furnace) => nameOf(furnace.equipment_id));
  if (silent.length === 0) return null;
  return <Notice mark="unknown">{t('furnace.not_connected', { furnaces: silent.join(', ') })}</Notice>;
}
