import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './theme/global.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { cspNonce } from './app/nonce';
import { startTexts } from './i18n';

// Libraries that make style elements of their own look for this name.
Object.assign(globalThis, { __webpack_nonce__: cspNonce() });

const root = document.getElementById('root');
if (root) void startTexts().then(() => createRoot(root).render(<App />));
