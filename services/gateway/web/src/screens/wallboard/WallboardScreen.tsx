import { Link } from 'react-router';
import { useOverview } from '../../api/queries';
import type { Overview } from '../../api/types';
import { LivePill } from '../../app/LivePill';
import { PlantTime } from '../../app/PlantTime';
import { useClockFollows } from '../../app/useClockFollows';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Mark } from '../../ui/Mark';
import { Notice } from '../../ui/Notice';
import './WallboardScreen.css';

const MOST_ALARMS = 6;

/** For a screen on the wall, read from ten metres: what stands, what asks, how far the work is. Without header and navigation; one link leads back. */
export default function WallboardScreen() {
  const { t } = useI18n();
  const overview = useOverview();
  useClockFollows(overview.data);
  return (
    <div className="wallboard">
      <header className="wallboard-head">
        {overview.data !== undefined && <strong>{overview.data.line}</strong>}
        <ScreenTitle title={t('nav.wallboard')} />
        <PlantTime />
        <LivePill />
        <Link to="/" className="wallboard-leave">
          {t('nav.leave_wallboard')}
        </Link>
      </header>
      <DataView query={overview} live>
        {(page) => (
          <div className="wallboard-parts">
            <Counts overview={page} />
            <AlarmLines overview={page} />
            <Requests overview={page} />
          </div>
        )}
      </DataView>
    </div>
  );
}

/** Stations by state; what nobody knows is a count of its own. */
function Counts({ overview }: { overview: Overview }) {
  const { word } = useI18n();
  const counts = new Map<string, number>();
  for (const { state, data_quality } of overview.stations) {
    const shown = data_quality === 'good' ? state : 'unknown';
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }
  return (
    <dl className="wallboard-counts">
      {[...counts].map(([state, count]) => (
        <div key={state} className={state === 'unscheduled_down' || state === 'unknown' ? 'wallboard-abnormal' : undefined}>
          <dt>{word('equipment_state', state)}</dt>
          <dd>{count}</dd>
        </div>
      ))}
    </dl>
  );
}

function AlarmLines({ overview }: { overview: Overview }) {
  const { t, word } = useI18n();
  const silent = overview.services.filter(({ ready, late }) => !ready || late).map(({ service }) => service);
  const shown = overview.alarms.slice(0, MOST_ALARMS);
  const more = overview.alarms.length + overview.alarms_left_off_count - shown.length;
  return (
    <section aria-label={t('alarms.title')}>
      {silent.length > 0 && <Notice mark="unknown">{t('alarms.silent', { services: silent.join(', ') })}</Notice>}
      {shown.length === 0 && silent.length === 0 && <p>{t('wallboard.no_alarms')}</p>}
      <ul className="wallboard-alarms">
        {shown.map((alarm) => (
          <li key={alarm.alarm_id}>
            <Mark kind={`alarm-${alarm.priority}`} blinking={!alarm.acknowledged} />
            <span>
              <strong>{word('alarm_code', alarm.code)}</strong> · {alarm.source} · <Instant at={alarm.raised_at} />
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && <p>{t('alarm.more', { count: more })}</p>}
    </section>
  );
}

function Requests({ overview }: { overview: Overview }) {
  const { t } = useI18n();
  return (
    <ul className="wallboard-requests">
      {overview.work_requests.map((request) => (
        <li key={request.work_request_id}>
          <strong>{request.work_request_id}</strong>{' '}
          {t('wallboard.graded', { graded: request.graded, quantity: request.quantity, held: request.held })}
        </li>
      ))}
    </ul>
  );
}
