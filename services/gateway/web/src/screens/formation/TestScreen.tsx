import { lazy, Suspense } from 'react';
import { Link, useParams } from 'react-router';
import { channelPath, runKey, useTestCurve, useTestRun, type Feature, type StopLatency, type TestPart, type TestRun } from '../../api/formation';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { CurveNote } from '../../parts/CurveNote';
import { CycleFormulas } from '../../parts/CycleFormulas';
import { CycleTable } from '../../parts/CycleTable';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { JobControl, askableOfLost } from '../../parts/JobControl';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';
import { GradePanel } from './GradePanel';
import { RunState } from './RunState';

const FormationCurve = lazy(() => import('../../charts/FormationCurve'));

/** One test: its curve, live while it runs, the figures of its cycles, and the grade it led to. */
export default function TestScreen() {
  const { t } = useI18n();
  const { jobOrderId = '' } = useParams();
  const run = useTestRun(jobOrderId);
  return (
    <div className="screen">
      <BackToSearch to="/racks" title={t('rack.test_title', { id: jobOrderId })} label={t('rack.back')} />
      <DataView query={run}>
        {(found, readAt) => (
          <>
            <RunFacts run={found} />
            <TestControl run={found} seenAs={jobOrderId} />
            {found.parts.length > 0 ? <PartsPanel parts={found.parts} /> : <CurvePanel jobOrderId={jobOrderId} />}
            <Panel title={t('formation.cycles')}>
              {found.cycles.length === 0 ? <None readAt={readAt} /> : <CycleTable cycles={found.cycles} />}
              <CycleFormulas />
            </Panel>
            <Panel title={t('rack.features')}>
              {found.features.length === 0 ? <None readAt={readAt} /> : <FeatureTable features={found.features} />}
            </Panel>
            <GradePanel run={found} readAt={readAt} />
          </>
        )}
      </DataView>
    </div>
  );
}

function RunFacts({ run }: { run: TestRun }) {
  const { t, number } = useI18n();
  return (
    <>
      {run.stop_reason !== null && <Notice mark="bad">{t('rack.stopped', { reason: run.stop_reason })}</Notice>}
      <Facts
        facts={[
          { name: t('field.cell_id'), value: <Link to={`/cells/${encodeURIComponent(run.lot_id)}`}>{run.lot_id}</Link> },
          { name: t('rack.protocol'), value: `${run.protocol_id} v${run.protocol_version}` },
          { name: t('rack.channel'), value: <ChannelOf run={run} /> },
          { name: t('field.state'), value: <RunState run={run} /> },
          { name: t('field.started'), value: <Instant at={run.started_at} withYear /> },
          { name: t('field.ended'), value: <Instant at={run.ended_at} withYear /> },
          { name: t('rack.rows'), value: number(run.row_count) },
          ...(run.stop_latency === null ? [] : [{ name: t('rack.latency'), value: <LatencyOf latency={run.stop_latency} /> }]),
        ]}
      />
    </>
  );
}

/** A running test can be stopped, one that was interrupted be started again or given up; at an analyser its station's page has that. */
function TestControl({ run: { job }, seenAs }: { run: TestRun; seenAs: string }) {
  const { t } = useI18n();
  const runs = job.state === 'running';
  if (job.station_kind !== 'tester' || !(runs || job.state === 'interrupted')) return null;
  return (
    <Panel title={t('rack.control')}>
      {job.reason !== null && <Said of={job.reason} />}
      <JobControl service="formation" job={job} able={runs ? ['stop'] : askableOfLost(job)} seenIn={runKey(seenAs)} />
    </Panel>
  );
}

/** From the first row of the fault to our look that saw it, and to the tester's stop. */
function LatencyOf({ latency }: { latency: StopLatency }) {
  const { t, number } = useI18n();
  const stopped = t('rack.latency_stopped', { s: number(latency.stopped_after_s), rows: number(latency.rows_to_stop) });
  if (latency.seen_after_s === null || latency.rows_to_seen === null) return <span>{stopped}</span>;
  const seen = t('rack.latency_seen', { s: number(latency.seen_after_s), rows: number(latency.rows_to_seen) });
  return <span>{`${seen}; ${stopped}`}</span>;
}

function ChannelOf({ run }: { run: TestRun }) {
  if (run.equipment_id === undefined || run.equipment_id === null) return <span>{run.channel}</span>;
  return <Link to={channelPath(run.equipment_id, run.channel)}>{run.channel}</Link>;
}

/** The parts of a test over two instruments; a tester's part has a curve of its own. */
function PartsPanel({ parts }: { parts: readonly TestPart[] }) {
  const { t } = useI18n();
  const columns: Column<TestPart>[] = [
    { id: 'part', header: t('rack.part'), cell: (part) => part.number },
    { id: 'instrument', header: t('rack.instrument'), cell: (part) => part.equipment_id.split('/').at(-1) ?? '' },
    { id: 'channel', header: t('rack.channel'), cell: (part) => part.channel ?? NO_DATA },
    { id: 'started', header: t('field.started'), cell: (part) => <Instant at={part.started_at} withYear /> },
    { id: 'ended', header: t('field.ended'), cell: (part) => <Instant at={part.ended_at} withYear /> },
  ];
  return (
    <Panel title={t('rack.parts')}>
      <DataTable
        label={t('rack.parts')}
        columns={columns}
        rows={parts}
        rowKey={(part) => String(part.number)}
        rowLink={({ series_id: id }) => (id === null ? undefined : `/racks/tests/${encodeURIComponent(id)}`)}
      />
    </Panel>
  );
}

/** Asked of the historian by itself: without it the figures stand all the same. */
function CurvePanel({ jobOrderId }: { jobOrderId: string }) {
  const { t } = useI18n();
  const curve = useTestCurve(jobOrderId);
  return (
    <Panel title={t('formation.curve')} note={curve.data === undefined ? undefined : <CurveNote curve={curve.data} />}>
      <DataView query={curve}>
        {(found, readAt) =>
          found.time_s.length === 0 ? (
            <None readAt={readAt} />
          ) : (
            <Suspense fallback={<Skeleton label={t('data.loading')} rows={5} />}>
              <FormationCurve curve={found} />
            </Suspense>
          )
        }
      </DataView>
    </Panel>
  );
}

function FeatureTable({ features }: { features: readonly Feature[] }) {
  const { t, word, number } = useI18n();
  const columns: Column<Feature>[] = [
    { id: 'name', header: t('rack.feature'), cell: ({ name }) => word('feature', name) },
    { id: 'value', header: t('rack.value'), align: 'right', cell: ({ value }) => (value === null ? NO_DATA : number(value)) },
    { id: 'reason', header: t('field.reason'), cell: ({ reason }) => <Said of={reason} /> },
  ];
  return <DataTable dense label={t('rack.features')} columns={columns} rows={features} rowKey={({ name }) => name} />;
}
