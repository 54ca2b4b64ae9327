"""What scripts/services does with the servers that it is told. Each verb returns the exit code."""

import shlex
import time
from concurrent.futures import ThreadPoolExecutor

from services_lib.catalog import KINDS
from services_lib.rabbitmq import CLUSTER, check_wipe, join_cluster


def start(services, start_one):
    """Starts them side by side: the nodes of a cluster wait for each other. Returns what start_one said of each."""
    with ThreadPoolExecutor(max_workers=len(services)) as pool:
        started = dict(zip(services, pool.map(start_one, services)))
    nodes = [service for service in services if service.name in CLUSTER]
    if len(nodes) == len(CLUSTER) and any(started[node] for node in nodes):
        join_cluster(nodes)
    return started


def up(catalog, names):
    def start_one(service):
        began = time.monotonic()
        started = service.up()
        took = f"ready after {time.monotonic() - began:.1f} s" if started else "runs"
        print(f"{service.name}  {took}  {service.url()}", flush=True)
        return started
    start(catalog.services(names), start_one)
    return 0


def _each(verb):
    def run(catalog, names):
        for service in catalog.services(names):
            getattr(service, verb)()
        return 0
    return run


def wipe(catalog, names):
    check_wipe(catalog.services(names))
    return _each("wipe")(catalog, names)


def status(catalog, names):
    services = catalog.services(names or KINDS)
    width = max(len(service.name) for service in services)
    for service in services:
        print(f"{service.name:{width}}  {service.status()}")
    return 0 if not names or all(service.process() for service in services) else 1


def env(catalog, names):
    for service in catalog.services(names or KINDS):
        if names or service.process():
            for name, value in service.variables().items():
                print(f"export {name}={shlex.quote(value)}")
    return 0


VERBS = {
    "up": up, "down": _each("down"), "kill": _each("kill"), "wipe": wipe, "stop": _each("stop"),
    "cont": _each("cont"), "status": status, "env": env,
}
