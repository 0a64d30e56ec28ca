// What both servers serve: one service, one codec, one message.
import { HashFinder } from '../../sample-app/dist/gen/hash_name_pb.js';
import { schemaOf } from 'nestjs-servicer';

export { HashFinder };

export const [find, findRange] = schemaOf(HashFinder).methods;

/** 18 bytes on the wire. */
export const RESPONSE = { secret: 'c2VjcmV0', hashedName: '', hammingDistance: 300 };

/** @param {number} count how many responses a stream has: the field is free for it here */
export const requestBytes = (count) => find.request.encode({ desiredName: 'bench', interestingHammingDistance: count });

/** Tells the parent process what it asks for; ends when the parent does. */
export function reportTo(parent, port, onMessage = () => undefined) {
  parent.on('message', (message) => {
    if (message === 'usage') parent.send({ cpu: process.cpuUsage(), rssBytes: rss() });
    else onMessage(message);
  });
  parent.on('disconnect', () => process.exit(0));
  parent.send({ port });
}

function rss() {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}
