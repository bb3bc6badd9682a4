import { useAlarmTable } from '../../api/alarms';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { DataTable } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';
import './AlarmsScreen.css';
import { AlarmTabs } from './AlarmTabs';

/** Why each alarm exists, as the plant's master data has it. */
export default function AlarmTableScreen() {
  const { t, word, language, duration, number } = useI18n();
  const words = (text: string) => <span className="alarm-words">{text}</span>;
  return (
    <div className="screen">
      <AlarmTabs />
      <DataView query={useAlarmTable()}>
        {({ items, not_rationalised }, readAt) => (
          <div className="alarm-list">
            {not_rationalised.length > 0 && (
              <Notice mark="unknown">
                {t('alarms.without_row', { codes: not_rationalised.map((code) => word('alarm_code', code)).join(', ') })}
              </Notice>
            )}
            {items.length === 0 ? (
              <None readAt={readAt} />
            ) : (
              <DataTable
                label={t('alarms.table')}
                rows={items}
                rowKey={(item) => item.code}
                columns={[
                  { id: 'code', header: t('alarms.code'), cell: (item) => word('alarm_code', item.code) },
                  { id: 'version', header: t('alarms.version'), align: 'right', cell: (item) => item.version },
                  { id: 'priority', header: t('alarms.priority'), align: 'right', cell: (item) => item.priority ?? NO_DATA },
                  { id: 'guidance', header: t('alarms.guidance'), cell: (item) => words(item.guidance[language]) },
                  { id: 'cause', header: t('alarms.cause'), cell: (item) => words(item.cause) },
                  { id: 'consequence', header: t('alarms.consequence'), cell: (item) => words(item.consequence) },
                  {
                    id: 'respond',
                    header: t('alarms.respond_within'),
                    align: 'right',
                    cell: (item) => duration(item.respond_within_min * 60),
                  },
                  {
                    id: 'shelf',
                    header: t('alarms.longest_shelf'),
                    align: 'right',
                    cell: (item) => `${number(item.longest_shelf_h)} h`,
                  },
                  {
                    id: 'follows',
                    header: t('alarms.suppressed_by'),
                    cell: (item) =>
                      words(
                        [
                          ...item.follows.map((code) => word('alarm_code', code)),
                          ...item.silent_in.map((state) => word('equipment_state', state)),
                        ].join(', ') || NO_DATA,
                      ),
                  },
                ]}
              />
            )}
          </div>
        )}
      </DataView>
    </div>
  );
}
