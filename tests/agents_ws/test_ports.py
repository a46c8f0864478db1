import inspect

from agents_ws.ports import Gateway
from tests.agents_ws.scripted import ScriptedGateway


def test_the_scripted_gateway_has_the_shape_of_the_port() -> None:
    gateway: Gateway = ScriptedGateway()
    for name, method in inspect.getmembers(Gateway, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(method).parameters.keys() - {"self"} == (
                inspect.signature(getattr(gateway, name)).parameters.keys()
            )
