// The base of every ratio: grpc-js as its users write it, with the same codec.
import grpc from '@grpc/grpc-js';
import { find, findRange, reportTo, RESPONSE } from '../service.mjs';

const definition = (method) => ({
  path: method.path,
  requestStream: false,
  responseStream: method.responseStream,
  requestSerialize: (message) => method.request.encode(message),
  requestDeserialize: (bytes) => method.request.decode(bytes),
  responseSerialize: (message) => method.response.encode(message),
  responseDeserialize: (bytes) => method.response.decode(bytes),
});

const server = new grpc.Server();
server.addService(
  { find: definition(find), findRange: definition(findRange) },
  {
    find: (call, callback) => callback(null, RESPONSE),
    findRange(call) {
      const count = call.request.interestingHammingDistance;
      let sent = 0;
      const send = () => {
        while (sent < count) {
          sent += 1;
          if (!call.write(RESPONSE)) return call.once('drain', send);
        }
        call.end();
      };
      send();
    },
  },
);
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  reportTo(process, port);
});
