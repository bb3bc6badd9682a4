import { useState } from 'react';
import { Link } from 'react-router';
import { useSprayJob, useSprayJobsOf, type SprayFace } from '../../api/spray';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { SelectField } from '../../parts/SelectField';
import { Panel } from '../../ui/Panel';
import { firstOf, Trace } from '../spray/FaceTrace';

/** The traces of all faces that were sprayed for a cell, one at a time; the worst is shown first. */
export function SprayView({ cellId }: { cellId: string }) {
  const { t } = useI18n();
  return (
    <Panel title={t('cell.spray')} id="spray">
      <DataView query={useSprayJobsOf(cellId)}>
        {({ items }, readAt) =>
          items.length === 0 ? <None readAt={readAt} /> : items.map((job) => <JobTraces key={job.station_order_id} jobId={job.station_order_id} />)
        }
      </DataView>
    </Panel>
  );
}

function JobTraces({ jobId }: { jobId: string }) {
  const { t } = useI18n();
  const [wanted, setWanted] = useState<string | null>(null);
  return (
    <>
      <DataView query={useSprayJob(jobId)}>
        {(job, readAt) => {
          const sprayed = job.faces.filter((face) => face.trace_state !== null);
          const first = firstOf(job);
          const shown = sprayed.find((face) => keyOf(face) === wanted) ?? sprayed.find((face) => face.lot_id === first?.lotId && face.face === first.face);
          return shown === undefined ? (
            <None readAt={readAt} />
          ) : (
            <>
              <div className="form-row">
                <SelectField
                  label={t('spray.face')}
                  options={sprayed.map((face) => ({ value: keyOf(face), label: `${keyOf(face)} · ${t(`spray.${face.trace_state ?? 'unknown'}`)}` }))}
                  value={keyOf(shown)}
                  onChange={setWanted}
                />
              </div>
              <Trace jobId={jobId} lotId={shown.lot_id} face={shown.face} />
            </>
          );
        }}
      </DataView>
      <p>
        <Link to={`/spray/jobs/${encodeURIComponent(jobId)}`}>{t('spray.job_title', { id: jobId })}</Link>
      </p>
    </>
  );
}

function keyOf(face: SprayFace): string {
  return `${face.lot_id} ${face.face}`;
}
