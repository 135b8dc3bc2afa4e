"""Uses one telemetry library as a program would: `driver.py LIBRARY VERB [URL [N]]`.

LIBRARY is a module use_LIBRARY.py beside this file with start(url, roomy), emit(client, i) and
stop(client); or `bare`, which does nothing and is what the others are measured against.

    run      emits N events and ends as the library's manual says
    kill     emits N events and is killed
    calls    times N calls one by one, and as many readings of the clock alone; JSON
    memory   emits N events; prints the memory of this process after them, and its peak when
             the library has stopped; JSON
    drain    emits N events into queues that have room for them; prints the seconds until
             the library says that all is sent; JSON
"""

import os
import sys


def timed(call, client, count):
    import time

    clock = time.perf_counter_ns
    took = []
    for i in range(count):
        before = clock()
        call(client, i)
        took.append(clock() - before)
    return sorted(took)


def print_calls(emit, client, count):
    took = timed(emit, client, count)
    alone = timed(lambda client, i: None, client, count)
    print(
        f'{{"median_ns": {took[count // 2]}, "p99_ns": {took[count * 99 // 100]}, '
        f'"clock_ns": {alone[count // 2]}}}',
        flush=True,
    )
    # What is queued for a server that isn't there is of no interest.
    os._exit(0)


def kib(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name))


def print_memory(now):
    print(f'{{"now_kib": {now}, "peak_kib": {kib("VmHWM")}}}')


def print_drain(library, client, count):
    import time

    before = time.perf_counter()
    for i in range(count):
        library.emit(client, i)
    library.stop(client)
    print(f'{{"seconds": {time.perf_counter() - before:.4f}}}')


def main():
    name, verb, url, count = (sys.argv[1:] + ["", "0"])[:4]
    if name == "bare":
        if verb == "memory":
            print_memory(kib("VmRSS"))
        return
    library = __import__("use_" + name)
    client = library.start(url, verb == "drain")
    count = int(count)
    if verb == "calls":
        print_calls(library.emit, client, count)
    if verb == "drain":
        print_drain(library, client, count)
        return
    for i in range(count):
        library.emit(client, i)
    if verb == "kill":
        os.kill(os.getpid(), 9)
    now = kib("VmRSS") if verb == "memory" else 0
    library.stop(client)
    if verb == "memory":
        print_memory(now)


if __name__ == "__main__":
    main()
