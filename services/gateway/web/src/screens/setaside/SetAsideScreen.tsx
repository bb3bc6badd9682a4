import { useState } from 'react';
import { useRetry } from '../../api/commands';
import { useSetAside } from '../../api/queries';
import type { SetAsideEvent } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { ShownOf } from '../../parts/ShownOf';
import { Refusal } from '../../parts/Refusal';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';
import './SetAsideScreen.css';

const LISTED = 200;
const MOST_LISTED = 2000;

/** What services could not handle, and the way to let them try again. */
export default function SetAsideScreen() {
  const { t } = useI18n();
  const [limit, setLimit] = useState(LISTED);
  const query = useSetAside(limit);
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.set_aside')} />
      <p className="set-aside-explain">{t('set_aside.explain')}</p>
      <DataView query={query}>
        {({ items, total, missing }, readAt) => (
          <>
            {missing.length > 0 && (
              <Notice mark="unknown">{t('set_aside.missing', { services: missing.join('; ') })}</Notice>
            )}
            {items.length === 0 ? <None readAt={readAt} /> : <SetAsideTable events={items} />}
            <ShownOf
              shown={items.length}
              total={total}
              onMore={limit < MOST_LISTED ? () => setLimit(Math.min(MOST_LISTED, limit * 2)) : undefined}
            />
          </>
        )}
      </DataView>
    </div>
  );
}

function SetAsideTable({ events }: { events: readonly SetAsideEvent[] }) {
  const { t, duration } = useI18n();
  const columns: Column<SetAsideEvent>[] = [
    { id: 'service', header: t('set_aside.service'), cell: (event) => event.service },
    { id: 'source', header: t('set_aside.source'), cell: (event) => `${event.source} ${event.sequence}` },
    { id: 'subject', header: t('set_aside.subject'), cell: (event) => event.subject },
    { id: 'type', header: t('set_aside.type'), cell: (event) => event.type },
    {
      id: 'error',
      header: t('set_aside.error'),
      cell: (event) => <span className="set-aside-error"><Said of={event.error} /></span>,
    },
    { id: 'attempts', header: t('set_aside.attempts'), align: 'right', cell: (event) => event.attempts },
    { id: 'age', header: t('set_aside.age'), align: 'right', cell: (event) => duration(event.age_s) },
    { id: 'retry', header: t('set_aside.retry'), cell: (event) => <Retry event={event} /> },
  ];
  return (
    <DataTable
      label={t('set_aside.title')}
      columns={columns}
      rows={events}
      rowKey={(event) => `${event.service} ${event.event_id}`}
    />
  );
}

/** The button and what the service answered to it; an event that was handled leaves the list. */
function Retry({ event }: { event: SetAsideEvent }) {
  const { t } = useI18n();
  const { send, mutation } = useRetry(event.service, event.event_id);
  return (
    <>
      <Button busy={mutation.isPending} onPress={send}>
        {t(mutation.isPending ? 'set_aside.retrying' : 'set_aside.retry')}
      </Button>
      <Refusal error={mutation.error} text={(reason) => t('set_aside.failed', { reason })} />
    </>
  );
}
