import { useState } from 'react';
import { useParams } from 'react-router';
import { useSprayJob, type SprayFace, type SprayJobRecord } from '../../api/spray';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { firstOf, Trace, type Chosen } from './FaceTrace';
import { nameOf } from './SprayScreen';

/** One spray job: its recipe and glue, both faces of each pellet, and the trace of the chosen face. */
export default function SprayJobScreen() {
  const { t } = useI18n();
  const { jobId = '' } = useParams();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  return (
    <div className="screen">
      <BackToSearch to="/spray" title={t('spray.job_title', { id: jobId })} label={t('spray.back')} />
      <DataView query={useSprayJob(jobId)}>
        {(job, readAt) => {
          const shown = chosen ?? firstOf(job);
          return (
            <>
              <JobFacts job={job} />
              {job.reason !== null && <Notice mark="held"><Said of={job.reason} /></Notice>}
              {shown === null ? (
                <None readAt={readAt} />
              ) : (
                <Panel title={t('spray.trace_of', { lot: shown.lotId, face: shown.face })}>
                  <Trace jobId={jobId} lotId={shown.lotId} face={shown.face} />
                </Panel>
              )}
              <Panel title={t('spray.faces')}>
                <FaceTable faces={job.faces} onChoose={setChosen} />
              </Panel>
            </>
          );
        }}
      </DataView>
    </div>
  );
}

function JobFacts({ job }: { job: SprayJobRecord }) {
  const { t, word } = useI18n();
  return (
    <Facts
      facts={[
        { name: t('spray.station'), value: nameOf(job.equipment_id) },
        { name: t('spray.recipe'), value: `${job.recipe_id} v${job.recipe_version}` },
        { name: t('field.state'), value: word('job_state', job.state) },
        { name: t('spray.nozzle'), value: job.nozzle_id ?? NO_DATA },
        { name: t('spray.glue_lot'), value: job.glue_lot_ids.join(', ') },
        { name: t('spray.began'), value: <Instant at={job.started_at} withYear /> },
        { name: t('spray.ended'), value: <Instant at={job.ended_at} withYear /> },
        { name: t('spray.arcs'), value: job.arc_count ?? NO_DATA },
      ]}
    />
  );
}

function FaceTable({ faces, onChoose }: { faces: readonly SprayFace[]; onChoose(chosen: Chosen): void }) {
  const { t, number } = useI18n();
  const shown = (value: number | null) => (value === null ? NO_DATA : number(value));
  const columns: Column<SprayFace>[] = [
    { id: 'lot', header: t('spray.pellet'), cell: (face) => face.lot_id },
    { id: 'face', header: t('spray.face'), cell: (face) => face.face },
    { id: 'state', header: t('spray.trace'), cell: (face) => <FaceState face={face} /> },
    { id: 'arcs', header: t('spray.arcs'), align: 'right', cell: (face) => face.trace_arc_count ?? NO_DATA },
    { id: 'angle', header: t('spray.angle'), align: 'right', cell: (face) => shown(face.contact_angle_deg) },
    { id: 'film', header: t('spray.film'), align: 'right', cell: (face) => shown(face.film_um) },
    { id: 'why', header: t('spray.why'), cell: (face) => <Said of={face.deviation} otherwise={NO_DATA} /> },
    {
      id: 'show',
      header: t('spray.act'),
      cell: (face) =>
        face.trace_state !== null && (
          <Button onPress={() => onChoose({ lotId: face.lot_id, face: face.face })}>{t('spray.show_trace')}</Button>
        ),
    },
  ];
  return <DataTable label={t('spray.faces')} columns={columns} rows={faces} rowKey={(face) => `${face.lot_id} ${face.face}`} />;
}

function FaceState({ face }: { face: SprayFace }) {
  const { t } = useI18n();
  if (face.trace_state === null) return <span>{t(face.film_um === null ? 'spray.not_yet' : 'spray.no_trace')}</span>;
  if (face.trace_state === 'unknown') return <Badge mark="unknown">{t('spray.unknown')}</Badge>;
  return <Badge mark={face.trace_state === 'within' ? 'good' : 'bad'}>{t(`spray.${face.trace_state}`)}</Badge>;
}
