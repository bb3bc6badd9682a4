import { lazy, Suspense, useMemo } from 'react';
import { Link } from 'react-router';
import { useLastDay, type SeriesPage } from '../../api/series';
import { useSodium } from '../../api/stacks';
import type { SignalValue, Station } from '../../api/types';
import { unitLabel } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { OpenExposures } from '../../parts/OpenExposures';
import { SodiumTable } from '../../parts/SodiumTable';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';

const AirCurve = lazy(() => import('../../charts/AirCurve'));

/** What a room has: its air over the last day, the lots that lie open in it, and the sodium that is kept there. */
export function RoomPanels({ station }: { station: Station }) {
  const { t } = useI18n();
  return (
    <>
      <Panel title={t('station.air')}>
        <Air equipmentId={station.equipment_id} values={station.values} />
      </Panel>
      <Panel title={t('stack.open')}>
        <OpenExposures roomId={station.equipment_id} />
      </Panel>
      <Panel title={t('station.sodium')}>
        <Sodium name={station.name} />
      </Panel>
    </>
  );
}

function Air({ equipmentId, values }: { equipmentId: string; values: readonly SignalValue[] }) {
  const query = useLastDay(equipmentId, values.map(({ signal }) => signal).sort());
  return (
    <DataView query={query}>
      {(pages, readAt) => (pages.every(({ points }) => points.length === 0) ? <None readAt={readAt} /> : <AirCurves pages={pages} />)}
    </DataView>
  );
}

/** One chart for each kind of sensor, so that sensors which should say the same are seen together. */
function AirCurves({ pages }: { pages: readonly SeriesPage[] }) {
  const { t, word } = useI18n();
  // The tile above is drawn anew with each push; the curves only when they were read again.
  const charts = useMemo(() => [...Map.groupBy(pages, ({ signal }) => kindOf(signal))], [pages]);
  const endMs = Math.max(...pages.flatMap(({ points }) => points.slice(-1).map(({ at }) => Date.parse(at))));
  return (
    <Suspense fallback={<Skeleton label={t('data.loading')} rows={5} />}>
      {charts.map(([kind, sensors]) => (
        <AirCurve key={kind} label={`${word('signal', kind)} (${unitLabel(sensors[0]?.unit ?? '')})`} sensors={sensors} endMs={endMs} />
      ))}
    </Suspense>
  );
}

/** `dew_point_2_degc` is a `dew_point_degc`. */
const kindOf = (signal: string) => signal.replace(/_\d+_/, '_');

/** Sodium in the storage places that carry the name of the room, or stand in one that does. */
function Sodium({ name }: { name: string }) {
  const { t } = useI18n();
  return (
    <DataView query={useSodium()}>
      {({ places }) => {
        const here = places.filter(({ place_id, room_id }) => place_id === name || room_id === name);
        if (here.length > 0) return <SodiumTable places={here} />;
        return (
          <p>
            {t('station.no_place', { name })} <Link to="/stack">{t('nav.stack')}</Link>
          </p>
        );
      }}
    </DataView>
  );
}
