import { useState } from 'react';
import { MOST_LISTED, useAlarmList, type AlarmPage, type ListedAlarm } from '../../api/alarms';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { ShownOf } from '../../parts/ShownOf';
import { Choice } from '../../ui/Choice';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { AlarmRow } from './AlarmRow';
import './AlarmsScreen.css';
import { AlarmTabs } from './AlarmTabs';

const LISTED = 200;

type Shown = 'open' | 'groups' | 'hidden';
const HIDDEN: ReadonlySet<string> = new Set(['shelved', 'suppressed_by_design', 'out_of_service']);

/** Every alarm that is not normal. A list without its sources is never called empty. */
export default function AlarmsScreen() {
  const { t } = useI18n();
  const [limit, setLimit] = useState(LISTED);
  const query = useAlarmList(limit);
  const [chosen, setChosen] = useState<Shown | null>(null);
  return (
    <div className="screen">
      <AlarmTabs />
      <DataView query={query}>
        {(page, readAt) => {
          const open = page.items.filter(({ state }) => !HIDDEN.has(state));
          const hidden = page.items.filter(({ state }) => HIDDEN.has(state));
          // In a flood the groups come by themselves; a person's choice goes before it.
          const shown = chosen ?? (page.flood ? 'groups' : 'open');
          return (
            <div className="alarm-list">
              <Warnings page={page} />
              <Choice<Shown>
                label={t('alarms.shown')}
                value={shown}
                onChange={setChosen}
                options={[
                  { value: 'open', label: t('alarms.open', { count: page.standing_count }) },
                  { value: 'groups', label: t('alarms.groups', { count: page.groups.length }) },
                  { value: 'hidden', label: t('alarms.hidden', { count: page.hidden_count }) },
                ]}
              />
              {shown === 'groups' ? (
                <Groups page={page} readAt={readAt} />
              ) : (
                <Rows alarms={shown === 'open' ? open : hidden} page={page} readAt={readAt} />
              )}
              <ShownOf
                shown={shown === 'hidden' ? hidden.length : open.length}
                total={shown === 'hidden' ? page.hidden_count : page.standing_count}
                onMore={limit < MOST_LISTED ? () => setLimit(Math.min(MOST_LISTED, limit * 2)) : undefined}
              />
            </div>
          );
        }}
      </DataView>
    </div>
  );
}

function Warnings({ page }: { page: AlarmPage }) {
  const { t } = useI18n();
  return (
    <>
      {page.silent.length > 0 && (
        <Notice mark="unknown">{t('alarms.silent', { services: page.silent.join(', ') })}</Notice>
      )}
      {page.flood && <Notice mark="alarm-2">{t('alarms.flood', { count: page.raised_10_min_count })}</Notice>}
      {page.left_off_count > 0 && <Notice mark="unknown">{t('alarms.left_off', { count: page.left_off_count })}</Notice>}
    </>
  );
}

interface RowsProps {
  alarms: readonly ListedAlarm[];
  page: AlarmPage;
  readAt: number;
}

function Rows({ alarms, page, readAt }: RowsProps) {
  const { t } = useI18n();
  if (alarms.length > 0) {
    return (
      <ul className="alarm-rows" aria-label={t('alarms.title')}>
        {alarms.map((alarm) => (
          <AlarmRow key={alarm.alarm_id} alarm={alarm} row={page.table_rows[alarm.code]} />
        ))}
      </ul>
    );
  }
  if (page.silent.length === 0) return <None readAt={readAt} />;
  return <Notice mark="unknown">{t('alarms.not_calm')}</Notice>;
}

function Groups({ page, readAt }: { page: AlarmPage; readAt: number }) {
  const { t, word } = useI18n();
  const byId = new Map(page.items.map((alarm) => [alarm.alarm_id, alarm]));
  if (page.groups.length === 0) return <Rows alarms={[]} page={page} readAt={readAt} />;
  return page.groups.map((group) => {
    const alarms = group.alarm_ids.flatMap((id) => byId.get(id) ?? []);
    const cause = byId.get(group.key);
    const name = group.kind === 'source' ? group.key : word('alarm_code', cause?.code ?? group.key);
    return (
      <Panel
        key={`${group.kind} ${group.key}`}
        title={cause === undefined ? name : `${name} · ${cause.source}`}
        note={t('alarms.count', { count: group.count })}
      >
        {alarms.length > 0 && <Rows alarms={alarms} page={page} readAt={readAt} />}
        <ShownOf shown={alarms.length} total={group.count} />
      </Panel>
    );
  });
}
