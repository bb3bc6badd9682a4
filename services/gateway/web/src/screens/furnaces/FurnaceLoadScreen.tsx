import { lazy, Suspense } from 'react';
import { useParams } from 'react-router';
import { useFurnaceLoad, useRunningProfile, type FurnaceLoadRecord, type PartHeat } from '../../api/furnaces';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { ErrorNote } from '../../parts/ErrorNote';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Unread } from '../../parts/Unread';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';
import './FurnacesScreen.css';
import { Energy, Heat } from './LoadTable';
import { PlaceEntry } from './PlaceEntry';
import { DeviatingPlaces, TrayMap } from './TrayMap';

const ProfileCurve = lazy(() => import('../../charts/ProfileCurve'));
const GasCurve = lazy(() => import('../../charts/GasCurve'));

/** One load: its profile against the band, live while it runs, and what each place got of the heat. */
export default function FurnaceLoadScreen() {
  const { t } = useI18n();
  const { loadId = '' } = useParams();
  const query = useFurnaceLoad(loadId);
  return (
    <div className="screen">
      <BackToSearch to="/furnaces" title={t('furnace.load_title', { id: loadId })} label={t('furnace.back')} />
      <DataView query={query}>
        {(load, readAt) => (
          <>
            <LoadFacts load={load} />
            <Panel title={t('furnace.profile')}>
              <LoadProfile load={load} readAt={readAt} />
            </Panel>
            {load.deviations !== null && load.deviations.length > 0 && (
              <Panel title={t('furnace.where')}>
                <ul>
                  {load.deviations.map((deviation) => (
                    <li key={deviation}>{deviation}</li>
                  ))}
                </ul>
                <DeviatingPlaces parts={load.parts} />
              </Panel>
            )}
            <Panel title={t('furnace.places')}>
              <TrayMap parts={load.parts} />
              <PlaceEntry load={load} />
              <PlaceTable parts={load.parts} />
            </Panel>
          </>
        )}
      </DataView>
    </div>
  );
}

function LoadFacts({ load }: { load: FurnaceLoadRecord }) {
  const { t, word, percent } = useI18n();
  return (
    <Facts
      facts={[
        { name: t('furnace.furnace'), value: load.equipment_id },
        { name: t('furnace.recipe'), value: `${load.recipe_id} v${load.recipe_version}` },
        { name: t('field.state'), value: word('job_state', load.state) },
        { name: t('furnace.fill'), value: percent(load.fill_ratio) },
        { name: t('furnace.planned'), value: <Instant at={load.planned_start_at} withYear /> },
        { name: t('furnace.ran'), value: <Instant at={load.started_at} withYear /> },
        { name: t('furnace.energy_of'), value: <Energy load={load} /> },
        { name: t('furnace.heat'), value: <Heat load={load} /> },
      ]}
    />
  );
}

function LoadProfile({ load, readAt }: { load: FurnaceLoadRecord; readAt: number }) {
  const { t } = useI18n();
  const running = useRunningProfile(load);
  const band = load.judged['soak_band_degc'];
  const profile = load.profile ?? running.data;
  if (profile === undefined && running.error !== null) return <ErrorNote error={running.error} onRetry={() => void running.refetch()} />;
  if (running.isLoading) return <Skeleton label={t('data.loading')} />;
  if (profile === undefined || profile.time_s.length === 0) {
    return (
      <>
        <Unread what={t('furnace.profile')} query={running} />
        <None readAt={readAt} />
      </>
    );
  }
  return (
    <Suspense fallback={<Skeleton label={t('data.loading')} />}>
      <Unread what={t('furnace.profile')} query={running} />
      <ProfileCurve profile={profile} bandDegc={typeof band === 'number' ? band : null} />
      {profile.oxygen_ppm !== undefined && <GasCurve profile={profile} judged={load.judged} />}
    </Suspense>
  );
}

function PlaceTable({ parts }: { parts: readonly PartHeat[] }) {
  const { t, duration, number } = useI18n();
  const columns: Column<PartHeat>[] = [
    { id: 'lot', header: t('furnace.lot'), cell: (part) => part.lot_id },
    { id: 'tray', header: t('furnace.tray'), align: 'right', cell: (part) => part.tray },
    { id: 'position', header: t('furnace.position'), align: 'right', cell: (part) => part.position },
    { id: 'mark', header: t('furnace.mark'), cell: (part) => part.mark ?? NO_DATA },
    { id: 'seen', header: t('furnace.seen_by'), cell: (part) => part.placed_by ?? NO_DATA },
    { id: 'heat', header: t('furnace.heat'), cell: (part) => <PlaceState part={part} /> },
    {
      id: 'soak',
      header: t('furnace.soak'),
      align: 'right',
      cell: (part) => (part.soak_in_band_s === null ? NO_DATA : duration(part.soak_in_band_s)),
    },
    {
      id: 'dose',
      header: t('furnace.dose'),
      align: 'right',
      cell: (part) => (part.dose_h === null ? NO_DATA : t('furnace.dose_h', { hours: number(part.dose_h) })),
    },
  ];
  return (
    <DataTable
      label={t('furnace.places')}
      columns={columns}
      rows={parts}
      rowKey={(part) => part.lot_id}
      rowLink={(part) => `/lots/${encodeURIComponent(part.lot_id)}`}
    />
  );
}

function PlaceState({ part }: { part: PartHeat }) {
  const { t } = useI18n();
  if (part.unknown_reason !== null) return <Badge mark="unknown">{t('furnace.unknown', { reason: part.unknown_reason })}</Badge>;
  if (part.deviations === null) return <span>{t('furnace.not_judged')}</span>;
  if (part.deviations.length > 0) return <Badge mark="bad">{part.deviations.join('; ')}</Badge>;
  return <Badge mark="good">{t('furnace.clean')}</Badge>;
}
