"""What trades do to balances, in exact decimals; no float of any client gets in here."""

from decimal import ROUND_DOWN, Decimal

import venues

UNIT = Decimal("0.00000001")
PRICE_STEP = Decimal("0.01")
MAKER = Decimal(venues.MAKER_BPS) / 10_000
TAKER = Decimal(venues.TAKER_BPS) / 10_000


def commission(side, price, quantity, rate):
    """What a fill costs, in what its order receives, down to the unit of the asset."""
    received = quantity if side == "BUY" else price * quantity
    return (received * rate).quantize(UNIT, ROUND_DOWN)


def change(fills):
    """What fills `(side, price, quantity, commission)` do to USDT and to BTC."""
    usdt = btc = Decimal(0)
    for side, price, quantity, paid in fills:
        if side == "BUY":
            usdt, btc = usdt - price * quantity, btc + quantity - paid
        else:
            usdt, btc = usdt + price * quantity - paid, btc - quantity
    return usdt, btc
