import { Link } from 'react-router';
import type { Place } from '../../api/formation';
import { useI18n } from '../../i18n/I18nProvider';
import { Mark } from '../../ui/Mark';
import './ChannelMap.css';
import { PLACE_MARKS } from './placeMarks';

/** The channels as they hang in the rack, a unit in a row: full where a test runs, a symbol where a person is needed. */
export function ChannelMap({ places }: { places: readonly Place[] }) {
  const { t } = useI18n();
  const units = Map.groupBy(places, ({ channel }) => channel.slice(0, channel.lastIndexOf('-')));
  return (
    <div className="channel-map" role="group" aria-label={t('rack.map')}>
      {[...units].map(([unit, channels]) => (
        <div key={unit} className="channel-unit">
          <span className="channel-unit-name">{unit}</span>
          {channels.map((place) => (
            <Tile key={place.channel} place={place} />
          ))}
        </div>
      ))}
    </div>
  );
}

function Tile({ place }: { place: Place }) {
  const { say, t } = useI18n();
  const label = [place.channel, t(`place.${place.state}`), place.lot_id, place.reason === null ? null : say(place.reason)].filter(Boolean).join(', ');
  const kind = PLACE_MARKS[place.state];
  const content = kind === null ? place.channel.split('-').at(-1) : <Mark kind={kind} />;
  const look = `channel-tile channel-${place.state}`;
  if (place.job_order_id === null) {
    return (
      <span className={look} title={label} aria-label={label}>
        {content}
      </span>
    );
  }
  return (
    <Link className={look} title={label} aria-label={label} to={`/racks/tests/${encodeURIComponent(place.job_order_id)}`}>
      {content}
    </Link>
  );
}
