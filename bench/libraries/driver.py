"""Uses one telemetry library as a program would: `driver.py LIBRARY VERB [URL [N]]`.

LIBRARY is a module use_LIBRARY.py beside this file with start(url, roomy), emit(client, i) and
stop(client); or `bare`, which does nothing and is what the others are measured against.

    run      emits N events and ends as the library's manual says
    kill     emits N events and is killed
    calls    times N calls one by one; prints JSON
    memory   emits N events and prints this process's memory; JSON
    drain    emits N events into queues that have room for them; prints the seconds until
             the library says that all is sent; JSON
"""

import os
import sys


def print_calls(emit, client, count):
    import time

    clock = time.perf_counter_ns
    took = []
    for i in range(count):
        before = clock()
        emit(client, i)
        took.append(clock() - before)
    took.sort()
    print(f'{{"median_ns": {took[count // 2]}, "p99_ns": {took[count * 99 // 100]}}}', flush=True)
    # What is queued for a server that isn't there is of no interest.
    os._exit(0)


def print_memory():
    kib = {}
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(("VmRSS", "VmHWM")):
                kib[line[:5]] = int(line.split()[1])
    print(f'{{"now_kib": {kib["VmRSS"]}, "peak_kib": {kib["VmHWM"]}}}', flush=True)


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
            print_memory()
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
    if verb == "memory":
        print_memory()
    library.stop(client)


if __name__ == "__main__":
    main()
