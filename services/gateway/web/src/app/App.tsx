import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useState } from 'react';
import { BrowserRouter } from 'react-router';
import { ApiError } from '../api/http';
import { SESSION_KEY } from '../api/keys';
import { saysSessionIsOver } from '../api/session';
import { I18nProvider, type LoadedLanguage } from '../i18n/I18nProvider';
import { LiveProvider } from '../live/LiveProvider';
import { ThemeProvider } from '../settings/ThemeProvider';
import { Frame } from './Frame';
import { SessionGate } from './session/SessionGate';

const RETRIES = 2;

/** Commands too: they carry a key, so that the gateway does them once. */
function retry(failures: number, error: Error): boolean {
  return failures < RETRIES && error instanceof ApiError && error.retryable;
}

function makeQueries(): QueryClient {
  const onError = (error: Error) => {
    if (saysSessionIsOver(error)) queries.setQueryData(SESSION_KEY, null);
  };
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
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
      <I18nProvider first={language}>
        <QueryClientProvider client={queries}>
          <SessionGate>
            <LiveProvider>
              <BrowserRouter>
                <Frame />
              </BrowserRouter>
            </LiveProvider>
          </SessionGate>
        </QueryClientProvider>
      </I18nProvider>
    </ThemeProvider>
  );
}
