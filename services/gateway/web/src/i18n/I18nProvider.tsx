/** Texts and formats of the chosen language; each table is its own chunk, read when first needed. */
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { rememberLanguage, type Language } from '../settings/browser';
import { Interpreter, type Catalogue } from '../sentences/interpreter';
import { MEASURED, wordsOf } from '../sentences/words';
import type { MessageKey, Messages } from './en';
import { formatsFor, spelled, withoutUnit, type Formats } from './format';

export type Parameters = Record<string, string | number>;
/** Sets of words that the services use and the tables translate. */
export type WordSet =
  | 'act'
  | 'alarm_code'
  | 'alarm_state'
  | 'area'
  | 'ccd_mode'
  | 'compared'
  | 'characteristic'
  | 'cycle_flag'
  | 'disposition'
  | 'downtime_reason'
  | 'due_blocks'
  | 'due_state'
  | 'equipment_state'
  | 'exposure_state'
  | 'feature'
  | 'gate_name'
  | 'job_state'
  | 'kind'
  | 'limit_kind'
  | 'limit_state'
  | 'name_kind'
  | 'open_state'
  | 'operation'
  | 'channel_entry'
  | 'part_role'
  | 'role'
  | 'signal'
  | 'step_kind'
  | 'test_state'
  | 'time_limit'
  | 'upkeep';

export interface I18n extends Formats {
  language: Language;
  setLanguage(language: Language): void;
  t(key: MessageKey, parameters?: Parameters): string;
  /** A word of the services in this language; spelled out as it came when the tables lack it. */
  word(set: WordSet, word: string): string;
  /** What a service wrote in English, in this language; null where it is not known, and where the language is English. */
  interpret(sentence: string): string | null;
  /** The same, and as it was written where it is not known. */
  say(sentence: string): string;
}

export interface LoadedLanguage {
  language: Language;
  messages: Messages;
  /** How the language says what services write; English needs none. */
  sentences: Catalogue | null;
}

export async function loadLanguage(language: Language): Promise<LoadedLanguage> {
  switch (language) {
    case 'en':
      return { language, messages: (await import('./en')).messages, sentences: null };
    case 'de': {
      const [{ messages }, sentences] = await Promise.all([import('./de'), import('../sentences/de.json')]);
      return { language, messages, sentences: sentences.default };
    }
    case 'zh': {
      const [{ messages }, sentences] = await Promise.all([
        import('./zh'),
        import('../sentences/zh.json'),
        import('@fontsource-variable/noto-sans-sc/index.css'),
      ]);
      return { language, messages, sentences: sentences.default };
    }
  }
}

const I18nContext = createContext<I18n | null>(null);

/** Before React draws: the font depends on the language, and charts read the font from the page. */
function announce(loaded: LoadedLanguage): LoadedLanguage {
  document.documentElement.lang = loaded.language;
  return loaded;
}

function interpreterOf({ messages, sentences }: LoadedLanguage): Interpreter | null {
  if (sentences === null) return null;
  return new Interpreter(sentences, wordsOf(messages));
}

export function I18nProvider({ first, children }: { first: LoadedLanguage; children: ReactNode }) {
  const [loaded, setLoaded] = useState(() => announce(first));

  const i18n = useMemo<I18n>(() => {
    const { language, messages } = loaded;
    const interpreter = interpreterOf(loaded);
    const interpret = (sentence: string) => interpreter?.say(sentence) ?? null;
    return {
      ...formatsFor(language),
      language,
      setLanguage: (chosen) => {
        void loadLanguage(chosen).then((table) => {
          rememberLanguage(chosen);
          setLoaded(announce(table));
        });
      },
      t: (key, parameters = {}) =>
        messages[key].replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? '')),
      word: (set, word) => {
        const bare = MEASURED.has(set) ? withoutUnit(word) : word;
        return (messages as Record<string, string>)[`${set}.${bare}`] ?? spelled(bare);
      },
      interpret,
      say: (sentence) => interpret(sentence) ?? sentence,
    };
  }, [loaded]);

  return <I18nContext value={i18n}>{children}</I18nContext>;
}

export function useI18n(): I18n {
  const i18n = useContext(I18nContext);
  if (i18n === null) throw new Error('I18nProvider is missing above this component');
  return i18n;
}
