import { useState } from 'react';
import type { Signature, Signed } from '../api/quality';
import { ROLES, type Role } from '../api/session';
import { useCaller } from '../app/session/SessionGate';
import { useI18n } from '../i18n/I18nProvider';
import { DataTable, type Column } from '../ui/DataTable';
import { TextField } from '../ui/TextField';
import { Instant } from './Instant';
import { SelectField } from './SelectField';
import './CommandForm.css';

export interface SignatureForm {
  login: string;
  password: string;
  role: Role;
  meaning: string;
  set(change: Partial<Pick<SignatureForm, 'login' | 'password' | 'role' | 'meaning'>>): void;
  /** What is sent; `sha256` is of the record that was shown. */
  given(sha256?: string): Signature;
  /** Forgets the password, whatever became of the signature. */
  forget(): void;
}

/** Whoever signs proves it anew each time; the login of who is signed in is only a proposal. */
export function useSignature(meaning: string): SignatureForm {
  const caller = useCaller();
  const [values, setValues] = useState({
    login: caller.login,
    password: '',
    role: caller.roles.find((role) => role === 'quality') ?? caller.roles[0] ?? 'quality',
    meaning,
  });
  return {
    ...values,
    set: (change) => setValues((before) => ({ ...before, ...change })),
    given: (sha256) => ({ ...values, ...(sha256 !== undefined && { record_sha256: sha256 }) }),
    forget: () => setValues((before) => ({ ...before, password: '' })),
  };
}

/** Login, password, role and meaning of a signature. */
export function SignatureFields({ form }: { form: SignatureForm }) {
  const { t } = useI18n();
  return (
    <fieldset className="form-row">
      <legend>{t('sign.title')}</legend>
      <TextField label={t('sign.login')} value={form.login} onChange={(login) => form.set({ login })} />
      <TextField label={t('sign.password')} value={form.password} onChange={(password) => form.set({ password })} secret />
      <SelectField
        label={t('sign.role')}
        options={ROLES.map((role) => ({ value: role, label: t(`role.${role}`) }))}
        value={form.role}
        onChange={(role) => form.set({ role })}
      />
      <TextField label={t('sign.meaning')} value={form.meaning} onChange={(text) => form.set({ meaning: text })} />
    </fieldset>
  );
}

/** Signatures as they are kept, with the first digits of the hash that they are bound to. */
export function SignatureTable({ signatures }: { signatures: readonly Signed[] }) {
  const { t, word } = useI18n();
  const columns: Column<Signed>[] = [
    { id: 'name', header: t('sign.name'), cell: (one) => one.printed_name },
    { id: 'role', header: t('sign.role'), cell: (one) => word('role', one.role) },
    { id: 'meaning', header: t('sign.meaning'), cell: (one) => one.meaning },
    { id: 'at', header: t('sign.at'), cell: (one) => <Instant at={one.signed_at} withYear /> },
    { id: 'hash', header: t('sign.hash'), cell: (one) => <code title={one.record_sha256}>{one.record_sha256.slice(0, 12)}</code> },
  ];
  return <DataTable dense label={t('sign.list')} columns={columns} rows={signatures} rowKey={(one) => one.printed_name} />;
}
