import { useRacks, useTestRuns, type Place, type Rack } from '../../api/formation';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Choice, type Option } from '../../ui/Choice';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { useFilter } from '../search/useFilter';
import { ChannelMap } from './ChannelMap';
import { ChannelTable } from './ChannelTable';
import { FormationTabs } from './FormationTabs';
import { RunTable } from './RunTable';
import { WaitingTable } from './WaitingTable';

type Shown = 'used' | 'blocked' | 'free' | 'all';
const SHOWN: readonly Shown[] = ['used', 'blocked', 'free', 'all'];

/** Every channel of every tester: what runs there, how far it is, and what keeps it from running. */
export default function RacksScreen() {
  const { t } = useI18n();
  const racks = useRacks();
  const runs = useTestRuns();
  return (
    <div className="screen">
      <FormationTabs />
      <DataView query={racks}>
        {({ items, waiting }, readAt) => (
          <>
            {items.length === 0 && <None readAt={readAt} />}
            {items.map((rack) => (
              <RackPanel key={rack.equipment_id} rack={rack} readAt={readAt} />
            ))}
            <Panel title={t('rack.waiting')}>
              {waiting.length === 0 ? <None readAt={readAt} /> : <WaitingTable waiting={waiting} />}
            </Panel>
          </>
        )}
      </DataView>
      <Panel title={t('rack.tests')}>
        <DataView query={runs}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <RunTable runs={items} />)}
        </DataView>
      </Panel>
    </div>
  );
}

function RackPanel({ rack, readAt }: { rack: Rack; readAt: number }) {
  const { t } = useI18n();
  const [filter, setFilter] = useFilter('channels');
  const shown = SHOWN.find((known) => known === filter) ?? 'used';
  const places = rack.channels.filter((place) => isShown(place, shown));
  const options: Option<Shown>[] = SHOWN.map((value) => ({
    value,
    label: `${t(`rack.show_${value}`)} (${rack.channels.filter((place) => isShown(place, value)).length})`,
  }));
  const working = rack.channels.filter((place) => place.state === 'working').length;
  return (
    <Panel
      title={`${rack.equipment_id.split('/').at(-1) ?? ''} (${rack.protocol})`}
      note={t('rack.at_work', { working, all: rack.channels.length })}
    >
      {!rack.answers && <Notice mark="unknown">{t('rack.silent')}</Notice>}
      <ChannelMap places={rack.channels} />
      <Choice label={t('rack.show')} options={options} value={shown} onChange={setFilter} />
      {places.length === 0 ? <None readAt={readAt} /> : <ChannelTable equipmentId={rack.equipment_id} places={places} />}
    </Panel>
  );
}

function isShown({ state }: Place, shown: Shown): boolean {
  const blocked = state === 'held' || state === 'out_of_service' || state === 'unknown';
  switch (shown) {
    case 'all':
      return true;
    case 'free':
      return state === 'free';
    case 'blocked':
      return blocked;
    case 'used':
      return state !== 'free' && state !== 'out_of_service';
  }
}
