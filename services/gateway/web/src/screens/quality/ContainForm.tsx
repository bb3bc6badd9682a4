import { useState } from 'react';
import { CALLER, useQualityCommand, type NcPage } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { LotPicks } from '../../parts/LotPicks';
import { TextField } from '../../ui/TextField';
import { lotsOf } from './ReportForm';

/** Holds all that is concerned, further lots too, and keeps where the chosen ones stand now. */
export function ContainForm({ page }: { page: NcPage }) {
  const { t } = useI18n();
  const [reason, setReason] = useState('');
  const [more, setMore] = useState('');
  const [place, setPlace] = useState('');
  const [found, setFound] = useState<string[]>([]);
  const { send, mutation } = useQualityCommand(() => {
    setReason('');
    setMore('');
    setPlace('');
    setFound([]);
  });
  return (
    <CommandForm
      title={t('nc.contain')}
      submit={t('nc.contain_now')}
      mutation={mutation}
      note={t('nc.contain_note')}
      onSubmit={() =>
        send(`/nonconformances/${encodeURIComponent(page.nonconformance_id)}/containments`, {
          ...CALLER,
          reason,
          lot_ids: lotsOf(more),
          places: found.map((lot) => ({ lot_id: lot, place })),
        })
      }
    >
      <LotPicks label={t('nc.found')} lots={page.lots.map((one) => one.lot_id)} chosen={found} onChange={setFound} />
      <TextField label={t('nc.place')} value={place} onChange={setPlace} />
      <TextField label={t('nc.more_lots')} value={more} onChange={setMore} />
      <TextField label={t('field.reason')} value={reason} onChange={setReason} />
    </CommandForm>
  );
}
