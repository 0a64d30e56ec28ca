import type { MetadataValue } from 'nestjs-servicer';

const GREETINGS = { en: 'Hi', de: 'Hallo', fr: 'Salut' } as const;

/** A language that the greeter speaks. */
export type Language = keyof typeof GREETINGS;

/** The language that an `accept-language` names first, if it is one of ours. Default English. */
export function languageFor(accepted: MetadataValue | undefined): Language {
  const wanted = typeof accepted === 'string' ? accepted.slice(0, 2).toLowerCase() : '';
  return isLanguage(wanted) ? wanted : 'en';
}

export function greetingFor(name: string, language: Language): string {
  const greeting = GREETINGS[language];
  return name === '' ? `${greeting}!` : `${greeting}, ${name}!`;
}

function isLanguage(text: string): text is Language {
  return Object.hasOwn(GREETINGS, text);
}
