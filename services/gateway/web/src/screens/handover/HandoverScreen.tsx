import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useDraft, useHandOver, useHandovers, type Draft, type ListedHandover } from '../../api/handovers';
import { commandKey } from '../../api/http';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Choice } from '../../ui/Choice';
import { DataTable, type Column } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Panel } from '../../ui/Panel';
import { TextArea } from '../../ui/TextArea';
import { OpenLists } from './OpenLists';

/** What this shift leaves to the next one: open things by themselves, notes by the leaving person. */
export default function HandoverScreen() {
  const { t } = useI18n();
  const [begunAt, setBegunAt] = useState('');
  const draft = useDraft(begunAt);
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.handover')} />
      <Panel title={t('handover.earlier')}>
        <Earlier />
      </Panel>
      <DataView query={draft}>
        {(page, readAt) => (
          <>
            <h2>{titleOf(page, t)}</h2>
            {page.shifts.length > 1 && (
              <Choice
                label={t('handover.which')}
                value={page.begun_at}
                onChange={setBegunAt}
                options={page.shifts.map((shift) => ({ value: shift.begun_at, label: t('handover.shift', { shift: shift.name }) }))}
              />
            )}
            <OpenLists gathered={page} readAt={<None readAt={readAt} />} />
            <Panel title={t('handover.hand_over')}>
              <HandOverForm page={page} />
            </Panel>
          </>
        )}
      </DataView>
    </div>
  );
}

function titleOf(page: Draft, t: ReturnType<typeof useI18n>['t']): string {
  if (page.shift === null || page.coming === null) return t('handover.without_shifts');
  return t('handover.from_to', { shift: page.shift, coming: page.coming });
}

function HandOverForm({ page }: { page: Draft }) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const navigate = useNavigate();
  const [notes, setNotes] = useState('');
  const mutation = useHandOver((handoverId) => void navigate(`/handovers/${handoverId}`));
  if (!permissions.includes('operate')) return <p>{t('handover.needs_operate')}</p>;
  return (
    <CommandForm
      title={t('handover.notes_title')}
      submit={t('handover.write')}
      note={t('handover.write_note')}
      mutation={mutation}
      onSubmit={() => mutation.mutate({ notes, shift_begun_at: page.begun_at, key: commandKey() })}
    >
      <TextArea label={t('handover.notes')} value={notes} onChange={setNotes} />
    </CommandForm>
  );
}

/** Earlier handovers; one that nobody has taken over stays marked. */
function Earlier() {
  const { t } = useI18n();
  const query = useHandovers();
  const columns: Column<ListedHandover>[] = [
    { id: 'at', header: t('handover.written'), cell: (row) => <Instant at={row.written_at} withYear /> },
    { id: 'shift', header: t('handover.shift_column'), cell: (row) => row.record.shift ?? '–' },
    { id: 'by', header: t('handover.by'), cell: (row) => row.person },
    { id: 'open', header: t('handover.open'), align: 'right', cell: (row) => countOf(row) },
    { id: 'taken', header: t('handover.taken'), cell: (row) => <Taken handover={row} /> },
  ];
  return (
    <DataView query={query}>
      {({ items }, readAt) =>
        items.length === 0 ? (
          <None readAt={readAt} />
        ) : (
          <DataTable
            dense
            label={t('handover.earlier')}
            columns={columns}
            rows={items.slice(0, 10)}
            rowKey={(row) => row.handover_id}
            rowLink={(row) => `/handovers/${row.handover_id}`}
          />
        )
      }
    </DataView>
  );
}

const countOf = (row: ListedHandover) => Object.values(row.record.counts).reduce((sum, count) => sum + count, 0);

export function Taken({ handover }: { handover: Pick<ListedHandover, 'taken_by' | 'taken_at' | 'superseded_by'> }) {
  const { t } = useI18n();
  if (handover.superseded_by !== null) return <>{t('handover.superseded')}</>;
  if (handover.taken_by === null) {
    return (
      <>
        <Mark kind="alarm-3" /> {t('handover.not_taken')}
      </>
    );
  }
  return (
    <>
      {handover.taken_by} <Instant at={handover.taken_at} withYear />
    </>
  );
}
