import { useStationOffer, type StationOffer } from '../../api/stations';
import type { Station } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { Facts } from '../../ui/Facts';
import { Panel } from '../../ui/Panel';

/** Whether the station answers, who it says it is, which methods it has, and what it lacks. */
export function OfferPanel({ station }: { station: Station }) {
  const { t } = useI18n();
  return (
    <Panel title={t('station.offer')}>
      <DataView query={useStationOffer(station)}>
        {(offer, readAt) => (offer === null ? <None readAt={readAt} /> : <Offer offer={offer} />)}
      </DataView>
    </Panel>
  );
}

function Offer({ offer }: { offer: StationOffer }) {
  const { t } = useI18n();
  const answers = offer.connected ? <Badge mark="good">{t('station.answers')}</Badge> : <Badge mark="unknown">{t('station.silent')}</Badge>;
  const facts = [
    { name: t('field.state'), value: answers },
    { name: t('station.endpoint'), value: offer.endpoint },
    { name: t('station.methods'), value: offer.offers.join(', ') || NO_DATA },
    ...Object.entries(offer.identification).map(([name, value]) => ({ name, value })),
  ];
  const wrong = [offer.trouble, offer.unusable, ...offer.missing].filter((one) => one !== null);
  return (
    <>
      <Facts facts={facts} />
      {wrong.length > 0 && (
        <ul className="station-lacks">
          {wrong.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
    </>
  );
}
