import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { useHandover, useTakeOver, type Handover } from '../../api/handovers';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Facts } from '../../ui/Facts';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { TextField } from '../../ui/TextField';
import { Taken } from './HandoverScreen';
import { OpenLists } from './OpenLists';

/** One handover as it was written, and the signature of who takes it over. */
export default function HandoverRecordScreen() {
  const { t } = useI18n();
  const { handoverId = '' } = useParams();
  return (
    <div className="screen">
      <Link to="/handover">{t('handover.back')}</Link>
      <ScreenTitle title={t('handover.record')} />
      <DataView query={useHandover(handoverId)}>{(page) => <Record page={page} />}</DataView>
    </div>
  );
}

function Record({ page }: { page: Handover }) {
  const { t, dateTime } = useI18n();
  const { record } = page;
  return (
    <>
      {page.superseded_by !== null && (
        <Notice mark="stale">
          {t('handover.superseded')} <Link to={`/handovers/${page.superseded_by}`}>{t('handover.newer')}</Link>
        </Notice>
      )}
      <Facts
        facts={[
          { name: t('handover.shift_column'), value: record.shift ?? NO_DATA },
          { name: t('handover.by'), value: record.person },
          { name: t('handover.written'), value: <Instant at={page.written_at} withYear /> },
          { name: t('handover.taken'), value: <Taken handover={page} /> },
          { name: t('sign.hash'), value: <code title={page.record_sha256}>{page.record_sha256.slice(0, 12)}</code> },
        ]}
      />
      <Panel title={t('handover.notes')}>
        <p className="handover-notes">{record.notes === '' ? t('handover.no_notes') : record.notes}</p>
        {page.remark !== null && <p className="handover-notes">{`${page.taken_by ?? ''}: ${page.remark}`}</p>}
      </Panel>
      {page.taken_by === null && page.superseded_by === null && <TakeOverForm page={page} />}
      <OpenLists
        gathered={record}
        readAt={<p>{t('handover.none_then', { time: dateTime(Date.parse(page.written_at)) })}</p>}
      />
    </>
  );
}

/** Whoever comes proves it with a password, whoever is signed in at this panel. */
function TakeOverForm({ page }: { page: Handover }) {
  const { t } = useI18n();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [remark, setRemark] = useState('');
  const mutation = useTakeOver(page.handover_id);
  return (
    <Panel title={t('handover.take_over')}>
      <CommandForm
        title={t('handover.take_over_title')}
        submit={t('handover.take_over_now')}
        note={t('handover.take_over_note')}
        mutation={mutation}
        onSubmit={() => {
          const said = remark.trim();
          mutation.mutate({ login, password, record_sha256: page.record_sha256, ...(said !== '' && { remark: said }) });
          setPassword('');
        }}
      >
        <TextField label={t('sign.login')} value={login} onChange={setLogin} />
        <TextField label={t('sign.password')} value={password} onChange={setPassword} secret />
        <TextField label={t('handover.remark')} value={remark} onChange={setRemark} />
      </CommandForm>
    </Panel>
  );
}
