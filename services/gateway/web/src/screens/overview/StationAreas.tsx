import type { Alarm, Station } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { None } from '../../parts/None';
import './StationAreas.css';
import { StationTile } from './StationTile';

interface StationAreasProps {
  stations: readonly Station[];
  alarms: readonly Alarm[];
  readAt: number;
}

/** The stations under their area, areas in the order in which the plant lists them. */
export function StationAreas({ stations, alarms, readAt }: StationAreasProps) {
  const { word } = useI18n();
  if (stations.length === 0) return <None readAt={readAt} />;
  const unanswered = new Set(alarms.filter((alarm) => !alarm.acknowledged).map((alarm) => alarm.source));
  const areas = Map.groupBy(stations, (station) => station.area);
  return (
    <div className="areas">
      {[...areas].map(([area, members]) => (
        <section key={area} className="area" style={{ '--area-tiles': members.length }} aria-label={word('area', area)}>
          <h2 className="area-name">{word('area', area)}</h2>
          <div className="area-stations">
            {members.map((station) => (
              <StationTile
                key={station.equipment_id}
                station={station}
                unanswered={unanswered.has(station.equipment_id)}
              />
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
