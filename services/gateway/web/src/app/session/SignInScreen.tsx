import { useState } from 'react';
import { useSignIn } from '../../api/session';
import { useI18n } from '../../i18n/I18nProvider';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';
import { EntranceForm } from './EntranceForm';

export function SignInScreen() {
  const { t } = useI18n();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useSignIn();
  return (
    <EntranceForm title={t('session.sign_in')} error={signIn.error} onSubmit={() => signIn.mutate({ login, password })}>
      <TextField label={t('session.login')} value={login} onChange={setLogin} autoComplete="username" autoFocus />
      <TextField
        label={t('session.password')}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        secret
      />
      <SubmitButton busy={signIn.isPending}>{t('session.sign_in')}</SubmitButton>
    </EntranceForm>
  );
}
