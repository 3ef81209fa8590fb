from __future__ import annotations

from workstation.core.bus import Bus


class Base:
    pass


class Derived(Base):
    pass


def bus() -> tuple[Bus, list[tuple[object, BaseException]]]:
    errors: list[tuple[object, BaseException]] = []
    return Bus(lambda message, error: errors.append((message, error))), errors


def test_handlers_hear_their_own_type_in_the_order_of_subscription() -> None:
    line, _ = bus()
    heard: list[str] = []
    line.subscribe(Base, lambda message: heard.append("first"))
    line.subscribe(Derived, lambda message: heard.append("derived"))
    line.subscribe(Base, lambda message: heard.append("second"))
    line.publish(Base())
    assert heard == ["first", "second"]
    line.publish(Derived())
    assert heard == ["first", "second", "derived"]
    line.publish("nobody listens")


def test_a_raising_handler_does_not_keep_the_others_from_hearing() -> None:
    line, errors = bus()
    heard: list[object] = []

    def fail(message: object) -> None:
        raise ValueError("broken")

    line.subscribe(Base, fail)
    line.subscribe(Base, heard.append)
    message = Base()
    line.publish(message)
    assert heard == [message]
    assert [(m, str(e)) for m, e in errors] == [(message, "broken")]


def test_unsubscribing_ends_one_handler_and_may_happen_while_publishing() -> None:
    line, _ = bus()
    heard: list[str] = []

    def once(message: object) -> None:
        heard.append("once")
        stop()

    stop = line.subscribe(Base, once)
    line.subscribe(Base, lambda message: heard.append("always"))
    line.publish(Base())
    line.publish(Base())
    assert heard == ["once", "always", "always"]
    stop()
    line.publish(Base())
    assert heard[-1] == "always"
