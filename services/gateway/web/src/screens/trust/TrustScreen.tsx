import { useState } from 'react';
import { useTrust as useTrustCommand } from '../../api/commands';
import { useTrustList } from '../../api/queries';
import type { TrustedCertificate } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Refusal } from '../../parts/Refusal';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import './TrustScreen.css';

/** Whose certificates are trusted, unknown ones of PLCs and stations that wait, how long each is valid. */
export default function TrustScreen() {
  const { t } = useI18n();
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.trust')} />
      <p className="trust-explain">{t('trust.explain')}</p>
      <DataView query={useTrustList()}>
        {({ items, users }, readAt) =>
          items.length === 0 ? <None readAt={readAt} /> : <TrustTable certificates={items} users={users} />
        }
      </DataView>
    </div>
  );
}

interface TableProps {
  certificates: readonly TrustedCertificate[];
  users: readonly string[];
}

function TrustTable({ certificates, users }: TableProps) {
  const { t } = useI18n();
  const columns: Column<TrustedCertificate>[] = [
    { id: 'state', header: t('trust.state'), cell: ({ state }) => t(`trust.${state}`) },
    { id: 'user', header: t('trust.user'), cell: (one) => one.station ?? (one.state === 'trusted' ? one.name : '–') },
    { id: 'subject', header: t('trust.subject'), cell: (one) => <span className="trust-text">{one.subject}</span> },
    {
      id: 'uri',
      header: t('trust.uri'),
      cell: (one) => <span className="trust-text">{one.application_uri ?? '–'}</span>,
    },
    { id: 'fingerprint', header: t('trust.fingerprint'), cell: (one) => one.fingerprint.slice(0, 16) },
    { id: 'until', header: t('trust.until'), cell: (one) => one.valid_until.slice(0, 10) },
    { id: 'decide', header: t('trust.decide'), cell: (one) => <Decide certificate={one} users={users} /> },
  ];
  return (
    <DataTable
      label={t('trust.title')}
      columns={columns}
      rows={certificates}
      rowKey={(one) => `${one.station ?? ''} ${one.state} ${one.name}`}
    />
  );
}

/** What waits is accepted, as a PLC's user or for its station, or rejected; a PLC's trusted one can be taken out. */
function Decide({ certificate, users }: { certificate: TrustedCertificate; users: readonly string[] }) {
  const { t } = useI18n();
  const { station, state } = certificate;
  const [user, setUser] = useState(users[0] ?? '');
  const { accept, reject, mutation } = useTrustCommand(certificate.fingerprint);
  return (
    <div className="trust-decide">
      {state === 'quarantined' && (
        <>
          {station === null && (
            <select aria-label={t('trust.user')} value={user} onChange={(event) => setUser(event.target.value)}>
              {users.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
          <Button busy={mutation.isPending} onPress={() => accept(station ?? user)}>
            {t('trust.accept')}
          </Button>
        </>
      )}
      {(station === null || state === 'quarantined') && (
        <Button busy={mutation.isPending} onPress={reject}>
          {t('trust.reject')}
        </Button>
      )}
      <Refusal error={mutation.error} />
    </div>
  );
}
