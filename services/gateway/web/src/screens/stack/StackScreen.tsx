import { useState } from 'react';
import { useStacksToBuild, type StackToBuild } from '../../api/stacks';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Measure } from '../../parts/Measure';
import { None } from '../../parts/None';
import { OpenExposures } from '../../parts/OpenExposures';
import { Said } from '../../parts/Said';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Facts } from '../../ui/Facts';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';
import { ScanForm } from './ScanForm';
import { Seals } from './Seals';
import { Slots } from './Slots';
import { SodiumPlaces } from './SodiumPlaces';
import './StackScreen.css';
import { Windows } from './Windows';

/** Where cells are stacked and sealed: the plan with its slots, what comes next, N/P, clocks and seals. */
export default function StackScreen() {
  const { t } = useI18n();
  const query = useStacksToBuild();
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.stack')} />
      <DataView query={query}>
        {({ items }, readAt) =>
          items.length > 0 ? (
            <Bench stacks={items} />
          ) : (
            <Panel title={t('stack.none')}>
              <None readAt={readAt} />
            </Panel>
          )
        }
      </DataView>
      <Panel title={t('stack.open')}>
        <OpenExposures />
      </Panel>
      <Panel title={t('stack.seals')}>
        <Seals />
      </Panel>
      <Panel title={t('sodium.title')}>
        <SodiumPlaces />
      </Panel>
    </div>
  );
}

function Bench({ stacks }: { stacks: readonly StackToBuild[] }) {
  const { t } = useI18n();
  const [wanted, setWanted] = useState('');
  const stack = stacks.find((item) => item.job_order_id === wanted) ?? stacks[0];
  if (stack === undefined) return null;
  return (
    <>
      <Select
        label={t('stack.choose')}
        value={stack.job_order_id}
        options={stacks.map((item) => ({ value: item.job_order_id, label: `${item.lot_id} · ${item.product_id}` }))}
        onChange={setWanted}
      />
      {stack.held !== null && <Notice mark="held">{t('stack.held', { reason: stack.held })}</Notice>}
      <div className="stack-columns">
        <Panel title={t('stack.plan', { plan: stack.stack_plan_id, version: stack.stack_plan_version })}>
          <Slots stack={stack} />
        </Panel>
        <div className="stack-side">
          <Panel title={t('stack.next')}>
            <ScanForm key={stack.job_order_id} stack={stack} />
          </Panel>
          <Panel title={t('stack.figures')}>
            <Figures stack={stack} />
          </Panel>
          <Panel title={t('cell.time_limits')}>
            <Windows windows={stack.windows} />
          </Panel>
        </div>
      </div>
    </>
  );
}

function Figures({ stack }: { stack: StackToBuild }) {
  const { t, number } = useI18n();
  const { figures } = stack;
  const ratio = (value: number | null) => (value === null ? NO_DATA : number(value));
  const limits =
    figures.np_low_ratio === null && figures.np_high_ratio === null
      ? t('gate.no_limits')
      : `${ratio(figures.np_low_ratio)} … ${ratio(figures.np_high_ratio)}`;
  return (
    <>
      {figures.reason !== null && <Notice mark="bad"><Said of={figures.reason} /></Notice>}
      <Facts
        facts={[
          { name: t('stack.np'), value: ratio(figures.np_ratio) },
          { name: t('stack.np_worst'), value: ratio(figures.np_min_ratio) },
          { name: t('gate.limits'), value: limits },
          { name: t('stack.foil'), value: <Measure value={figures.sodium_thickness_um} unit="um" /> },
          { name: t('stack.loading'), value: <Measure value={figures.cathode_loading_mg_per_cm2} unit="mg_per_cm2" /> },
          {
            name: t('stack.measured'),
            value: t('stack.measured_of', { measured: figures.measured_count ?? 0, needed: figures.needed_count ?? 0 }),
          },
        ]}
      />
    </>
  );
}
