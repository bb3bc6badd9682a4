import { useState } from 'react';
import { useCaller } from '../../app/session/SessionGate';
import { ROLES, useNewPerson, usePasswordReset, usePersonChange, usePersons, type Person, type Role } from '../../api/session';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Refusal } from '../../parts/Refusal';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';
import './PersonsScreen.css';

/** Who may come in and with which roles. Nobody is ever removed: records name them. */
export default function PersonsScreen() {
  const { t } = useI18n();
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.persons')} />
      <DataView query={usePersons()}>{({ items }) => <PersonsTable persons={items} />}</DataView>
      <AddPerson />
    </div>
  );
}

function PersonsTable({ persons }: { persons: readonly Person[] }) {
  const { t } = useI18n();
  const columns: Column<Person>[] = [
    { id: 'login', header: t('session.login'), cell: ({ login }) => login },
    { id: 'name', header: t('persons.name'), cell: ({ name }) => name },
    { id: 'state', header: t('field.state'), cell: (person) => t(`persons.${stateOf(person)}`) },
    { id: 'seen', header: t('persons.seen'), cell: ({ seen_at }) => seen_at?.slice(0, 16).replace('T', ' ') ?? '–' },
    { id: 'roles', header: t('persons.roles'), cell: (person) => <Roles person={person} /> },
    { id: 'change', header: t('persons.change'), cell: (person) => <Change person={person} /> },
  ];
  return <DataTable label={t('persons.title')} columns={columns} rows={persons} rowKey={({ login }) => login} />;
}

function stateOf({ disabled, must_change }: Person): 'disabled' | 'new' | 'active' {
  if (disabled) return 'disabled';
  return must_change ? 'new' : 'active';
}

function toggled(roles: readonly Role[], role: Role): Role[] {
  return roles.includes(role) ? roles.filter((one) => one !== role) : [...roles, role];
}

interface RoleChoiceProps {
  roles: readonly Role[];
  onToggle(role: Role): void;
}

function RoleChoice({ roles, onToggle }: RoleChoiceProps) {
  const { t } = useI18n();
  return (
    <div className="persons-roles" role="group" aria-label={t('persons.roles')}>
      {ROLES.map((role) => (
        <label key={role} className="persons-role">
          <input type="checkbox" checked={roles.includes(role)} onChange={() => onToggle(role)} />
          {t(`role.${role}`)}
        </label>
      ))}
    </div>
  );
}

/** Drawn from what the gateway said last: a change that it refuses springs back. */
function Roles({ person }: { person: Person }) {
  const { send, mutation } = usePersonChange(person.login);
  return (
    <>
      <RoleChoice roles={person.roles} onToggle={(role) => send({ roles: toggled(person.roles, role) })} />
      <Refusal error={mutation.error} />
    </>
  );
}

function Change({ person }: { person: Person }) {
  const { t } = useI18n();
  const caller = useCaller();
  const [password, setPassword] = useState('');
  const { send, mutation } = usePersonChange(person.login);
  const reset = usePasswordReset(person.login, () => setPassword(''));
  if (person.login === caller.login) return <span>{t('persons.yourself')}</span>;
  return (
    <form
      className="persons-change"
      onSubmit={(event) => {
        event.preventDefault();
        reset.mutate(password);
      }}
    >
      <Button busy={mutation.isPending} onPress={() => send({ disabled: !person.disabled })}>
        {t(person.disabled ? 'persons.enable' : 'persons.disable')}
      </Button>
      <TextField label={t('persons.first_password')} value={password} onChange={setPassword} autoComplete="new-password" secret />
      <SubmitButton busy={reset.isPending}>{t('persons.reset')}</SubmitButton>
      <Refusal error={mutation.error ?? reset.error} />
    </form>
  );
}

function AddPerson() {
  const { t } = useI18n();
  const [login, setLogin] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [roles, setRoles] = useState<Role[]>(['operator']);
  const add = useNewPerson(() => {
    setLogin('');
    setName('');
    setPassword('');
  });
  return (
    <Panel title={t('persons.add')} note={t('persons.add_note')}>
      <form
        className="persons-add"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate({ login, name, roles, password });
        }}
      >
        <TextField label={t('session.login')} value={login} onChange={setLogin} />
        <TextField label={t('persons.name')} value={name} onChange={setName} />
        <TextField label={t('persons.first_password')} value={password} onChange={setPassword} autoComplete="new-password" secret />
        <RoleChoice roles={roles} onToggle={(role) => setRoles(toggled(roles, role))} />
        <SubmitButton busy={add.isPending}>{t('persons.add')}</SubmitButton>
      </form>
      <Refusal error={add.error} />
    </Panel>
  );
}
