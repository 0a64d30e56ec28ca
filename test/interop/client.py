"""A Python grpcio client of the sample: runs one scenario and prints what it saw as JSON.

Usage: client.py DESCRIPTORS TARGET SCENARIO
DESCRIPTORS is a file with a FileDescriptorSet (buf build -o).
"""

import json
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, message_factory

WATCHDOG_SECONDS = 30

# the search order is fixed, so how many hashes a name takes is too: about a million and a half here
SECONDS_LONG = "aaaaa"


def load_messages(path):
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as stream:
        files.ParseFromString(stream.read())
    return message_factory.GetMessages(files.file)


class Sample:
    def __init__(self, messages, target):
        self.channel = grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)])
        self.request = messages["hash_name.HashNameRequest"]
        self.hi_request = messages["servicer.sample.v1.HiRequest"]
        self.chat_request = messages["servicer.sample.v1.StreamingHiRequest"]
        found = messages["hash_name.HashNameResponse"].FromString
        serialize = lambda message: message.SerializeToString()
        self.find = self.channel.unary_unary("/hash_name.HashFinder/Find", serialize, found)
        self.find_range = self.channel.unary_stream("/hash_name.HashFinder/FindRange", serialize, found)
        self.hi = self.channel.unary_unary(
            "/servicer.sample.v1.Greeter/Hi", serialize, messages["servicer.sample.v1.HiResponse"].FromString
        )
        self.streaming_hi = self.channel.stream_stream(
            "/servicer.sample.v1.Greeter/StreamingHi",
            serialize,
            messages["servicer.sample.v1.StreamingHiResponse"].FromString,
        )


def status(call):
    return {"code": call.code().name, "details": call.details()}


def found(response):
    return {"secret": response.secret, "hash": response.hashed_name, "distance": response.hamming_distance}


def pairs(metadata):
    return [[key, value.hex() if isinstance(value, bytes) else value] for key, value in metadata]


def drained(call):
    """Every response and how the call ended."""
    responses = []
    try:
        for response in call:
            responses.append(found(response))
    except grpc.RpcError:
        pass
    return {"responses": responses, **status(call)}


def outcome(work):
    try:
        return {"code": "OK", "response": found(work())}
    except grpc.RpcError as error:
        return status(error)


def find_aa(sample):
    response, call = sample.find.with_call(sample.request(desired_name="aa"), timeout=WATCHDOG_SECONDS)
    return {**status(call), "response": found(response)}


def find_range(sample):
    request = sample.request(desired_name="aa", ideal_hamming_distance=0, interesting_hamming_distance=1)
    return drained(sample.find_range(request, timeout=WATCHDOG_SECONDS))


def metadata(sample):
    sent = (("accept-language", "de-DE"), ("trace-bin", b"\x00\xff"))
    response, call = sample.hi.with_call(sample.hi_request(name="Zoë"), metadata=sent, timeout=WATCHDOG_SECONDS)
    return {
        **status(call),
        "message": response.message,
        "initial": pairs(call.initial_metadata()),
        "trailing": pairs(call.trailing_metadata()),
    }


def chat(sample):
    names = ["Ada", "Grace"]
    call = sample.streaming_hi((sample.chat_request(name=name) for name in names), timeout=WATCHDOG_SECONDS)
    messages = [response.message for response in call]
    return {**status(call), "messages": messages}


def deadline(sample):
    endless = sample.request(desired_name="aaaaaaaaaa")
    return outcome(lambda: sample.find(endless, timeout=0.3))


def bad_input(sample):
    requests = {
        "empty": sample.request(desired_name=""),
        "long": sample.request(desired_name="a" * 29),
        "negative": sample.request(desired_name="aa", ideal_hamming_distance=-1),
        "absurd": sample.request(desired_name="aa", ideal_hamming_distance=2),
        "characters": sample.request(desired_name="a!"),
    }
    return {name: outcome(lambda: sample.find(request, timeout=WATCHDOG_SECONDS)) for name, request in requests.items()}


def cancel_frees_the_slot(sample):
    """A13 b: an endless search holds the only slot until its client cancels."""
    endless = sample.request(desired_name="aaaaaaaaaa", interesting_hamming_distance=8)
    searching = sample.find_range(endless, timeout=WATCHDOG_SECONDS)
    next(searching)  # the search runs: its first find is here
    refused = outcome(lambda: sample.find(sample.request(desired_name="aa"), timeout=WATCHDOG_SECONDS))
    searching.cancel()
    cancelled = drained(searching)["code"]
    # the slot is free when the search has stopped: soon, not at once
    stopped = threading.Event()
    for _ in range(200):
        after = outcome(lambda: sample.find(sample.request(desired_name="aa"), timeout=WATCHDOG_SECONDS))
        if after["code"] != "RESOURCE_EXHAUSTED":
            break
        stopped.wait(0.01)
    return {"refused": refused, "cancelled": cancelled, "after": after}


def server_cancels(sample):
    """At the maximum the servicer ends the call; what was found before arrives."""
    unlikely = sample.request(desired_name="aaaaaaaaaa", interesting_hamming_distance=7)
    ranged = drained(sample.find_range(unlikely, timeout=WATCHDOG_SECONDS))
    ranged["responses"] = len(ranged["responses"])
    single = outcome(lambda: sample.find(sample.request(desired_name="aaaaaaaaaa"), timeout=WATCHDOG_SECONDS))
    return {"range": ranged, "find": single}


def wait_for_answer(sample):
    """Starts an open conversation, says so, and tells how it ended when the server stopped."""
    name_given = threading.Event()

    def names():
        yield sample.chat_request(name="Ada")
        name_given.wait(WATCHDOG_SECONDS)

    call = sample.streaming_hi(names(), timeout=WATCHDOG_SECONDS)
    first = next(call).message
    print("started", flush=True)
    try:
        for _ in call:
            pass
    except grpc.RpcError:
        pass
    name_given.set()
    return {"first": first, **status(call)}


def finish_under_way(sample):
    """Starts a search of some seconds, says so once its first find is here, and tells what came of it."""
    request = sample.request(desired_name=SECONDS_LONG, interesting_hamming_distance=1)
    searching = sample.find_range(request, timeout=WATCHDOG_SECONDS)
    next(searching)
    print("started", flush=True)
    rest = drained(searching)
    return {"code": rest["code"], "last": rest["responses"][-1:]}


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (
        find_aa,
        find_range,
        metadata,
        chat,
        deadline,
        bad_input,
        cancel_frees_the_slot,
        server_cancels,
        wait_for_answer,
        finish_under_way,
    )
}

if __name__ == "__main__":
    descriptors, target, scenario = sys.argv[1:]
    sample = Sample(load_messages(descriptors), target)
    print(json.dumps(SCENARIOS[scenario](sample)), flush=True)
    sample.channel.close()
