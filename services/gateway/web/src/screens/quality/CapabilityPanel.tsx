import type { ChartPage } from '../../api/quality';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { Said } from '../../parts/Said';
import { Facts } from '../../ui/Facts';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';

/** How well the limits of the specification are kept, with interval and normality; no figure where none can be stated. */
export function CapabilityPanel({ page }: { page: ChartPage }) {
  const { t, fixed, number } = useI18n();
  const { capability: found } = page;
  const figure = (value: number | null | undefined) => (value === null || value === undefined ? NO_DATA : fixed(value, 2));
  const interval = found.ppk_interval;
  return (
    <Panel title={t('spc.capability')}>
      {found.reason !== null && found.reason !== undefined && <Notice mark="held"><Said of={found.reason} /></Notice>}
      {found.spread !== undefined && (
        <Facts
          facts={[
            { name: 'Cp', value: figure(found.cp) },
            { name: 'Cpk', value: figure(found.cpk) },
            { name: 'Pp', value: figure(found.pp) },
            {
              name: 'Ppk (95 %)',
              value: interval ? `${figure(found.ppk)} (${figure(interval[0])} – ${figure(interval[1])})` : figure(found.ppk),
            },
            { name: t('spc.values'), value: found.spread.count },
            { name: t('spc.mean'), value: number(found.spread.mean) },
            { name: t('spc.normality'), value: number(found.spread.normality_p) },
          ]}
        />
      )}
    </Panel>
  );
}
