/** Starts the operator web app in the language this browser remembers. */
import { registerIx } from './ui/ix';
import './styles/tokens.css';
import './styles/page.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { loadLanguage } from './i18n/I18nProvider';
import { rememberedLanguage } from './settings/browser';

registerIx();
const language = await loadLanguage(rememberedLanguage());
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root"');
createRoot(root).render(<App language={language} />);
