import type { CellSummary } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DispositionBadge } from '../../parts/DispositionBadge';
import { Instant } from '../../parts/Instant';
import { Measure } from '../../parts/Measure';
import { Said } from '../../parts/Said';
import { Facts } from '../../ui/Facts';

export function CellHead({ cell }: { cell: CellSummary }) {
  const { t, word } = useI18n();
  return (
    <div className="cell-head">
      <p className="cell-decision">
        <DispositionBadge disposition={cell.disposition} />
        <span>{`${t('field.grade')}: ${cell.grade ?? NO_DATA}`}</span>
      </p>
      {cell.reason !== null && <p><Said of={cell.reason} /></p>}
      <Facts
        facts={[
          { name: t('field.product'), value: cell.product_id },
          { name: t('field.work_request'), value: cell.work_request_id },
          { name: t('field.kind'), value: word('kind', cell.kind) },
          {
            name: t('field.operation'),
            value: cell.operation === null ? NO_DATA : word('operation', cell.operation),
          },
          { name: t('field.state'), value: word('job_state', cell.state) },
          { name: t('field.capacity'), value: <Measure value={cell.discharge_capacity_mah} unit="mah" /> },
          { name: t('field.updated'), value: <Instant at={cell.updated_at} withYear /> },
        ]}
      />
    </div>
  );
}
