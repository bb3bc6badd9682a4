import { Link } from 'react-router';
import type { Station } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { Measure } from '../../parts/Measure';
import { Said } from '../../parts/Said';
import { Mark } from '../../ui/Mark';
import { ProgressBar } from '../../ui/ProgressBar';
import './StationTile.css';

const MAIN_VALUES = 4;

interface StationTileProps {
  station: Station;
  /** True while an alarm of this station is not acknowledged: only then is "down" red. */
  unanswered: boolean;
  /** On the screen of the station, which is called as it is and has room for each value. */
  own?: boolean;
}

/** One station: state in words first, then what it does, then its main values. */
export function StationTile({ station, unanswered, own = false }: StationTileProps) {
  const { t, word, percent } = useI18n();
  const values = own ? station.values : station.values.slice(0, MAIN_VALUES);
  const known = station.data_quality !== 'unknown';
  const state = known ? station.state : 'unknown';
  const classes = ['station', `station-${state}`];
  if (state === 'unscheduled_down' && unanswered) classes.push('station-unanswered');
  if (station.data_quality !== 'good') classes.push('is-stale');
  return (
    <article className={classes.join(' ')} aria-label={station.name}>
      <header className="station-header">
        <h3 title={station.equipment_id}>
          {own ? station.equipment_id : <Link to={`/stations/${encodeURIComponent(station.equipment_id)}`}>{station.name}</Link>}
        </h3>
        <span className="station-state">
          <StateSign state={state} unanswered={unanswered} />
          {word('equipment_state', state)}
        </span>
      </header>
      {station.data_quality === 'stale' && <DataAge updatedAt={station.updated_at} />}
      {station.reason !== null && <p className="station-reason"><Said of={station.reason} /></p>}
      {station.takes_jobs && <Job station={station} />}
      {station.progress_ratio !== null && (
        <ProgressBar
          ratio={station.progress_ratio}
          label={t('overview.progress')}
          text={percent(station.progress_ratio)}
        />
      )}
      <dl className="station-values">
        {values.map((value) => (
          <div key={value.signal}>
            <dt>{word('signal', value.signal)}</dt>
            <dd>
              <Measure value={known ? value.value : null} unit={value.unit} quality={value.quality} live />
            </dd>
          </div>
        ))}
      </dl>
    </article>
  );
}

function Job({ station }: { station: Station }) {
  const { t, word } = useI18n();
  return (
    <p className="station-job">
      {station.job_order_id === null ? (
        <span>{t('overview.no_job')}</span>
      ) : (
        <>
          {station.operation !== null && <strong>{word('operation', station.operation)}</strong>}
          <span>{[station.job_order_id, station.lot_id].filter((id) => id !== null).join(' · ')}</span>
        </>
      )}
    </p>
  );
}

function StateSign({ state, unanswered }: { state: string; unanswered: boolean }) {
  if (state === 'unknown') return <Mark kind="unknown" />;
  if (state === 'unscheduled_down' && unanswered) return <Mark kind="bad" />;
  return <span className={`state-sign state-sign-${state}`} aria-hidden="true" />;
}

function DataAge({ updatedAt }: { updatedAt: string | null }) {
  const { t, duration } = useI18n();
  const now = usePlantInstant();
  const age = updatedAt === null || now === null ? null : (now.plantMs - Date.parse(updatedAt)) / 1_000;
  return (
    <p className="station-age">
      <Mark kind="stale" />
      {age === null ? t('data.missing') : t('overview.stale_for', { age: duration(age) })}
    </p>
  );
}
