"""locust's entry: a scenario lived through against a running server on this machine.

    python -m loadtests.run crowded_line              # starts a server with the scenario's site, runs, judges, reports
    locust -f loadtests/locustfile.py --scenario crowded_line --host http://127.0.0.1:8080 --sip-port 5060

The second form needs a server that runs with the scenario's site (`python -m loadtests.run --only-site DIR`). Only
loopback is ever loaded.
"""

import ipaddress
import json
import resource
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
from locust import events

from loadtests.arrivals import drawn, most_at_once
from loadtests.crew import Agent
from loadtests.crowd import Crowd
from loadtests.plan import Plan, load_plan
from loadtests.pulse import Pulse
from loadtests.result import summarise
from loadtests.sip_line import SipLine
from loadtests.supervisors import Supervisor
from loadtests.tally import Customer, Tally
from sip import events as sip

# Sockets of agents, visitors and the generator's own.
SPARE_FILES = 200
# These say themselves which of their failures are errors of the run.
OWN_KINDS = ("WS", "SIP", "SIPp", "chat")


class Load:
    """What the users of one run share."""

    def __init__(self, plan: Plan, environment: Any, sip_port: int) -> None:
        self.plan = plan
        self.tally = Tally()
        self.work = {work.name: work for work in plan.scenario.work}
        self.group_of = {agent: group for group in plan.scenario.groups for agent in group.plans}
        self.free_agents = iter(self.group_of)
        self.phones: dict[str, Agent] = {}
        self.calls: dict[str, Customer] = {}
        self.line = SipLine(sip_port, self._sip_event)
        self.finished = False
        self.host: str = environment.host or ""
        self.pulse = Pulse(self.tally)
        self.used: dict[str, Any] = {}
        self._environment = environment
        self._began = gevent.event.Event()

    def wait_for_crew(self, limit_s: float) -> None:
        """Until everybody who works at the beginning is ready."""
        start = self.plan.scenario.start_us
        first = [
            agent
            for agent, group in self.group_of.items()
            if (spells := group.plans[agent].spells) and spells[0].from_us <= start
        ]
        until = time.monotonic() + limit_s
        while any(not self.tally.ready[agent] for agent in first):
            if time.monotonic() > until:
                missing = [agent for agent in first if not self.tally.ready[agent]]
                raise SystemExit(f"not ready within {limit_s:.0f} s: {', '.join(missing[:10])}")
            gevent.sleep(0.1)

    def begin(self, zero_s: float) -> None:
        """Second 0 is then (monotonic)."""
        self.tally.began = zero_s
        self._ticks = self.pulse.start()
        self._began.set()

    def sleep_until(self, at_us: int) -> None:
        """Until a time of the scenario; what comes before its beginning is at once."""
        at_s = (at_us - self.plan.scenario.start_us) / 1e6
        if at_s <= 0:
            return
        self._began.wait()
        gevent.sleep(max(0.0, at_s - self.tally.now()))

    def finish(self) -> None:
        """The last customer is gone."""
        self._ticks.kill()
        self.used = self.pulse.used()
        self.finished = True

    def fire(self, kind: str, name: str, began: float, error: Exception | None = None) -> None:
        """A measurement for locust's statistics and charts, from `began` (monotonic seconds) until now."""
        self.fire_ms(kind, name, max(0.0, time.monotonic() - began) * 1000, error)

    def fire_ms(self, kind: str, name: str, milliseconds: float, error: Exception | None = None) -> None:
        """The same in milliseconds."""
        self._environment.events.request.fire(
            request_type=kind, name=name, response_time=milliseconds, response_length=0, exception=error, context={}
        )

    def heard(self, request_type: str, name: str, response_time: float, exception: object = None, **_: object) -> None:
        """Every measurement that locust takes, its own HTTP requests too, is kept by second for the report."""
        self.tally.sample(f"{request_type} {name}", response_time)
        if exception is not None and request_type not in OWN_KINDS:
            self.tally.errors[f"{request_type} {name}: {exception}"] += 1

    def _sip_event(self, event: sip.SipEvent) -> None:
        match event:
            case sip.CallReceived(to_user=phone) if phone in self.phones:
                self.phones[phone].rung(event)
            case sip.CallAnswered(call=call) if call in self.calls:
                self.fire("SIP", "INVITE to 200", self.tally.began + self.calls[call].arrived_s)
            case sip.CallFailed(call=call) if call in self.calls:
                self.calls[call].error = f"call failed: {event.code} {event.reason}"
                self.calls.pop(call).over.set()
            case sip.CallEnded(call=call) if call in self.calls:
                self.calls.pop(call).over.set()
            case _:
                return


def arguments(parser: Any) -> None:
    """locust's own command line with ours."""
    parser.add_argument("--scenario", default="ordinary_day", help="a name in loadtests/scenarios, or a path")
    parser.add_argument("--sip-port", type=int, default=5060, help="the server's SIP port")
    parser.add_argument("--result", default="", help="where to write the run as JSON")


def prepare(environment: Any, **_: object) -> None:
    """Checks the target and the limits, and shares the run with all users."""
    only_this_machine(environment.host)
    options = environment.parsed_options
    plan = load_plan(options.scenario)
    agents = len(plan.scenario.policy.agents)
    if any(plan.callers(work.name) == "sipp" for work in plan.scenario.work) and shutil.which("sipp") is None:
        raise SystemExit("this run needs SIPp, which is not here (make tools)")
    enough_files(agents + 2 * most_at_once(customer for _, customer in drawn(plan)))
    load = Load(plan, environment, options.sip_port)
    environment.load = load
    environment.events.request.add_listener(load.heard)
    for kind in (Agent, Crowd, Supervisor):
        kind.load = load
    # The runner has counted the users already when the first of them starts.
    Agent.fixed_count = agents


def write(environment: Any, **_: object) -> None:
    """The run as JSON, for `loadtests.run` to judge."""
    load = getattr(environment, "load", None)
    if load is None:
        return
    load.line.close()
    summary = summarise(load.plan, load.tally, finished=load.finished, generator=load.used)
    if environment.parsed_options.result:
        Path(environment.parsed_options.result).write_text(json.dumps(summary), encoding="utf-8")
    environment.process_exit_code = 0 if load.finished else 1


def only_this_machine(host: str | None) -> None:
    """Ends the run before it begins when the host is not on loopback. Raises SystemExit."""
    name = urlsplit(host or "").hostname or ""
    try:
        local = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        local = False
    if not local:
        raise SystemExit(f"{name or 'nowhere'} is not this machine: load tests go to loopback only")


def enough_files(sockets: float) -> None:
    """Raises the limit of open files as far as it goes. Raises SystemExit when that is not enough."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    needed = round(sockets) + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"this run may need {needed} open files, the limit is {hard} (ulimit -n)")


# locust has no types here, so that decorators would take ours away.
events.init_command_line_parser.add_listener(arguments)  # type: ignore[no-untyped-call]
events.test_start.add_listener(prepare)  # type: ignore[no-untyped-call]
events.quitting.add_listener(write)  # type: ignore[no-untyped-call]

__all__ = ["Agent", "Crowd", "Load", "Supervisor"]
