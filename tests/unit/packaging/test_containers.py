"""What the containers are made of: pinned, confined, and of one mind with the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from workstation.core.clock import WallClock
from workstation.messaging.bodies import ServiceHealthBody
from workstation.messaging.link import Address, NatsLink
from workstation.messaging.roles import NatsRole
from workstation.services.engine_client import EngineClient
from workstation.services.ops.engine_watch import EngineWatch
from workstation.services.ops.event_hub import EventHub
from workstation.services.ops.metrics import _ACCOUNT, _HEALTH, OpsMetrics

ROOT = Path(__file__).parents[3]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "packaging" / "Dockerfile").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
OURS = [name for name, service in SERVICES.items() if "trading-workstation" in service["image"]]
PINNED = r"[a-z/]+:v?\d[\w.-]*@sha256:[0-9a-f]{64}"


def test_images_are_pinned_by_tag_and_digest() -> None:
    base = re.search(r"^ARG PYTHON_IMAGE=(.*)$", DOCKERFILE, re.MULTILINE)
    assert base is not None and re.fullmatch(PINNED, base[1])
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    for name, service in SERVICES.items():
        if name in OURS:
            assert service["build"]["args"]["PYTHON_IMAGE"] == f"${{PYTHON_IMAGE:-{base[1]}}}"
        else:
            assert re.fullmatch(rf"\$\{{[A-Z]+_IMAGE:-{PINNED}\}}", service["image"]), name


def test_the_image_has_the_packages_of_the_lock_less_qt() -> None:
    def packages(name: str) -> set[str]:
        text = (ROOT / "packaging" / "requirements" / name).read_text()
        return set(re.findall(r"^([a-z0-9-]+==.*?) *\\$", text, re.MULTILINE))

    services, runtime = packages("services.txt"), packages("runtime.txt")
    left_out = {line.partition("==")[0] for line in runtime - services}
    assert services < runtime and left_out == {"pyside6-essentials", "shiboken6", "pyqtgraph", "qasync"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not re.match(r"(0|root)\b", service["user"])
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")


def test_a_service_is_given_its_own_password_alone() -> None:
    for name in OURS:
        passwords = {key: value for key, value in SERVICES[name].get("environment", {}).items() if "PASSWORD" in key}
        if name == "sandbox":
            assert not passwords
        else:
            assert passwords == {"WORKSTATION_NATS_PASSWORD": f"${{NATS_PASSWORD_{name.upper()}}}"}
            assert SERVICES[name]["environment"]["WORKSTATION_NATS_USER"] == name
    keys = [name for name in OURS if "WORKSTATION_KEY_MAIN" in SERVICES[name].get("environment", {})]
    assert keys == ["execution"]
    told = {key for key in SERVICES["nats"]["environment"] if key.startswith("NATS_PASSWORD_")}
    assert told == {f"NATS_PASSWORD_{role.upper()}" for role in NatsRole}


def test_the_example_names_every_variable_and_holds_no_secret() -> None:
    example = (ROOT / ".env.example").read_text()
    named = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE)) == set(named)
    for name, value in named.items():
        assert not value or name.endswith("_PORT") or name == "WORKSTATION_PROFILE", name


def test_a_made_file_keeps_what_is_known_and_makes_the_rest(make_env: Any) -> None:
    example = (ROOT / ".env.example").read_text()
    known = {"NATS_PASSWORD_FEED": "skept", "OPS_PORT": "8701", "WORKSTATION_KEY_MAIN": ""}
    text = make_env.env_text(example, known, 1000, 100)
    told = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    assert (told["NATS_PASSWORD_FEED"], told["OPS_PORT"], told["WORKSTATION_UID"]) == ("skept", "8701", "1000")
    secrets = [told[f"NATS_PASSWORD_{role.upper()}"] for role in NatsRole if role is not NatsRole.FEED]
    secrets += [told[f"WORKSTATION_OPS_TOKEN_{role}"] for role in ("VIEWER", "TRADER", "ADMIN")]
    assert len(set(secrets)) == len(secrets) and all(re.fullmatch(r"s[0-9a-f]{48}", secret) for secret in secrets)
    assert told["WORKSTATION_KEY_MAIN"] == "" == told["NATS_IMAGE"]
    assert make_env.env_text(example, told, 1, 1) == text


def test_the_made_file_is_its_owners_alone(make_env: Any, tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text())
    file = make_env.make_env(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    told = make_env.read_env(file)
    assert told["WORKSTATION_UID"] != "0"
    mounted = {volume.split(":")[0] for name in OURS for volume in SERVICES[name]["volumes"]} | {"./data/nats"}
    for place in mounted - {"./config"}:
        folder = tmp_path / place
        assert folder.is_dir() and folder.stat().st_uid == int(told["WORKSTATION_UID"]), place


async def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    link = NatsLink(Address(("nats://127.0.0.1:1",)), "test", "test-1", WallClock().now_ns, 1 << 20)
    hub = EventHub("test", lambda: 5_000_000_000)
    watch = EngineWatch(EngineClient(link, None, lambda: 0), hub)  # type: ignore[arg-type]
    watch.answered_ns = 1
    watch.account = dict.fromkeys(_ACCOUNT, 1)
    watch.health = dict.fromkeys(_HEALTH, 1)
    watch.risk = {"limits": [{"name": "Drawdown", "use": 0.5}]}
    body = ServiceHealthBody(
        service="feed",
        state="running",
        detail="",
        version="1",
        started="2024-01-01T00:00:00Z",
        messages=0,
        refused=0,
        gaps=0,
    )
    watch.services = {"feed": (1, body)}
    metrics = OpsMetrics(link, hub, watch, lambda: 0)
    metrics.count("GET", 200)
    there = set(re.findall(r"^(workstation_\w+)", metrics.text().decode(), re.MULTILINE))
    dashboard = json.loads((ROOT / "packaging" / "monitoring" / "dashboards" / "workstation.json").read_text())
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"workstation_\w+", target["expr"])
    }
    assert len(asked) > 20 and asked <= there
