import { useParams } from 'react-router';
import { useLot } from '../../api/queries';
import type { LotSummary } from '../../api/types';
import { GenealogyPanel } from '../../genealogy/GenealogyPanel';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { Measure } from '../../parts/Measure';
import { MissingNotice } from '../../parts/Missing';
import { OpenExposures } from '../../parts/OpenExposures';
import { Facts } from '../../ui/Facts';
import { Panel } from '../../ui/Panel';

export default function LotScreen() {
  const { t } = useI18n();
  const { lotId = '' } = useParams();
  const query = useLot(lotId);
  return (
    <div className="screen">
      <BackToSearch to="/lots" title={t('lot.title', { id: lotId })} />
      <DataView query={query}>
        {(record, readAt) => (
          <>
            <MissingNotice record={record} />
            <LotFacts lot={record.lot} />
            <Panel title={t('stack.open')}>
              <OpenExposures lotId={lotId} />
            </Panel>
            <GenealogyPanel genealogy={record.genealogy} lotId={lotId} readAt={readAt} />
          </>
        )}
      </DataView>
    </div>
  );
}

function LotFacts({ lot }: { lot: LotSummary }) {
  const { t, word } = useI18n();
  return (
    <Facts
      facts={[
        { name: t('field.material'), value: lot.material_definition_id },
        { name: t('field.quantity'), value: <Measure value={lot.quantity} unit={lot.unit} /> },
        { name: t('field.state'), value: word('job_state', lot.state) },
        { name: t('field.work_request'), value: lot.work_request_id ?? NO_DATA },
        { name: t('field.location'), value: lot.location ?? NO_DATA },
        { name: t('field.updated'), value: <Instant at={lot.updated_at} withYear /> },
      ]}
    />
  );
}
