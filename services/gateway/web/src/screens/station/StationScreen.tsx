import { useParams } from 'react-router';
import { useOverview } from '../../api/queries';
import type { Station } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Notice } from '../../ui/Notice';
import { StationTile } from '../overview/StationTile';
import { Interlocks } from './Interlocks';
import { JobPanels } from './JobPanels';
import { OfferPanel } from './OfferPanel';
import { RoomPanels } from './RoomPanels';
import './StationScreen.css';

/** One station: what it does now, what can be asked of it, its newest job orders and what it offers; of a room, its air. */
export default function StationScreen() {
  const { t } = useI18n();
  const { equipmentId = '' } = useParams();
  return (
    <div className="screen">
      <ScreenTitle title={equipmentId.split('/').at(-1) ?? ''} />
      <DataView query={useOverview()} live>
        {({ stations, alarms }) => {
          const station = stations.find((one) => one.equipment_id === equipmentId);
          if (station === undefined) return <Notice mark="unknown">{t('station.unknown', { id: equipmentId })}</Notice>;
          const unanswered = alarms.some((alarm) => !alarm.acknowledged && alarm.source === equipmentId);
          return (
            <div className="station-screen">
              <StationTile station={station} unanswered={unanswered} own />
              {station.takes_jobs ? <WorkPanels station={station} /> : <RoomPanels station={station} />}
            </div>
          );
        }}
      </DataView>
    </div>
  );
}

/** A tester is asked of its channels, on their own screens. */
function WorkPanels({ station }: { station: Station }) {
  const isTester = station.kind === 'tester';
  return (
    <>
      {!isTester && <JobPanels station={station} />}
      <Interlocks station={station} />
      {!isTester && <OfferPanel station={station} />}
    </>
  );
}
