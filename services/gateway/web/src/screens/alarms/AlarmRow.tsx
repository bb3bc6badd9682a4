import { useState } from 'react';
import { useAlarmCommand, type AlarmTableRow, type ListedAlarm } from '../../api/alarms';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { ReasonPicker } from '../../parts/ReasonPicker';
import { Said } from '../../parts/Said';
import { Refusal } from '../../parts/Refusal';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Facts } from '../../ui/Facts';
import { Mark } from '../../ui/Mark';
import { HideForm } from './HideForm';

/** One alarm with what to do about it, and the buttons that its state allows. */
export function AlarmRow({ alarm, row }: { alarm: ListedAlarm; row: AlarmTableRow | undefined }) {
  const { t, word, language } = useI18n();
  const operate = useCaller().permissions.includes('operate');
  const [more, setMore] = useState(false);
  const asks = alarm.state === 'unacknowledged' || alarm.state === 'returned_unacknowledged';
  return (
    <li className={asks ? 'alarm-row alarm-row-asks' : 'alarm-row'}>
      <Mark kind={`alarm-${alarm.priority}`} blinking={alarm.state === 'unacknowledged'} />
      <div className="alarm-row-words">
        <strong>
          <span className="visually-hidden">{t('alarm.priority', { priority: alarm.priority })} </span>
          {word('alarm_code', alarm.code)} · {alarm.source}
        </strong>
        <Said of={alarm.text} />
        <span className="alarm-row-soft">
          <Badge mark={null}>{word('alarm_state', alarm.state)}</Badge> <Instant at={alarm.raised_at} />
          {alarm.acknowledged_by !== null && ` · ${t('alarms.by', { person: alarm.acknowledged_by })}`}
          <Hiding alarm={alarm} />
        </span>
        {row !== undefined && <span className="alarm-row-guidance">{row.guidance[language]}</span>}
        {alarm.code === 'station_down' && alarm.active && operate && <ReasonPicker equipmentId={alarm.source} begunAt={null} />}
        {more && <More row={row} />}
      </div>
      <Acts alarm={alarm} longestH={row?.longest_shelf_h ?? null} more={more} onMore={() => setMore(!more)} />
    </li>
  );
}

function Hiding({ alarm }: { alarm: ListedAlarm }) {
  const { t, word, dateTime } = useI18n();
  if (alarm.because !== null) {
    const [kind, what = ''] = alarm.because.split(/:(.*)/);
    return ` · ${kind === 'state' ? word('equipment_state', what) : t('alarms.follows')}`;
  }
  if (alarm.hidden_by === null) return null;
  const until = alarm.hidden_until === null ? '' : ` · ${t('alarms.until', { time: dateTime(Date.parse(alarm.hidden_until)) })}`;
  return ` · ${alarm.hidden_by}: ${alarm.hidden_reason ?? ''}${until}`;
}

function More({ row }: { row: AlarmTableRow | undefined }) {
  const { t, duration } = useI18n();
  if (row === undefined) return <span className="alarm-row-soft">{t('alarms.not_rationalised')}</span>;
  return (
    <Facts
      facts={[
        { name: t('alarms.cause'), value: row.cause },
        { name: t('alarms.consequence'), value: row.consequence },
        { name: t('alarms.respond_within'), value: duration(row.respond_within_min * 60) },
      ]}
    />
  );
}

interface ActsProps {
  alarm: ListedAlarm;
  /** What the alarm table allows; null: the alarm has no row in it. */
  longestH: number | null;
  more: boolean;
  onMore(): void;
}

function Acts({ alarm, longestH, more, onMore }: ActsProps) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const [form, setForm] = useState<'shelve' | 'out' | null>(null);
  const { mutation, ...command } = useAlarmCommand(alarm.alarm_id);
  const busy = mutation.isPending;
  const operate = permissions.includes('operate');
  const maintain = permissions.includes('maintain');
  const listed = alarm.state !== 'shelved' && alarm.state !== 'out_of_service';
  const asks = alarm.state === 'unacknowledged' || alarm.state === 'returned_unacknowledged';
  return (
    <div className="alarm-row-acts">
      {operate && asks && (
        <Button busy={busy} onPress={command.acknowledge}>
          {t(busy ? 'alarm.acknowledging' : 'alarm.acknowledge')}
        </Button>
      )}
      {operate && listed && longestH !== 0 && (
        <Button busy={busy} onPress={() => setForm(form === 'shelve' ? null : 'shelve')}>
          {t('alarms.shelve')}
        </Button>
      )}
      {operate && alarm.state === 'shelved' && (
        <Button busy={busy} onPress={command.unshelve}>
          {t('alarms.unshelve')}
        </Button>
      )}
      {maintain && alarm.state !== 'out_of_service' && (
        <Button busy={busy} onPress={() => setForm(form === 'out' ? null : 'out')}>
          {t('alarms.out_of_service')}
        </Button>
      )}
      {maintain && alarm.state === 'out_of_service' && (
        <Button busy={busy} onPress={command.putBackInService}>
          {t('alarms.in_service')}
        </Button>
      )}
      <Button onPress={onMore}>{t(more ? 'alarms.less' : 'alarms.more')}</Button>
      {form !== null && (
        <HideForm
          timed={form === 'shelve'}
          longestH={longestH}
          busy={busy}
          onSend={(reason, durationS) => {
            setForm(null);
            if (form === 'shelve') command.shelve(durationS, reason);
            else command.takeOutOfService(reason);
          }}
        />
      )}
      <Refusal error={mutation.error} text={(reason) => t('alarms.refused', { reason })} />
    </div>
  );
}
