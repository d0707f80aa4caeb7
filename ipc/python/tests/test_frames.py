"""numpy, pandas, polars: the same values as the rows."""

from decimal import Decimal

import pytest


@pytest.fixture
def filled(make):
    maker = make()
    maker.set("prices", 0, bid=6000001, bid_quantity=150000, quote_recv_ns=1_700_000_000_123_456_789, flags=5,
              exchange_offset_us=-9)
    maker.set("prices", 1, bid=1234, quotes=2**64 - 1)
    maker.set("limits", 0, name="a", decimals=2, used=-12345678901234567890123)
    maker.set("limits", 1, name="b", decimals=16, used=5)
    maker.set("denied", 0, counts=[1, 2, 3])
    for n in range(3):
        maker.push(sum=n, instrument=n, price=5, recv_ns=n)
    return maker


def test_numpy_has_whole_raw_records(filled, attach):
    numpy = pytest.importorskip("numpy")
    region = attach()
    prices = region.prices.numpy()
    assert prices["bid"].tolist() == [6000001, 1234, 0] and prices["exchange_offset_us"].dtype == numpy.int32
    assert prices["quotes"].tolist() == [0, 2**64 - 1, 0] and prices["index"].tolist() == [0, 1, 2]
    limits = region.limits.numpy()
    assert limits["name"].tolist() == [b"a", b"b"]
    whole = [int(n["hi"]) << 64 | int(n["lo"]) for n in limits["used"]]
    assert whole == [-12345678901234567890123, 5]
    assert region.denied.numpy()["counts"].tolist() == [[1, 2, 3]]
    assert region.ticks.numpy()["sum"].tolist() == [0, 1, 2] and region.ticks.numpy()["index"].tolist() == [0, 1, 2]


def test_pandas(filled, attach):
    pandas = pytest.importorskip("pandas")
    region = attach()
    frame = region.prices.to_pandas()
    assert list(frame["bid"]) == [Decimal("60000.01"), Decimal("0.00001234"), 0]
    assert list(frame["instrument"]) == ["alpha:BTCUSDT", "beta:PEPEUSDT", "beta:BTCUSD_PERP"]
    assert frame["quote_recv_ns"][0] == pandas.Timestamp(1_700_000_000_123_456_789, tz="UTC")
    assert frame["quote_recv_ns"].isna().tolist() == [False, True, True]
    floats = region.prices.to_pandas(values="float")
    assert floats["bid"].dtype == "float64" and floats["bid"][0] == 60000.01
    raw = region.prices.to_pandas(values="raw")
    assert raw["bid"].tolist() == [6000001, 1234, 0] and raw["quote_recv_ns"][0] == 1_700_000_000_123_456_789
    assert region.limits.to_pandas()["used"].tolist() == [Decimal("-123456789012345678901.23"), Decimal("5E-16")]
    ticks = region.ticks.to_pandas(values="float")
    assert ticks["sum"].tolist() == [0, 1, 2] and ticks.index.tolist() == [0, 1, 2]


def test_polars(filled, attach):
    polars = pytest.importorskip("polars")
    region = attach()
    frame = region.prices.to_polars()
    assert isinstance(frame.schema["bid"], polars.Decimal) or frame.schema["bid"] == polars.Decimal(38, 8)
    assert frame["bid"].to_list() == [Decimal("60000.01"), Decimal("0.00001234"), 0]
    assert frame["instrument"].to_list()[0] == "alpha:BTCUSDT"
    assert frame["quote_recv_ns"].dtype == polars.Datetime("ns", "UTC")
    assert frame["quote_recv_ns"].dt.timestamp("ns").to_list() == [1_700_000_000_123_456_789, None, None]
    assert frame["quotes"].to_list() == [0, 2**64 - 1, 0]
    assert region.prices.to_polars(values="float")["bid"].to_list()[0] == 60000.01
    assert region.limits.to_polars()["used"].to_list() == [Decimal("-123456789012345678901.23"), Decimal("5E-16")]
    assert region.limits.to_polars(values="raw")["used"].to_list() == [-12345678901234567890123, 5]
    assert region.ticks.to_polars()["sum"].to_list() == [0, 1, 2]
    assert region.denied.to_polars(values="raw").height == 1


def test_an_empty_history(make, attach):
    make()
    region = attach()
    for module in ("pandas", "polars"):
        pytest.importorskip(module)
    for values in ("exact", "float", "raw"):
        assert len(region.ticks.to_pandas(values=values)) == 0
        assert region.ticks.to_polars(values=values).height == 0
    assert len(region.ticks.numpy()) == 0
