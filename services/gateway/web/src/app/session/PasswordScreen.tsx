import { useState } from 'react';
import { usePasswordChange, useSignOut, type Caller } from '../../api/session';
import { useI18n } from '../../i18n/I18nProvider';
import { Button } from '../../ui/Button';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';
import { EntranceForm } from './EntranceForm';

/** Where somebody whose password another person knows chooses one of one's own. */
export function PasswordScreen({ caller }: { caller: Caller }) {
  const { t } = useI18n();
  const [password, setPassword] = useState('');
  const [chosen, setChosen] = useState('');
  const [repeated, setRepeated] = useState('');
  const [differ, setDiffer] = useState(false);
  const change = usePasswordChange(caller);
  const signOut = useSignOut();
  const send = () => {
    setDiffer(chosen !== repeated);
    if (chosen === repeated) change.mutate({ password, new_password: chosen });
  };
  return (
    <EntranceForm
      title={t('session.choose')}
      note={t('session.choose_why', { name: caller.name })}
      error={differ ? new Error(t('session.differ')) : change.error}
      onSubmit={send}
    >
      <TextField
        label={t('session.old_password')}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        autoFocus
        secret
      />
      <TextField
        label={t('session.new_password')}
        value={chosen}
        onChange={setChosen}
        autoComplete="new-password"
        secret
      />
      <TextField
        label={t('session.repeat_password')}
        value={repeated}
        onChange={setRepeated}
        autoComplete="new-password"
        secret
      />
      <SubmitButton busy={change.isPending}>{t('session.choose')}</SubmitButton>
      <Button onPress={() => signOut.mutate()}>{t('session.sign_out')}</Button>
    </EntranceForm>
  );
}
