import { Controller, UseFilters } from '@nestjs/common';
import { declareServicer, recordedOn, restore } from './declaration.js';
import type { ServicerDecorator } from './handler-types.js';
import { Pairing, type Constructor } from './pairing.js';
import { WitnessFilter } from './witness.filter.js';

/** What {@link Servicer} takes beside the schema. */
export interface ServicerOptions {
  /** Leave rpcs without a method: they answer UNIMPLEMENTED. Default false: a missing method is an error. */
  readonly partial?: boolean;
}

/**
 * A class that implements a service. It is an ordinary Nest controller: list it in a module's `controllers`, inject what
 * it needs, bind guards, interceptors, pipes and filters to it.
 *
 * @param source a protobuf-es `DescService`, a grpc-js `ServiceDefinition` (as ts-proto makes them) or a service of a
 *   .proto file loaded at run time
 */
export const Servicer: ServicerDecorator = ((source: object, options: ServicerOptions = {}) =>
  (servicer: Constructor): void => {
    declareServicer(servicer, new Pairing(servicer, source, options).declare());
    const before = recordedOn(servicer);
    Controller()(servicer);
    // a scope that `@Injectable` or `@Controller` below gave the class is still meant
    restore(servicer, before);
    UseFilters(WitnessFilter)(servicer);
  }) as ServicerDecorator;
