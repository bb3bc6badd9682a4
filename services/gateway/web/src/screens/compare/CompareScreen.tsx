import { lazy, Suspense, useMemo } from 'react';
import { useCellRecords } from '../../api/queries';
import type { NamedSpectrum } from '../../charts/NyquistChart';
import type { NamedCurve } from '../../charts/VoltageCurves';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { None } from '../../parts/None';
import { reasonOf } from '../../parts/reason-of';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';
import { AddCell } from './AddCell';
import { ChosenCells } from './ChosenCells';
import { MOST_COMPARED, useCompared, type Compared } from './compared';
import './CompareScreen.css';
import { FigureTable } from './FigureTable';

const NyquistChart = lazy(() => import('../../charts/NyquistChart'));
const VoltageCurves = lazy(() => import('../../charts/VoltageCurves'));

/** Two to eight cells beside each other: figures, voltage over time, impedance. */
export default function CompareScreen() {
  const i18n = useI18n();
  const { t } = i18n;
  const [ids, change] = useCompared();
  const queries = useCellRecords(ids);
  const read = ids.flatMap((id, index) => {
    const record = queries[index]?.data;
    return record === undefined ? [] : [{ id, record }];
  });
  const readAt = Math.max(0, ...queries.map((query) => query.dataUpdatedAt));
  const loading = queries.some((query) => query.isPending);
  return (
    <div className="screen">
      <BackToSearch to="/cells" title={t('compare.title')} />
      <ChosenCells ids={ids} onRemove={(gone) => change(ids.filter((id) => id !== gone))} />
      {ids.length < MOST_COMPARED ? (
        <AddCell chosen={ids} onAdd={(id) => change([...ids, id])} />
      ) : (
        <p>{t('compare.most')}</p>
      )}
      {queries.map((query, index) =>
        query.error === null ? null : (
          <Notice key={ids[index]} mark="unknown">
            {t('compare.unread', { id: ids[index] ?? '', reason: reasonOf(query.error, i18n) })}
          </Notice>
        ),
      )}
      {loading ? <Skeleton label={t('data.loading')} /> : ids.length < 2 ? <p>{t('compare.few')}</p> : null}
      {read.length > 1 && <Comparison compared={read} readAt={readAt} />}
    </div>
  );
}

function Comparison({ compared, readAt }: { compared: readonly Compared[]; readAt: number }) {
  const { t } = useI18n();
  const key = compared.map(({ id, record }) => `${id} ${record.formation?.curve?.row_count} ${record.spectrum === null}`).join();
  const curves = useMemo(() => compared.map(curveOf), [key]);
  const spectra = useMemo(() => compared.map(spectrumOf), [key]);
  return (
    <>
      <Panel title={t('compare.figures')}>
        <FigureTable compared={compared} />
      </Panel>
      <Panel title={t('compare.voltage')}>
        {curves.every((curve) => curve === null) ? (
          <None readAt={readAt} />
        ) : (
          <Suspense fallback={<Skeleton label={t('data.loading')} rows={5} />}>
            <VoltageCurves curves={curves} />
          </Suspense>
        )}
        <Without ids={compared.filter((_, index) => curves[index] === null).map(({ id }) => id)} />
      </Panel>
      <Panel title={t('cell.spectrum')}>
        {spectra.every((spectrum) => spectrum === null) ? (
          <None readAt={readAt} />
        ) : (
          <Suspense fallback={<Skeleton label={t('data.loading')} rows={5} />}>
            <NyquistChart spectra={spectra} />
          </Suspense>
        )}
        <Without ids={compared.filter((_, index) => spectra[index] === null).map(({ id }) => id)} />
      </Panel>
    </>
  );
}

/** A cell keeps its place, colour and shape also in a chart that has nothing of it. */
function Without({ ids }: { ids: readonly string[] }) {
  const { t } = useI18n();
  return ids.length === 0 ? null : <p className="compare-without">{t('compare.without', { ids: ids.join(', ') })}</p>;
}

function curveOf({ id, record }: Compared): NamedCurve | null {
  const curve = record.formation?.curve ?? null;
  return curve === null ? null : { name: id, curve };
}

function spectrumOf({ id, record }: Compared): NamedSpectrum | null {
  return record.spectrum === null ? null : { name: id, spectrum: record.spectrum };
}
