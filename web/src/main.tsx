import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './theme/global.css';
import { createRoot } from 'react-dom/client';
import { hub, queryClient } from './api/client';
import { loadSession, sessionKey } from './api/session';
import { App } from './app/App';
import { cspNonce } from './app/nonce';
import { makeRouter } from './app/routes';
import { startTexts } from './i18n';

// Libraries that make style elements of their own look for this name.
Object.assign(globalThis, { __webpack_nonce__: cspNonce() });

// Who is logged in, the texts and the code of the screen are asked for side by side.
const texts = startTexts();
void queryClient.prefetchQuery({ queryKey: sessionKey, queryFn: loadSession, staleTime: Infinity });
// So is what the first screen shows, which the hub has to work for.
if (location.pathname === '/') void queryClient.prefetchQuery(hub.queryOptions('get', '/api/v1/overview'));
const router = makeRouter(texts);

const root = document.getElementById('root');
if (root) void texts.then(() => createRoot(root).render(<App router={router} />));
