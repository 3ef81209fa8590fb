"""A program that loads a key as live trading does, and then lets everything go wrong that could show it."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading

import aiohttp

from tests.unit.venues.exchange.fake_binance import exchange_settings
from workstation.core.clock import WallClock
from workstation.core.errors import WorkstationError
from workstation.core.redaction import scrub
from workstation.core.types import Mode
from workstation.storage.secrets import load_credentials
from workstation.venues.exchange.connection.client import ExchangeClient


async def main(address: str, log_file: str) -> None:
    """Write everything that there is to write at the most talkative level."""
    logging.basicConfig(level=logging.DEBUG, filename=log_file)
    logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
    logging.getLogger("workstation.exchange.ccxt").setLevel(logging.DEBUG)
    credentials = load_credentials(Mode.LIVE, "planted", "binance")
    print(credentials, repr(credentials), [credentials])
    logging.debug("signing with %s", credentials.secret)
    client = ExchangeClient(exchange_settings(address), credentials, WallClock())
    client.ccxt.verbose = True
    for question in (client.open, client.ccxt.fetch_balance):
        try:
            await question()
        except WorkstationError as error:
            print(scrub(str(error)))
        except Exception:
            logging.exception("the exchange did not answer")
    await client.close()
    # Whatever else talks to an exchange with the key, as a library of somebody else's might.
    try:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:1/?apiKey={credentials.key}&signature={credentials.secret}"
            await session.get(url, headers={"X-MBX-APIKEY": credentials.key})
    except aiohttp.ClientError as error:
        logging.warning("refused %r for %s", error, url, exc_info=True)

    def raise_it() -> None:
        raise RuntimeError(f"in a thread, with {credentials.secret} and {credentials.password}")

    thread = threading.Thread(target=raise_it)
    thread.start()
    thread.join()
    asyncio.get_running_loop().call_soon(raise_it)
    await asyncio.sleep(0)
    raise RuntimeError(f"uncaught, with {credentials.secret}") from ValueError(credentials.key)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
