// Prints the prices of a running crosstick engine. It knows the head's offsets and nothing else: tables, fields, types
// and scales come from the schema inside the region. Node.js 18 or later, no dependency:
//
//     node prices.mjs [--json] [/dev/shm/crosstick]
//
// Node has no mmap, so this reads the file: a file that is cut short then ends early, where a mapping would crash.
// Prices are integers at a power-of-ten scale and stay integers (BigInt) here.

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const LAYOUT_VERSION = 2, HEAD_BYTES = 256, ATTEMPTS = 1000;

class RegionError extends Error {}

class Region {
  constructor(path) {
    if (process.arch !== "x64") throw new RegionError("regions are promised for x86-64 alone: read them there");
    try {
      this.fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      throw new RegionError(`cannot be opened (${error.code}): is the engine running, and are you in its group?`);
    }
    if (!fstatSync(this.fd).isFile()) throw new RegionError("is not a region");
    const head = this.bytes(0, HEAD_BYTES);
    if (head.toString("latin1", 0, 8) !== "XTICKSHM") throw new RegionError("is not a region of crosstick");
    if (head.readUInt32LE(12) !== 0x01020304) throw new RegionError("was written in another byte order");
    const version = head.readUInt32LE(8);
    if (version !== LAYOUT_VERSION) {
      throw new RegionError(`has layout ${version}, this reads layout ${LAYOUT_VERSION}: use the reader of that build`);
    }
    const [regionBytes, at, length] = [24, 32, 40].map((offset) => Number(head.readBigUInt64LE(offset)));
    if (regionBytes > fstatSync(this.fd).size) throw new RegionError("was cut short: start the engine again");
    if (at + length > regionBytes) throw new RegionError("has its schema outside");
    try {
      this.schema = JSON.parse(this.bytes(at, length).toString("utf8"));
    } catch (error) {
      if (error instanceof RegionError) throw error;
      throw new RegionError(`has a schema that is no JSON (${error.message})`);
    }
    this.regionBytes = regionBytes;
  }

  close() {
    closeSync(this.fd);
  }

  bytes(offset, length) {
    const into = Buffer.alloc(length);
    const got = readSync(this.fd, into, 0, length, offset);
    if (got < length) throw new RegionError("was cut short: start the engine again");
    return into;
  }

  /** A table with its fields by name, checked to lie within the region. */
  table(name) {
    const table = this.schema.tables?.find((t) => t.name === name);
    const record = this.schema.records?.[table?.record];
    if (!record) throw new RegionError(`has no table ${name}: is it another build's?`);
    const end = table.offset + table.stride * table.count;
    if (!(table.stride >= record.bytes + 8 && table.offset >= HEAD_BYTES && end <= this.regionBytes)) {
      throw new RegionError(`has its table ${name} outside`);
    }
    return { ...table, bytes: record.bytes, fields: Object.fromEntries(record.fields.map((f) => [f.name, f])) };
  }

  /** A whole copy of a row: its version is even, and the same before, in and after the copy. */
  row(table, index) {
    const at = table.offset + table.stride * index;
    for (let i = 0; i < ATTEMPTS; i++) {
      const before = this.bytes(at, 8).readBigUInt64LE();
      const copy = this.bytes(at, 8 + table.bytes);
      const after = this.bytes(at, 8).readBigUInt64LE();
      if (before % 2n === 0n && before === after && before === copy.readBigUInt64LE()) return copy.subarray(8);
    }
    return null;
  }
}

function value(field, row) {
  if (field.type === "text") return row.toString("utf8", field.offset, field.offset + field.bytes).split("\0")[0];
  const bytes = Number(field.type.slice(1)) / 8;
  let number = 0n;
  for (let i = bytes - 1; i >= 0; i--) number = (number << 8n) | BigInt(row[field.offset + i]);
  return field.type[0] === "i" ? BigInt.asIntN(bytes * 8, number) : number;
}

/** A mantissa at 10^-decimals, all decimals shown. */
function fixed(mantissa, decimals) {
  const digits = (mantissa < 0n ? -mantissa : mantissa).toString().padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  return (mantissa < 0n ? "-" : "") + digits.slice(0, point) + (decimals ? "." + digits.slice(point) : "");
}

/** A scaled field of row `index`: the schema says which field of which table holds its decimals. */
function scaled(region, field, row, index) {
  const { decimals, table, field: name, by } = field.scale ?? { decimals: 0 };
  if (decimals !== undefined) return fixed(value(field, row), decimals);
  if (by !== "row") throw new RegionError(`this reader follows scales by row only, not by ${by}`);
  const scales = region.table(table);
  const facts = region.row(scales, index);
  return facts && fixed(value(field, row), Number(value(scales.fields[name], facts)));
}

function prices(region) {
  const [venues, instruments, table] = ["venues", "instruments", "prices"].map((name) => region.table(name));
  const rows = [];
  for (let i = 0; i < Math.min(table.count, instruments.count); i++) {
    const facts = region.row(instruments, i), row = region.row(table, i);
    if (!facts || !row) continue;
    const venue = region.row(venues, Number(value(instruments.fields.venue, facts)));
    const instrument = `${value(venues.fields.name, venue)}:${value(instruments.fields.symbol, facts)}`;
    const shown = ["bid_quantity", "bid", "ask", "ask_quantity"];
    rows.push({ instrument, ...Object.fromEntries(shown.map((n) => [n, scaled(region, table.fields[n], row, i)])) });
  }
  return rows;
}

const options = process.argv.slice(2);
const path = options.find((o) => !o.startsWith("--")) ?? "/dev/shm/crosstick";
try {
  const region = new Region(path);
  const rows = prices(region);
  region.close();
  if (options.includes("--json")) console.log(JSON.stringify(rows, null, 1));
  else console.table(rows);
} catch (error) {
  if (!(error instanceof RegionError)) throw error;
  console.error(`prices.mjs: ${path}: ${error.message}`);
  process.exitCode = 1;
}
