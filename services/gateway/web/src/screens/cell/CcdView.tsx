import { lazy, Suspense } from 'react';
import type { Ccd, Formation } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { Measure } from '../../parts/Measure';
import { NotRead } from '../../parts/Missing';
import { Said } from '../../parts/Said';
import { Badge } from '../../ui/Badge';
import { Facts } from '../../ui/Facts';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';

const StaircaseCurve = lazy(() => import('../../charts/StaircaseCurve'));

interface CcdViewProps {
  ccd: Ccd;
  /** The test whose rows show the staircase; null when it could not be read. */
  formation: Formation | null;
}

/** What a symmetric cell survived and how it failed, as an interval, with the staircase it is read from. */
export function CcdView({ ccd, formation }: CcdViewProps) {
  const { t } = useI18n();
  return (
    <Panel title={t('cell.ccd')} id="ccd">
      <Interval ccd={ccd} />
      <Staircase ccd={ccd} formation={formation} />
    </Panel>
  );
}

function Interval({ ccd }: { ccd: Ccd }) {
  const { t, word } = useI18n();
  const density = (value: number) => <Measure value={value} unit="ma_per_cm2" />;
  return (
    <Facts
      facts={[
        {
          name: t('ccd.survived'),
          value: ccd.survived_ma_per_cm2 === null ? <Badge mark="unknown">{t('ccd.none_survived')}</Badge> : density(ccd.survived_ma_per_cm2),
        },
        { name: t('ccd.failed'), value: <Failed ccd={ccd} /> },
        { name: t('ccd.mode'), value: ccd.mode === null ? NO_DATA : word('ccd_mode', ccd.mode) },
        {
          name: t('ccd.charge'),
          value: ccd.charge_mah_per_cm2 === null ? NO_DATA : <Measure value={ccd.charge_mah_per_cm2} unit="mah_per_cm2" />,
        },
        { name: t('field.reason'), value: <Said of={ccd.reason} otherwise={NO_DATA} /> },
      ]}
    />
  );
}

/** Only a test that is known to have ended first says that the cell did not fail. */
function Failed({ ccd }: { ccd: Ccd }) {
  const { t } = useI18n();
  if (ccd.failed_ma_per_cm2 !== null) return <Measure value={ccd.failed_ma_per_cm2} unit="ma_per_cm2" />;
  return ccd.mode === 'right_censored' ? t('ccd.not_failed') : <Badge mark="unknown">{t('data.missing')}</Badge>;
}

function Staircase({ ccd, formation }: CcdViewProps) {
  const { t } = useI18n();
  const curve = formation?.curve ?? null;
  if (formation === null || curve === null || curve.time_s.length === 0) return <NotRead />;
  if (formation.area_cm2 === null) return <p>{t('ccd.no_area')}</p>;
  return (
    <Suspense fallback={<Skeleton label={t('data.loading')} rows={5} />}>
      <StaircaseCurve curve={curve} areaCm2={formation.area_cm2} ccd={ccd} />
    </Suspense>
  );
}
