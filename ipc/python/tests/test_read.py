"""Values: exact by default, raw on request, names for numbers; whole or not at all."""

from decimal import Decimal

import pytest

import crosstick


def test_values_are_exact_decimals_at_each_rows_own_scale(make, attach):
    maker = make()
    maker.set("prices", 0, bid=6000001, bid_quantity=150000, ask=6000102, quote_recv_ns=7, flags=5)
    maker.set("prices", 1, bid=1234, bid_quantity=9, exchange_offset_us=-3)
    row, other, unset = attach().prices
    assert (row.bid, row["ask"], row.bid_quantity) == (Decimal("60000.01"), Decimal("60001.02"), Decimal("1.5"))
    assert str(row.bid_quantity) == "1.50000", "the scale is kept"
    assert other.bid == Decimal("0.00001234") and other.bid_quantity == 9 and other.exchange_offset_us == -3
    assert (row.index, other.index, unset.index) == (0, 1, 2) and unset.bid == 0
    assert row.flags == ("has_quote", "usable") and unset.flags == ()
    assert (row.instrument, other.instrument, unset.instrument) == ("alpha:BTCUSDT", "beta:PEPEUSDT", "beta:BTCUSD_PERP")


def test_raw_and_float_values_on_request(make, attach):
    make().set("prices", 0, bid=6000001, flags=5)
    region = attach()
    raw = region.prices.row(0, values="raw")
    assert (raw.bid, raw.flags) == (6000001, 5) and "instrument" not in raw
    assert region.prices.row(0, values="float").bid == 60000.01
    with pytest.raises(ValueError, match="exact"):
        region.prices.rows(values="nearly")


@pytest.mark.parametrize("number", [2**127 - 1, -(2**127), -1, 10**16, 123456789012345678901234567890123456789])
def test_128_bit_numbers_are_never_rounded(make, attach, number):
    maker = make()
    maker.set("instruments", 0, symbol="X", min_notional=number)
    row = attach().instruments[0]
    sign, digits, exponent = row.min_notional.as_tuple()
    assert exponent == -16 and (-1) ** sign * int("".join(map(str, digits))) == number


def test_enums_references_arrays_and_a_scale_in_the_same_row(make, attach):
    maker = make()
    maker.set("limits", 0, name="orders", decimals=0, code=1, used=-7)
    maker.set("limits", 1, name="loss", decimals=16, code=9, used=15 * 10**15)
    maker.set("denied", 0, counts=[4, 0, 2])
    region = attach()
    assert region.instruments[2].kind == "inverse" and region.instruments[2].venue == "beta"
    assert [(r.name, r.used, r.code) for r in region.limits] == [("orders", -7, "COLLAR"), ("loss", Decimal("1.5"), 9)]
    assert region.limits["loss"].used == Decimal("1.5")
    assert region.denied[0].counts == {"COOLDOWN": 4, "COLLAR": 0, "2": 2}
    assert region.denied.row(0, values="raw").counts == (4, 0, 2)


def test_rows_by_name_number_and_from_the_end(make, attach):
    make().set("prices", 1, bid=5)
    prices = attach().prices
    assert prices["beta:PEPEUSDT"] == prices[1] == prices[-2] and len(prices) == 3
    with pytest.raises(KeyError, match="alpha:BTCUSDT"):
        prices["gamma:X"]
    with pytest.raises(IndexError, match="3 rows"):
        prices[3]
    with pytest.raises(IndexError):
        prices[-4]


def test_a_reference_to_nothing_is_none(make, attach):
    maker = make()
    maker.set("instruments", 0, symbol="X", venue=2**32 - 1)
    maker.push(instrument=65535, price=5)
    region = attach()
    assert region.instruments[0].venue is None
    tick = region.ticks.rows()[0]
    assert tick.instrument is None and tick.price is None, "of a scale that nobody tells"


def test_what_the_schema_says_about_fields(make, attach):
    make()
    region = attach()
    bid = region.prices.fields["bid"]
    assert (bid.unit, bid.doc, bid.type) == ("price", "Best bid.", "i64")
    assert region.prices.doc == "The prices." and region.schema["engine"]["mode"] == "paper"
    assert list(region.tables) == ["venues", "instruments", "prices", "limits", "denied", "stages", "histograms",
                                   "ticks"]
    assert "prices" in dir(region) and "3 x bid" in repr(region.prices) and "generation 1" in repr(region)


def test_what_is_not_there_is_said_with_what_is(make, attach):
    make()
    region = attach()
    with pytest.raises(AttributeError, match="no table `positions`; it has venues"):
        region.positions
    with pytest.raises(AttributeError, match="no field `bit`; it has instrument, bid"):
        region.prices[0].bit
    with pytest.raises(crosstick.RegionError, match="no history"):
        region.follow("prices")
    assert not hasattr(region, "positions")


def test_a_row_whose_writer_died_is_left_out_or_told(make, attach):
    maker = make()
    maker.set("prices", 0, bid=1)
    maker.begin("prices", 1)
    region = attach()
    assert [row.index for row in region.prices] == [0, 2]
    with pytest.raises(crosstick.Unreadable, match="row 1 of `prices`"):
        region.prices[1]
    assert region.counters()["unreadable"] == 2
    # Its successor in the same place is read again.
    maker.begin("prices", 1)
    assert len(region.prices.rows()) == 3


def test_facts_that_are_written_late_are_not_kept_as_nothing(make, attach):
    maker = make(fill=False)
    maker.set("prices", 0, bid=6000001)
    region = attach()
    assert region.prices[0].bid == 6000001, "no decimals yet"
    maker._facts()
    assert region.prices[0].bid == Decimal("60000.01") and region.prices[0].instrument == "alpha:BTCUSDT"


def test_text_that_is_no_utf8_is_shown_as_such(make, attach):
    maker = make()
    at = maker.at("venues", 0) + 8
    maker.map[at:at + 3] = b"\xff\xfea"
    assert attach().venues[0].name == "\ufffd\ufffda" + "ha"


def test_a_closed_region_says_so(make, attach):
    make()
    with attach() as region:
        assert len(region.prices) == 3
    with pytest.raises(crosstick.RegionError, match="closed"):
        region.prices.rows()
