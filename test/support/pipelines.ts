import type { NestInterceptor } from '@nestjs/common';
import { tap } from 'rxjs';

/**
 * What may be around a handler. With nothing of the user's its result goes straight to the call; behind an interceptor
 * every message passes through Nest's Observables.
 */
export const PIPELINES: readonly { readonly pipeline: string; readonly interceptors: readonly NestInterceptor[] }[] = [
  { pipeline: 'nothing of the user’s around it', interceptors: [] },
  { pipeline: 'behind an interceptor', interceptors: [{ intercept: (_context, next) => next.handle().pipe(tap()) }] },
];
