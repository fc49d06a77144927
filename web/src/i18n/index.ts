// Texts of the console. A page's texts are in files of their own,
// en/<namespace>.json and de/<namespace>.json, which are loaded with the page.
import i18next, { type BackendModule } from 'i18next';
import { initReactI18next } from 'react-i18next';

const files = import.meta.glob<{ default: Record<string, unknown> }>('./{en,de}/*.json');

const backend: BackendModule = {
  type: 'backend',
  init() {},
  read(language, namespace, done) {
    const load = files[`./${language}/${namespace}.json`];
    if (!load) {
      done(new Error(`no texts ${language}/${namespace}`), null);
      return;
    }
    load().then(
      (m) => done(null, m.default),
      (e: Error) => done(e, null),
    );
  },
};

export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

/** The language a person chose, else the browser's, else English. */
function preferredLanguage(): Language {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem('edgeward.language');
  } catch {
    // Without storage the browser's language counts.
  }
  const wanted = chosen ? [chosen] : navigator.languages;
  for (const tag of wanted) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short in languages) return short as Language;
  }
  return 'en';
}

/** The language as this browser's region writes dates and numbers: en-GB where that is what it prefers. */
function regional(language: Language): string {
  return navigator.languages.find((tag) => tag.slice(0, 2).toLowerCase() === language) ?? language;
}

/** Loads the common texts; to be awaited before the first render. */
export async function startTexts(): Promise<void> {
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: regional(preferredLanguage()),
      load: 'languageOnly',
      fallbackLng: false,
      ns: ['common', 'parts'],
      defaultNS: 'common',
      interpolation: { escapeValue: false }, // React escapes
      react: { useSuspense: true },
    });
  document.documentElement.lang = i18next.language;
}

/** Changes the language and remembers it in this browser. */
export async function setLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem('edgeward.language', language);
  } catch {
    // It lasts until the page is closed then.
  }
  await i18next.changeLanguage(regional(language));
  document.documentElement.lang = i18next.language;
}

export { i18next };
