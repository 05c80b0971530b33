"""Many sockets come, go, are cut and come back while events flow: nothing is left of them."""

import asyncio
import gc
import random
import weakref

import psutil

from tests.gateway.site import Site, ids, run, running, say
from vasistas.gateway.server import GatewayProtocol

ROUNDS = 6
AT_ONCE = 25


async def visit(site: Site, dice: random.Random) -> None:
    async with site.client() as client:
        if dice.random() < 0.2:
            client.transport.abort()  # gone before it wanted anything
            return
        await site.subscribed(client, "room:1")
        say(dice.randrange(1_000))
        await ids(client, 1)
        if dice.random() < 0.5:
            client.transport.abort()


def test_churn_leaves_nothing_behind() -> None:
    seen: weakref.WeakSet[GatewayProtocol] = weakref.WeakSet()
    dice = random.Random(2)

    async def scenario() -> None:
        async with running() as site:
            join = site.gateway.hub.join

            def noted(outlet: GatewayProtocol, *, now: float) -> object:
                seen.add(outlet)
                return join(outlet, now=now)

            site.gateway.hub.join = noted  # type: ignore[method-assign,assignment]  # only looks on
            await visit(site, dice)
            await site.is_empty()
            files = psutil.Process().num_fds()
            for _ in range(ROUNDS):
                await asyncio.gather(*(visit(site, dice) for _ in range(AT_ONCE)))
            await site.is_empty()
            assert psutil.Process().num_fds() <= files + 1  # the loop may keep one spare
            gc.collect()
            assert len(seen) == 0

    run(scenario())
