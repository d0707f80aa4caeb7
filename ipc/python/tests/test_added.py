"""A newer engine's additions: this reader reads all it knows."""

import pytest


def newer(schema, end):
    schema["a new key"] = {"x": [1]}
    price = schema["records"]["Price"]
    price["bytes"] = 120
    price["since"] = "0.2.0"
    price["fields"] += [
        {"name": "mid", "type": "i64", "offset": 56, "unit": "price", "doc": "Added.",
         "scale": {"table": "instruments", "field": "price_decimals", "by": "row"}},
        {"name": "ratio", "type": "f128", "offset": 64, "doc": "Of a type that is not known here."},
        {"name": "lot", "type": "u32", "offset": 72, "enum": "an enum that is not there", "shade": "blue"}]
    for table in schema["tables"]:
        if table["name"] == "prices":
            # Wider rows elsewhere.
            table["offset"], table["stride"], table["colour"] = end, 128, "red"
    schema["records"]["New"] = {"bytes": 8, "doc": "New.", "fields": [{"name": "x", "type": "u64", "offset": 0}]}
    schema["tables"] += [
        {"name": "news", "record": "New", "kind": "seqlock", "offset": end + 384, "stride": 64, "count": 1},
        {"name": "trees", "record": "New", "kind": "b-tree", "offset": 7, "stride": 3, "count": 1},
        {"name": "ghosts", "record": "Ghost", "kind": "seqlock", "offset": 512, "stride": 64, "count": 1}]
    return end + 448


def test_added_fields_tables_kinds_types_and_keys(make, attach):
    maker = make(change_schema=newer)
    maker.set("prices", 1, bid=5, mid=77, lot=3, quotes=2)
    maker.set("news", 0, x=9)
    maker.push(sum=4)
    region = attach()
    row = region.prices[1]
    assert (row.bid, row.quotes, row.lot) == (region.prices.row(1, values="raw").bid * row.bid / 5, 2, 3)
    assert str(row.bid) == "5E-8" and str(row.mid) == "7.7E-7" and "ratio" not in row
    assert region.news[0].x == 9 and "trees" not in region.tables and "ghosts" not in region.tables
    assert region.ticks.rows()[0].sum == 4


def test_an_old_writer_lacks_what_is_asked_for(make, attach):
    def older(schema, _):
        schema["records"]["Price"]["fields"] = [f for f in schema["records"]["Price"]["fields"] if f["name"] != "ask"]

    make(change_schema=older, fill=False)
    row = attach().prices[0]
    assert row.get("ask") is None and row.bid == 0
    with pytest.raises(AttributeError, match="no field `ask`"):
        row.ask


def test_frames_have_the_added_fields(make, attach):
    pandas = pytest.importorskip("pandas")
    make(change_schema=newer).set("prices", 0, mid=5)
    frame = attach().prices.to_pandas(values="raw")
    assert list(frame["mid"]) == [5, 0, 0] and isinstance(frame, pandas.DataFrame)
    array = attach().prices.numpy()
    assert array["mid"].tolist() == [5, 0, 0]
