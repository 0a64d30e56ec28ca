// The package's README is the repository's, with links as they are from here.
import { readFileSync, writeFileSync } from 'node:fs';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
writeFileSync(new URL('README.md', import.meta.url), readme.replaceAll('(framework/docs/', '(docs/'));
