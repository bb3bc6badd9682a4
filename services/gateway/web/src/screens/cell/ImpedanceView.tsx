import { lazy, Suspense, useMemo } from 'react';
import type { Spectrum } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { NotRead } from '../../parts/Missing';
import { None } from '../../parts/None';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';

const NyquistChart = lazy(() => import('../../charts/NyquistChart'));

interface ImpedanceViewProps {
  /** Null before the cell was measured, and when it is missing. */
  spectrum: Spectrum | null;
  missing: boolean;
  readAt: number;
}

export function ImpedanceView({ spectrum, missing, readAt }: ImpedanceViewProps) {
  const { t } = useI18n();
  return (
    <Panel title={t('cell.spectrum')} note={spectrum === null ? undefined : <SweepNote spectrum={spectrum} />} id="impedance">
      {missing ? (
        <NotRead />
      ) : spectrum === null ? (
        <None readAt={readAt} />
      ) : (
        <div className="impedance">
          <Suspense fallback={<Skeleton label={t('data.loading')} rows={5} />}>
            <OneSpectrum spectrum={spectrum} />
          </Suspense>
        </div>
      )}
    </Panel>
  );
}

function OneSpectrum({ spectrum }: { spectrum: Spectrum }) {
  const spectra = useMemo(() => [{ name: '', spectrum }], [spectrum]);
  return <NyquistChart spectra={spectra} />;
}

function SweepNote({ spectrum }: { spectrum: Spectrum }) {
  const { t, number } = useI18n();
  const count = spectrum.frequency_hz.length;
  const hertz = (value: number) => `${number(value)}\u00a0Hz`;
  return t('spectrum.points', {
    count,
    low: hertz(Math.min(...spectrum.frequency_hz)),
    high: hertz(Math.max(...spectrum.frequency_hz)),
  });
}
