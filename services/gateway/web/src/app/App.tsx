import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useState } from 'react';
import { BrowserRouter } from 'react-router';
import { ApiError } from '../api/http';
import { SESSION_KEY } from '../api/keys';
import { saysSessionIsOver } from '../api/session';
import { I18nProvider, type LoadedLanguage } from '../i18n/I18nProvider';
import { LiveProvider } from '../live/LiveProvider';
import { ScannerProvider } from '../scanner/ScannerProvider';
import { PanelProvider } from '../settings/PanelProvider';
import { ThemeProvider } from '../settings/ThemeProvider';
import { Frame } from './Frame';
import { SessionGate } from './session/SessionGate';

const RETRIES = 2;

/** Commands too: they carry a key, so that the gateway does them once. */
function retry(failures: number, error: Error): boolean {
  return failures < RETRIES && error instanceof ApiError && error.retryable;
}

function makeQueries(): QueryClient {
  const onReadError = (error: Error) => {
    if (saysSessionIsOver(error)) queries.setQueryData(SESSION_KEY, null);
  };
  // A command is also refused so where somebody signs it with a wrong password: the gateway says which it was.
  const onCommandError = (error: Error) => {
    if (saysSessionIsOver(error)) void queries.invalidateQueries({ queryKey: SESSION_KEY });
  };
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: onReadError }),
    mutationCache: new MutationCache({ onError: onCommandError }),
    defaultOptions: {
      queries: {
        // A panel PC often believes it is offline in a plant network without internet.
        networkMode: 'always',
        retry,
        refetchOnWindowFocus: false,
      },
      mutations: { networkMode: 'always', retry },
    },
  });
  return queries;
}

export function App({ language }: { language: LoadedLanguage }) {
  const [queries] = useState(makeQueries);
  return (
    <ThemeProvider>
      <PanelProvider>
        <I18nProvider first={language}>
          <QueryClientProvider client={queries}>
            <SessionGate>
              <LiveProvider>
                <BrowserRouter>
                  <ScannerProvider>
                    <Frame />
                  </ScannerProvider>
                </BrowserRouter>
              </LiveProvider>
            </SessionGate>
          </QueryClientProvider>
        </I18nProvider>
      </PanelProvider>
    </ThemeProvider>
  );
}
