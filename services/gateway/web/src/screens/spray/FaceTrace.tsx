import { lazy, Suspense, useState } from 'react';
import { useFaceTrace, type FaceTrace, type Side, type SprayJobRecord } from '../../api/spray';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { SelectField } from '../../parts/SelectField';
import { Notice } from '../../ui/Notice';
import { Skeleton } from '../../ui/Skeleton';

const TraceCurve = lazy(() => import('../../charts/TraceCurve'));

export interface Chosen {
  lotId: string;
  face: Side;
}

/** The first face that is not as it must be, else the first that was sprayed. */
export function firstOf(job: SprayJobRecord): Chosen | null {
  const sprayed = job.faces.filter((face) => face.trace_state !== null);
  const first = sprayed.find((face) => face.deviation !== null) ?? sprayed[0];
  return first === undefined ? null : { lotId: first.lot_id, face: first.face };
}

/** The trace of one face: a signal at a time, with its band and what is wrong with it. */
export function Trace({ jobId, lotId, face }: { jobId: string } & Chosen) {
  return (
    <DataView query={useFaceTrace(jobId, lotId, face)}>
      {(trace, readAt) => (trace.time_s.length === 0 ? <Nothing trace={trace} readAt={readAt} /> : <Signals trace={trace} face={face} />)}
    </DataView>
  );
}

function Nothing({ trace, readAt }: { trace: FaceTrace; readAt: number }) {
  if (trace.reason === null) return <None readAt={readAt} />;
  return <Notice mark="unknown"><Said of={trace.reason} /></Notice>;
}

function Signals({ trace, face }: { trace: FaceTrace; face: Side }) {
  const { t } = useI18n();
  const names = Object.keys(trace.signals);
  const [wanted, setWanted] = useState(names[0] ?? '');
  const signal = names.includes(wanted) ? wanted : (names[0] ?? '');
  const label = useSignalLabel();
  return (
    <>
      {trace.reason !== null && <Notice mark={trace.state === 'outside' ? 'bad' : 'unknown'}><Said of={trace.reason} /></Notice>}
      <div className="form-row">
        <SelectField
          label={t('spray.signal')}
          options={names.map((name) => ({ value: name, label: label(name) }))}
          value={signal}
          onChange={setWanted}
        />
      </div>
      <Suspense fallback={<Skeleton label={t('data.loading')} />}>
        <TraceCurve trace={trace} signal={signal} label={label(signal)} face={face} />
      </Suspense>
    </>
  );
}

const SIGNAL_UNITS: readonly (readonly [string, string])[] = [
  ['_ml_per_min', 'mL/min'],
  ['_kpa', 'kPa'],
  ['_mm', 'mm'],
  ['_ma', 'mA'],
  ['_v', 'V'],
];

/** `needle_voltage_v` becomes `Needle voltage / V` in the reader's language. */
function useSignalLabel(): (signal: string) => string {
  const { word } = useI18n();
  return (signal) => {
    const unit = SIGNAL_UNITS.find(([suffix]) => signal.endsWith(suffix))?.[1];
    return unit === undefined ? word('signal', signal) : `${word('signal', signal)} / ${unit}`;
  };
}
