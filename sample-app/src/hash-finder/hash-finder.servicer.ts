import { Logger } from '@nestjs/common';
import { Servicer, ServerStream, ServicerContext, StatusCode, StatusError, Unary } from 'nestjs-servicer';
import type { Reply, Request } from 'nestjs-servicer';
import { HashFinder } from '../gen/hash_name_pb.js';
import { HashSearch } from './hash-search.js';
import { findProblems, findRangeProblems, type HashNameFields } from './request/request-problems.js';
import { ResourceLimitExceeded } from './resource-limit-exceeded.js';
import type { Wanted } from './search/find-matches.js';

/** Serves `hash_name.HashFinder`. A search that its client has given up, in whatever way, stops and frees its slot. */
@Servicer(HashFinder)
export class HashFinderServicer {
  readonly #logger = new Logger(HashFinderServicer.name);

  constructor(private readonly search: HashSearch) {}

  @Unary()
  async find(
    request: Request<typeof HashFinder, 'find'>,
    context: ServicerContext,
  ): Promise<Reply<typeof HashFinder, 'find'>> {
    refuse(findProblems(request));
    try {
      // a search that was stopped has no match, and nobody is left to read the answer
      return (await this.search.find(wanted(request), context.signal)) ?? {};
    } catch (error) {
      this.#cancelIfExhausted(error, context);
      return {};
    }
  }

  @ServerStream()
  async *findRange(
    request: Request<typeof HashFinder, 'findRange'>,
    context: ServicerContext,
  ): AsyncGenerator<Reply<typeof HashFinder, 'findRange'>, void, void> {
    refuse(findRangeProblems(request));
    try {
      yield* this.search.findRange(wanted(request), context.signal);
    } catch (error) {
      this.#cancelIfExhausted(error, context);
    }
  }

  /** The client sees CANCELLED, after the matches found so far. */
  #cancelIfExhausted(error: unknown, context: ServicerContext): void {
    if (!(error instanceof ResourceLimitExceeded)) throw error;
    this.#logger.warn(`Cancelling RPC due to exhausted resources. ${error.message}`);
    context.cancel();
  }
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new StatusError(StatusCode.INVALID_ARGUMENT, problems.join('; '));
}

function wanted(request: HashNameFields): Wanted {
  return {
    name: request.desiredName,
    idealDistance: request.idealHammingDistance,
    interestingDistance: request.interestingHammingDistance,
  };
}
