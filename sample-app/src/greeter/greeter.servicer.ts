import { BidiStream, Servicer, ServicerContext, Unary, type Reply, type Request } from 'nestjs-servicer';
import { Greeter } from '../gen/greeter_pb.js';
import { greetingFor, languageFor } from './greeting.js';

/** Serves `servicer.sample.v1.Greeter`: the smallest servicer with a unary and a bidirectional method. */
@Servicer(Greeter)
export class GreeterServicer {
  #greetings = 0;

  /** Greets in the language that the client's metadata asks for; says which that was, and how many greetings there were. */
  @Unary()
  hi({ name }: Request<typeof Greeter, 'hi'>, context: ServicerContext): Reply<typeof Greeter, 'hi'> {
    const language = languageFor(context.invocationMetadata().get('accept-language'));
    this.#greetings += 1;
    context.sendInitialMetadata({ 'content-language': language });
    // a name is no ASCII, so it travels as bytes
    context.setTrailingMetadata({ 'greetings-served': String(this.#greetings), 'greeted-bin': Buffer.from(name) });
    return { message: greetingFor(name, language) };
  }

  /** Answers each greeting before it takes the next. When the client cancels, the loop throws and the generator is over. */
  @BidiStream()
  async *streamingHi(
    requests: AsyncIterable<Request<typeof Greeter, 'streamingHi'>>,
  ): AsyncGenerator<Reply<typeof Greeter, 'streamingHi'>, void, void> {
    for await (const { name } of requests) yield { message: greetingFor(name, 'en') };
  }
}
