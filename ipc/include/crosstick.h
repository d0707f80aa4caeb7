/* What a region of crosstick looks like. Made from the code; docs/region.md is the page.
 *
 * Offsets of tables are not here: they depend on what the engine trades. The schema inside the region has
 * them, with the bytes of each record; one that is longer than the struct here has fields that this header
 * does not know yet, one that is shorter lacks some.
 */
#ifndef CROSSTICK_H
#define CROSSTICK_H

#if !defined(__x86_64__)
#error "regions are promised for x86-64 alone: their readers rely on its memory order"
#endif

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define CROSSTICK_ASSERT(what) static_assert(what, #what)
extern "C" {
#else
#define CROSSTICK_ASSERT(what) _Static_assert(what, #what)
#endif

#define CROSSTICK_LAYOUT_VERSION 2u
#define CROSSTICK_BYTE_ORDER 0x01020304u
#define CROSSTICK_HEAD_BYTES 256u
/* In a field that is the index of a row, or a number of an enumeration: none. */
#define CROSSTICK_NO_ROW UINT32_MAX

/* Names of the tables. */
#define CROSSTICK_TABLE_ENGINE "engine" /* State and counters of the run: one row. */
#define CROSSTICK_TABLE_RISK "risk" /* Profit and loss, exposure, and the halt: one row. */
#define CROSSTICK_TABLE_DENIED "denied" /* Denials by code: one row. */
#define CROSSTICK_TABLE_LIMITS "limits" /* A row a limit. */
#define CROSSTICK_TABLE_VENUES "venues" /* A row a venue, in the config's order. */
#define CROSSTICK_TABLE_MARKETS "markets" /* A row a market, in the config's order. */
#define CROSSTICK_TABLE_INSTRUMENTS "instruments" /* The facts of each instrument. */
#define CROSSTICK_TABLE_PRICES "prices" /* The newest prices: a row an instrument, as in `instruments`. */
#define CROSSTICK_TABLE_SPREADS "spreads" /* The edge of every market between every two venues, both ways. */
#define CROSSTICK_TABLE_POSITIONS "positions" /* Positions: a row an instrument, as in `instruments`. */
#define CROSSTICK_TABLE_BALANCES "balances" /* A row a venue and asset whose balance is known. */
#define CROSSTICK_TABLE_OPEN_ORDERS "open_orders" /* Orders in flight or resting: slots, used in no order. */
#define CROSSTICK_TABLE_FEEDS "feeds" /* A row a line of a venue. */
#define CROSSTICK_TABLE_STAGES "stages" /* Stages of a tick's way, a row for each thread that measures one. */
#define CROSSTICK_TABLE_HISTOGRAMS "histograms" /* Latencies: a histogram a row of `stages`. */
#define CROSSTICK_TABLE_TURNS "turns" /* Overlong turns of the hot threads' loops: a row a thread. */
#define CROSSTICK_TABLE_WORST_TICKS "worst_ticks" /* The ticks that took longest, with every stamp of their way. */
#define CROSSTICK_TABLE_TICKS "ticks" /* Every quote and trade that the core took. */
#define CROSSTICK_TABLE_OPPORTUNITIES "opportunities" /* Opportunities as they begin and as they end. */
#define CROSSTICK_TABLE_ORDERS "orders" /* Every order after every change. */
#define CROSSTICK_TABLE_FILLS "fills" /* Every execution. */
#define CROSSTICK_TABLE_EVENTS "events" /* What an operator would want to know. */

/* A 128-bit two's complement. */
struct crosstick_i128 {
    uint64_t low;
    int64_t high;
};

enum crosstick_state {
    CROSSTICK_STATE_STARTING = 0,
    CROSSTICK_STATE_RUNNING = 1,
    CROSSTICK_STATE_HALTED = 2,
    CROSSTICK_STATE_STOPPED = 3
};

enum crosstick_mode {
    CROSSTICK_MODE_PAPER = 0,
    CROSSTICK_MODE_LIVE = 1
};

enum crosstick_order_status {
    CROSSTICK_ORDER_STATUS_FREE = 0,
    CROSSTICK_ORDER_STATUS_SENT = 1,
    CROSSTICK_ORDER_STATUS_ACCEPTED = 2,
    CROSSTICK_ORDER_STATUS_PARTLY_FILLED = 3,
    CROSSTICK_ORDER_STATUS_FILLED = 4,
    CROSSTICK_ORDER_STATUS_CANCELLED = 5,
    CROSSTICK_ORDER_STATUS_REJECTED = 6
};

enum crosstick_limit_kind {
    CROSSTICK_LIMIT_KIND_CURRENCY = 0,
    CROSSTICK_LIMIT_KIND_ORDERS = 1,
    CROSSTICK_LIMIT_KIND_PPM = 2
};

enum crosstick_phase {
    CROSSTICK_PHASE_BEGIN = 0,
    CROSSTICK_PHASE_END = 1
};

enum crosstick_event_kind {
    CROSSTICK_EVENT_KIND_STARTED = 1,
    CROSSTICK_EVENT_KIND_STOPPING = 2,
    CROSSTICK_EVENT_KIND_LINE_LIVE = 3,
    CROSSTICK_EVENT_KIND_LINE_DOWN = 4,
    CROSSTICK_EVENT_KIND_LINE_LAGGING = 5,
    CROSSTICK_EVENT_KIND_LINE_CAUGHT_UP = 6,
    CROSSTICK_EVENT_KIND_HALTED = 7,
    CROSSTICK_EVENT_KIND_RESUMED = 8,
    CROSSTICK_EVENT_KIND_BREACH = 9,
    CROSSTICK_EVENT_KIND_NO_SLOT = 10
};

enum crosstick_led_to {
    CROSSTICK_LED_TO_NOTHING = 0,
    CROSSTICK_LED_TO_DENIED = 1,
    CROSSTICK_LED_TO_ORDERS = 2,
    CROSSTICK_LED_TO_UNSENT = 3
};

enum crosstick_outcome {
    CROSSTICK_OUTCOME_OPEN = 0,
    CROSSTICK_OUTCOME_TAKEN = 1,
    CROSSTICK_OUTCOME_HALTED = 16,
    CROSSTICK_OUTCOME_DUPLICATE = 17,
    CROSSTICK_OUTCOME_UNKNOWN_INSTRUMENT = 18,
    CROSSTICK_OUTCOME_QUANTITY = 19,
    CROSSTICK_OUTCOME_PRICE = 20,
    CROSSTICK_OUTCOME_MIN_NOTIONAL = 21,
    CROSSTICK_OUTCOME_STALE = 22,
    CROSSTICK_OUTCOME_COLLAR = 23,
    CROSSTICK_OUTCOME_ORDER_NOTIONAL = 24,
    CROSSTICK_OUTCOME_POSITION_NOTIONAL = 25,
    CROSSTICK_OUTCOME_GROSS_NOTIONAL = 26,
    CROSSTICK_OUTCOME_NET_NOTIONAL = 27,
    CROSSTICK_OUTCOME_OPEN_ORDERS = 28,
    CROSSTICK_OUTCOME_ORDER_RATE = 29,
    CROSSTICK_OUTCOME_BALANCE = 30,
    CROSSTICK_OUTCOME_DAILY_LOSS = 31,
    CROSSTICK_OUTCOME_DRAWDOWN = 32,
    CROSSTICK_OUTCOME_NOT_REDUCING = 33,
    CROSSTICK_OUTCOME_OVERFLOW = 34,
    CROSSTICK_OUTCOME_NO_VALUE = 35,
    CROSSTICK_OUTCOME_UNHEDGED_36 = 36,
    CROSSTICK_OUTCOME_UNRECONCILED = 37,
    CROSSTICK_OUTCOME_OPERATOR = 38,
    CROSSTICK_OUTCOME_JOURNAL = 39,
    CROSSTICK_OUTCOME_WATCH_ONLY = 64,
    CROSSTICK_OUTCOME_COOLDOWN = 65,
    CROSSTICK_OUTCOME_IN_FLIGHT = 66,
    CROSSTICK_OUTCOME_UNHEDGED_67 = 67
};

enum crosstick_reject_reason {
    CROSSTICK_REJECT_REASON_NONE = 0,
    CROSSTICK_REJECT_REASON_SIMULATED = 1,
    CROSSTICK_REJECT_REASON_NO_QUOTE = 2,
    CROSSTICK_REJECT_REASON_VENUE = 3
};

enum crosstick_deny_code {
    CROSSTICK_DENY_CODE_HALTED = 0,
    CROSSTICK_DENY_CODE_DUPLICATE = 1,
    CROSSTICK_DENY_CODE_UNKNOWN_INSTRUMENT = 2,
    CROSSTICK_DENY_CODE_QUANTITY = 3,
    CROSSTICK_DENY_CODE_PRICE = 4,
    CROSSTICK_DENY_CODE_MIN_NOTIONAL = 5,
    CROSSTICK_DENY_CODE_STALE = 6,
    CROSSTICK_DENY_CODE_COLLAR = 7,
    CROSSTICK_DENY_CODE_ORDER_NOTIONAL = 8,
    CROSSTICK_DENY_CODE_POSITION_NOTIONAL = 9,
    CROSSTICK_DENY_CODE_GROSS_NOTIONAL = 10,
    CROSSTICK_DENY_CODE_NET_NOTIONAL = 11,
    CROSSTICK_DENY_CODE_OPEN_ORDERS = 12,
    CROSSTICK_DENY_CODE_ORDER_RATE = 13,
    CROSSTICK_DENY_CODE_BALANCE = 14,
    CROSSTICK_DENY_CODE_DAILY_LOSS = 15,
    CROSSTICK_DENY_CODE_DRAWDOWN = 16,
    CROSSTICK_DENY_CODE_NOT_REDUCING = 17,
    CROSSTICK_DENY_CODE_OVERFLOW = 18,
    CROSSTICK_DENY_CODE_NO_VALUE = 19,
    CROSSTICK_DENY_CODE_UNHEDGED = 20,
    CROSSTICK_DENY_CODE_UNRECONCILED = 21,
    CROSSTICK_DENY_CODE_OPERATOR = 22,
    CROSSTICK_DENY_CODE_JOURNAL = 23
};

enum crosstick_side {
    CROSSTICK_SIDE_BUY = 0,
    CROSSTICK_SIDE_SELL = 1
};

enum crosstick_instrument_kind {
    CROSSTICK_INSTRUMENT_KIND_SPOT = 0,
    CROSSTICK_INSTRUMENT_KIND_LINEAR = 1,
    CROSSTICK_INSTRUMENT_KIND_INVERSE = 2
};

enum crosstick_tick_kind {
    CROSSTICK_TICK_KIND_QUOTE = 0,
    CROSSTICK_TICK_KIND_TRADE = 1
};

enum crosstick_time_in_force {
    CROSSTICK_TIME_IN_FORCE_IOC = 0,
    CROSSTICK_TIME_IN_FORCE_GTC = 1
};

enum crosstick_purpose {
    CROSSTICK_PURPOSE_OPEN = 0,
    CROSSTICK_PURPOSE_CLOSE = 1
};

enum crosstick_liquidity {
    CROSSTICK_LIQUIDITY_MAKER = 0,
    CROSSTICK_LIQUIDITY_TAKER = 1
};

/* The first 256 bytes, at offsets that never move. All but the heartbeat and the state is written before the region can be found, and never again. */
struct crosstick_head {
    /* `XTICKSHM`. */
    char magic[8];
    /* Raised when a field changes its meaning or its place; readers refuse other versions. */
    uint32_t layout_version;
    /* 0x01020304 as the writer's processor stores it; readers refuse another order. */
    uint32_t byte_order;
    /* Bytes of this head. [bytes] */
    uint32_t head_bytes;
    uint8_t reserved_20[4];
    /* Bytes of the whole region; a shorter file is cut off. [bytes] */
    uint64_t region_bytes;
    /* Where the schema begins, in bytes from the begin of the region. [bytes] */
    uint64_t schema_offset;
    /* Bytes of the schema: UTF-8 JSON without a NUL. [bytes] */
    uint64_t schema_bytes;
    /* Counts the owners of this name: the former owner's plus one. */
    uint64_t generation;
    uint8_t reserved_56[8];
    /* Process id of the owner. */
    uint64_t pid;
    /* When the owner started, in clock ticks since boot (`/proc/PID/stat`, field 22): tells it from a later process of the same number. [clock ticks since boot] */
    uint64_t start_ticks;
    /* The boot that counts from (`/proc/sys/kernel/random/boot_id`). */
    uint8_t boot_id[16];
    /* Wall time of the start. [ns since epoch] */
    uint64_t started_ns;
    uint8_t reserved_104[24];
    /* Wall time of the last sign of life of the main thread, renewed at least once a second. [ns since epoch] */
    uint64_t heartbeat_ns;
    /* What the engine does, as its main thread sees it. [enum `state`] */
    uint64_t state;
    uint8_t reserved_144[112];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_head, magic) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, layout_version) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, byte_order) == 12);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, head_bytes) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, region_bytes) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, schema_offset) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, schema_bytes) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, generation) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, pid) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, start_ticks) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, boot_id) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, started_ns) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, heartbeat_ns) == 128);
CROSSTICK_ASSERT(offsetof(struct crosstick_head, state) == 136);
CROSSTICK_ASSERT(sizeof(struct crosstick_head) == 256);

/* State and counters of this run. Written by the core thread. */
struct crosstick_engine {
    /* What the engine does, as the core sees it. [enum `state`] */
    uint32_t state;
    /* Whose money it is. [enum `mode`] */
    uint32_t mode;
    /* Core time: the newest of all input times. [ns since epoch] */
    uint64_t core_ns;
    /* Ticks taken. */
    uint64_t ticks;
    /* Opportunities that began. */
    uint64_t opportunities_seen;
    /* Of those, how many were taken. */
    uint64_t opportunities_taken;
    /* Opportunities open now. */
    uint64_t opportunities_open;
    /* Orders sent. */
    uint64_t orders_sent;
    /* Orders that ended filled whole. */
    uint64_t orders_filled;
    /* Orders that ended filled in part. */
    uint64_t orders_partly_filled;
    /* Orders that ended without a fill. */
    uint64_t orders_unfilled;
    /* Orders that a venue refused. */
    uint64_t orders_rejected;
    /* Orders in flight or resting now. */
    uint64_t orders_open;
    /* Intents that risk denied. */
    uint64_t orders_denied;
    /* Fills reported. */
    uint64_t fills;
    /* Pairs of orders sent. */
    uint64_t pairs_sent;
    /* Pairs whose legs filled alike. */
    uint64_t pairs_clean;
    /* Pairs of which neither leg filled. */
    uint64_t pairs_empty;
    /* Pairs of which one leg filled more, and that were closed. */
    uint64_t pairs_closed;
    /* Pairs of which one leg filled more, and that could not be closed. */
    uint64_t pairs_unhedged;
    /* Pairs in flight now. */
    uint64_t pairs_in_flight;
    /* Times that trading was halted. */
    uint64_t halts;
    /* Lines whose quotes are not used because the line lags behind its best by more than `max_lag_ms`. */
    uint64_t lines_lagging;
    /* Rows with news that wait to be published. */
    uint64_t rows_waiting;
    /* Orders that found no free slot in `open_orders`. */
    uint64_t orders_not_shown;
    uint8_t reserved_192[56];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, state) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, mode) == 4);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, core_ns) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, ticks) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, opportunities_seen) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, opportunities_taken) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, opportunities_open) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, orders_sent) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, orders_filled) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, orders_partly_filled) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, orders_unfilled) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, orders_rejected) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, orders_open) == 88);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, orders_denied) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, fills) == 104);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, pairs_sent) == 112);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, pairs_clean) == 120);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, pairs_empty) == 128);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, pairs_closed) == 136);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, pairs_unhedged) == 144);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, pairs_in_flight) == 152);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, halts) == 160);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, lines_lagging) == 168);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, rows_waiting) == 176);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine, orders_not_shown) == 184);
CROSSTICK_ASSERT(sizeof(struct crosstick_engine) == 248);

/* What risk knows. Written by the core thread. */
struct crosstick_risk {
    /* 1 while trading is halted. */
    uint32_t halted;
    /* What halted it; of no meaning unless halted. [enum `deny_code`] */
    uint32_t code;
    /* Core time at which that last changed. [ns since epoch] */
    uint64_t changed_ns;
    /* Realised minus fees plus unrealised. [risk currency; 16 decimals] */
    struct crosstick_i128 net;
    /* Of what was closed, before fees. [risk currency; 16 decimals] */
    struct crosstick_i128 realised;
    /* Fees paid. [risk currency; 16 decimals] */
    struct crosstick_i128 fees;
    /* Of what is open, at the quotes. [risk currency; 16 decimals] */
    struct crosstick_i128 unrealised;
    /* Sum of the absolute values of all positions, with orders in flight at their worst. [risk currency; 16 decimals] */
    struct crosstick_i128 gross;
    /* Times that a limit was reached or exceeded, denials included. */
    uint64_t breaches;
    /* The risk currency. */
    char currency[16];
    /* Why trading is halted, in words. */
    char reason[64];
    uint8_t reserved_184[64];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, halted) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, code) == 4);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, changed_ns) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, net) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, realised) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, fees) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, unrealised) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, gross) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, breaches) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, currency) == 104);
CROSSTICK_ASSERT(offsetof(struct crosstick_risk, reason) == 120);
CROSSTICK_ASSERT(sizeof(struct crosstick_risk) == 248);

/* Denials by deny code. Written by the core thread. */
struct crosstick_denied {
    /* Groups of intents denied, by the number of their code. [an element for each number of `deny_code`] */
    uint64_t counts[31];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_denied, counts) == 0);
CROSSTICK_ASSERT(sizeof(struct crosstick_denied) == 248);

/* A limit, its use and what is left of it. Written by the core thread. */
struct crosstick_limit {
    /* The code that its breach is told by. [enum `deny_code`] */
    uint32_t code;
    /* What its numbers are counted in. [enum `limit_kind`] */
    uint32_t kind;
    /* Decimals of its numbers. */
    uint32_t decimals;
    /* 1 where reaching it halts trading, 0 where it denies the order. */
    uint32_t halting;
    /* Its key in the config. */
    char name[24];
    /* How much of it is used: the most of any instrument or asset, where the limit is for each of them. [decimals: `limits.decimals` of the same row] */
    struct crosstick_i128 used;
    /* The limit. [decimals: `limits.decimals` of the same row] */
    struct crosstick_i128 limit;
    /* What is left; below zero when prices or closing orders carried it over the limit. [decimals: `limits.decimals` of the same row] */
    struct crosstick_i128 headroom;
    /* Groups of intents denied by it. */
    uint64_t denied;
    /* Times that it halted trading; where it only denies, times that its use was seen to reach it. */
    uint64_t breaches;
    uint8_t reserved_104[16];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, code) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, kind) == 4);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, decimals) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, halting) == 12);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, name) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, used) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, limit) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, headroom) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, denied) == 88);
CROSSTICK_ASSERT(offsetof(struct crosstick_limit, breaches) == 96);
CROSSTICK_ASSERT(sizeof(struct crosstick_limit) == 120);

/* A venue. */
struct crosstick_venue {
    /* Our name for it, as in the config. */
    char name[32];
    /* What it speaks. */
    char protocol[24];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_venue, name) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_venue, protocol) == 32);
CROSSTICK_ASSERT(sizeof(struct crosstick_venue) == 56);

/* A market: one pair on several venues. */
struct crosstick_market {
    /* Our name for it, as in the config. */
    char name[32];
    /* Decimals of its prices. */
    uint8_t price_decimals;
    /* Decimals of its quantities. */
    uint8_t quantity_decimals;
    uint8_t reserved_34[22];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_market, name) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_market, price_decimals) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_market, quantity_decimals) == 33);
CROSSTICK_ASSERT(sizeof(struct crosstick_market) == 56);

/* The facts of an instrument. */
struct crosstick_instrument {
    /* The venue's spelling. */
    char symbol[32];
    /* What is bought and sold. */
    char base[16];
    /* What prices are in. */
    char quote[16];
    /* What profit and loss are settled in. */
    char settle[16];
    /* Its venue. [row of `venues`] */
    uint32_t venue;
    /* Its market; 4294967295: none. [row of `markets`] */
    uint32_t market;
    /* What is traded. [enum `instrument_kind`] */
    uint8_t kind;
    /* Decimals of its prices. */
    uint8_t price_decimals;
    /* Decimals of its quantities. */
    uint8_t quantity_decimals;
    uint8_t reserved_91[5];
    /* Inverse: what a contract is worth, in the quote asset. [quote asset; 16 decimals] */
    struct crosstick_i128 contract_size;
    /* Smallest price increment. [price; decimals: `instruments.price_decimals` of the same row] */
    int64_t price_step;
    /* Smallest quantity increment. [quantity; decimals: `instruments.quantity_decimals` of the same row] */
    int64_t quantity_step;
    /* Least quantity of an order. [quantity; decimals: `instruments.quantity_decimals` of the same row] */
    int64_t min_quantity;
    /* Least notional of an order. [quote asset; 16 decimals] */
    struct crosstick_i128 min_notional;
    uint8_t reserved_152[32];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, symbol) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, base) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, quote) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, settle) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, venue) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, market) == 84);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, kind) == 88);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, price_decimals) == 89);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, quantity_decimals) == 90);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, contract_size) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, price_step) == 112);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, quantity_step) == 120);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, min_quantity) == 128);
CROSSTICK_ASSERT(offsetof(struct crosstick_instrument, min_notional) == 136);
CROSSTICK_ASSERT(sizeof(struct crosstick_instrument) == 184);

#define CROSSTICK_PRICE_FLAGS_HAS_QUOTE 1u
#define CROSSTICK_PRICE_FLAGS_HAS_TRADE 2u
#define CROSSTICK_PRICE_FLAGS_USABLE 4u
#define CROSSTICK_PRICE_FLAGS_LAGGING 8u

/* The newest prices of an instrument. Written by the core thread. */
struct crosstick_price {
    /* Best bid. [price; decimals: `instruments.price_decimals` of the same row] */
    int64_t bid;
    /* Quantity at the best bid. [quantity; decimals: `instruments.quantity_decimals` of the same row] */
    int64_t bid_quantity;
    /* Best ask. [price; decimals: `instruments.price_decimals` of the same row] */
    int64_t ask;
    /* Quantity at the best ask. [quantity; decimals: `instruments.quantity_decimals` of the same row] */
    int64_t ask_quantity;
    /* Price of the last trade. [price; decimals: `instruments.price_decimals` of the same row] */
    int64_t trade_price;
    /* Quantity of the last trade. [quantity; decimals: `instruments.quantity_decimals` of the same row] */
    int64_t trade_quantity;
    /* When the quote was received. [ns since epoch] */
    uint64_t quote_recv_ns;
    /* When the trade was received. [ns since epoch] */
    uint64_t trade_recv_ns;
    /* The venue's number of the quote. */
    uint64_t quote_seq;
    /* The venue's number of the trade. */
    uint64_t trade_seq;
    /* Venue time minus receive time of the newest tick that has one; -2147483648: none yet. [us] */
    int32_t exchange_offset_us;
    /* What there is, and whether the quote was usable when the row was written. [bits: 1 has_quote, 2 has_trade, 4 usable, 8 lagging] */
    uint32_t flags;
    /* Quotes so far. */
    uint64_t quotes;
    /* Trades so far. */
    uint64_t trades;
    /* Core time from which on the quote is stale, unless another comes. [ns since epoch] */
    uint64_t usable_until_ns;
    uint8_t reserved_112[8];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_price, bid) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, bid_quantity) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, ask) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, ask_quantity) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, trade_price) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, trade_quantity) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, quote_recv_ns) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, trade_recv_ns) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, quote_seq) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, trade_seq) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, exchange_offset_us) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, flags) == 84);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, quotes) == 88);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, trades) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_price, usable_until_ns) == 104);
CROSSTICK_ASSERT(sizeof(struct crosstick_price) == 120);

#define CROSSTICK_SPREAD_FLAGS_USABLE 1u
#define CROSSTICK_SPREAD_FLAGS_OPEN 2u
#define CROSSTICK_SPREAD_FLAGS_HAS_BEST 4u

/* A market in one direction: buy on one venue, sell on another. Written by the core thread. */
struct crosstick_spread {
    /* The market. [row of `markets`] */
    uint32_t market;
    /* Where to buy. [row of `venues`] */
    uint32_t buy_venue;
    /* Where to sell. [row of `venues`] */
    uint32_t sell_venue;
    /* What to buy. [row of `instruments`] */
    uint32_t buy_instrument;
    /* What to sell. [row of `instruments`] */
    uint32_t sell_instrument;
    /* Whether there is an edge, and an opportunity. [bits: 1 usable, 2 open, 4 has_best] */
    uint32_t flags;
    /* Edge at the newest quotes, after both legs' taker fees; of no meaning unless usable. [ppm] */
    int64_t edge_ppm;
    /* The ask to buy at. [price; decimals: `markets.price_decimals` of row `market`] */
    int64_t buy_price;
    /* The bid to sell at. [price; decimals: `markets.price_decimals` of row `market`] */
    int64_t sell_price;
    /* The smaller of both quantities, in base units. [base units; decimals: `markets.quantity_decimals` of row `market`] */
    int64_t quantity;
    /* Taker fee where to buy, as a fraction of the notional. [fraction; 8 decimals] */
    int64_t buy_fee;
    /* Taker fee where to sell, as a fraction of the notional. [fraction; 8 decimals] */
    int64_t sell_fee;
    /* Best edge of the last minute. [ppm] */
    int64_t best_edge_ppm;
    /* Core time of that best edge, to the second. [ns since epoch] */
    uint64_t best_ns;
    /* Opportunities that began. */
    uint64_t seen;
    /* Of those, how many were taken. */
    uint64_t taken;
    /* Core time at which the row was written. [ns since epoch] */
    uint64_t written_ns;
    uint8_t reserved_112[8];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, market) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, buy_venue) == 4);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, sell_venue) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, buy_instrument) == 12);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, sell_instrument) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, flags) == 20);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, edge_ppm) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, buy_price) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, sell_price) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, quantity) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, buy_fee) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, sell_fee) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, best_edge_ppm) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, best_ns) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, seen) == 88);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, taken) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_spread, written_ns) == 104);
CROSSTICK_ASSERT(sizeof(struct crosstick_spread) == 120);

/* The position in an instrument. Written by the core thread. */
struct crosstick_position {
    /* Signed quantity (contracts where inverse), rounded to the instrument's decimals. [quantity; decimals: `instruments.quantity_decimals` of the same row] */
    int64_t quantity;
    /* Realised result before fees. [risk currency; 16 decimals] */
    struct crosstick_i128 realised;
    /* Fees paid. [risk currency; 16 decimals] */
    struct crosstick_i128 fees;
    /* Result of closing now at the quote, before fees. [risk currency; 16 decimals] */
    struct crosstick_i128 unrealised;
    /* Realised minus fees plus unrealised. [risk currency; 16 decimals] */
    struct crosstick_i128 net;
    /* What the position is worth at the ask, with orders in flight at their worst. [risk currency; 16 decimals] */
    struct crosstick_i128 exposure;
    /* Signed quantity (contracts where inverse), exact: fees taken in the base asset leave parts of a step. [base units; 16 decimals] */
    struct crosstick_i128 exact_quantity;
    uint8_t reserved_104[16];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_position, quantity) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_position, realised) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_position, fees) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_position, unrealised) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_position, net) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_position, exposure) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_position, exact_quantity) == 88);
CROSSTICK_ASSERT(sizeof(struct crosstick_position) == 120);

/* The balance of an asset on a venue. Written by the core thread. */
struct crosstick_balance {
    /* The venue. [row of `venues`] */
    uint32_t venue;
    uint8_t reserved_4[4];
    /* The asset. */
    char asset[16];
    /* What a new order may use. [asset; 16 decimals] */
    struct crosstick_i128 free;
    /* Set aside for orders in flight and contract positions. [asset; 16 decimals] */
    struct crosstick_i128 locked;
    /* All of it; fees may take it below zero. [asset; 16 decimals] */
    struct crosstick_i128 total;
    /* What the run started from. [asset; 16 decimals] */
    struct crosstick_i128 initial;
    uint8_t reserved_88[32];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_balance, venue) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_balance, asset) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_balance, free) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_balance, locked) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_balance, total) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_balance, initial) == 72);
CROSSTICK_ASSERT(sizeof(struct crosstick_balance) == 120);

/* An order as it stands now (in `open_orders`) or as it stood after a change (in `orders`). */
struct crosstick_order {
    /* Counts orders from 1 in every run; 0 in a free slot. */
    uint64_t id;
    /* The group of intents that it belongs to. */
    uint64_t group;
    /* The instrument. [row of `instruments`] */
    uint32_t instrument;
    /* Where it stands. [enum `order_status`] */
    uint32_t status;
    /* Buy or sell. [enum `side`] */
    uint8_t side;
    /* How long it stands. [enum `time_in_force`] */
    uint8_t time_in_force;
    /* Whether it opens or closes. [enum `purpose`] */
    uint8_t purpose;
    /* Leg of the group, from 0. */
    uint8_t leg;
    /* Why the venue refused it. [enum `reject_reason`] */
    uint32_t reason;
    /* Limit price. [price; decimals: `instruments.price_decimals` of row `instrument`] */
    int64_t price;
    /* Quantity ordered (contracts where inverse). [quantity; decimals: `instruments.quantity_decimals` of row `instrument`] */
    int64_t quantity;
    /* Quantity executed so far. [quantity; decimals: `instruments.quantity_decimals` of row `instrument`] */
    int64_t filled;
    /* Core time at which it was sent. [ns since epoch] */
    uint64_t sent_ns;
    /* Core time of its last change. [ns since epoch] */
    uint64_t changed_ns;
    uint8_t reserved_72[48];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_order, id) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, group) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, instrument) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, status) == 20);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, side) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, time_in_force) == 25);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, purpose) == 26);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, leg) == 27);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, reason) == 28);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, price) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, quantity) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, filled) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, sent_ns) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_order, changed_ns) == 64);
CROSSTICK_ASSERT(sizeof(struct crosstick_order) == 120);

/* A line of a venue. Written by the reader thread that has the line. */
struct crosstick_feed {
    /* The venue. [row of `venues`] */
    uint32_t venue;
    /* Line, from 0. */
    uint32_t line;
    /* 1 while the line is live. */
    uint32_t connected;
    uint8_t reserved_12[4];
    /* Frames received. */
    uint64_t frames;
    /* Bytes received. [bytes] */
    uint64_t bytes;
    /* Trades decoded. */
    uint64_t trades;
    /* Quotes decoded. */
    uint64_t quotes;
    /* Other good frames. */
    uint64_t other;
    /* Frames that took the fast path. */
    uint64_t fast_path;
    /* Frames refused. */
    uint64_t refused;
    /* Trades missing by their ids. */
    uint64_t trade_gaps;
    /* Trades seen before. */
    uint64_t trade_duplicates;
    /* Times connected. */
    uint64_t connects;
    /* Times that the ring to the core was full. */
    uint64_t ring_full;
    /* When the last frame was received. [ns since epoch] */
    uint64_t last_recv_ns;
    /* Receive time minus venue time of the newest tick. [us] */
    int64_t lag_us;
};
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, venue) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, line) == 4);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, connected) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, frames) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, bytes) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, trades) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, quotes) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, other) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, fast_path) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, refused) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, trade_gaps) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, trade_duplicates) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, connects) == 88);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, ring_full) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, last_recv_ns) == 104);
CROSSTICK_ASSERT(offsetof(struct crosstick_feed, lag_us) == 112);
CROSSTICK_ASSERT(sizeof(struct crosstick_feed) == 120);

/* A stage of a tick's way, as one thread measures it. Its histogram is the row of the same index. */
struct crosstick_stage {
    /* Name; the same where several threads measure the same. */
    char name[24];
    /* From where it counts. */
    char from[40];
    /* To where it counts. */
    char to[40];
    /* The thread that measures. */
    char thread[24];
    /* Buckets of its histogram. */
    uint32_t buckets;
    /* Each power of two is divided into 2^this buckets. */
    uint32_t division_bits;
    /* Largest value with a bucket. [ns] */
    uint64_t value_max;
    uint8_t reserved_144[40];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_stage, name) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_stage, from) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_stage, to) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_stage, thread) == 104);
CROSSTICK_ASSERT(offsetof(struct crosstick_stage, buckets) == 128);
CROSSTICK_ASSERT(offsetof(struct crosstick_stage, division_bits) == 132);
CROSSTICK_ASSERT(offsetof(struct crosstick_stage, value_max) == 136);
CROSSTICK_ASSERT(sizeof(struct crosstick_stage) == 184);

/* Turns of a hot thread's loop that took longer than a limit, by whose doing that was. Written by that thread. */
struct crosstick_turn {
    /* The thread. */
    char thread[24];
    /* From how long on a turn counts. [ns] */
    uint64_t limit_ns;
    /* Turns with work of ours in which the kernel did not take the processor away. */
    uint64_t work;
    /* The longest of those. [ns] */
    uint64_t work_worst_ns;
    /* All of those together. [ns] */
    uint64_t work_total_ns;
    /* Turns in which the kernel gave the processor to something else. */
    uint64_t preempted;
    /* The longest of those. [ns] */
    uint64_t preempted_worst_ns;
    /* All of those together. [ns] */
    uint64_t preempted_total_ns;
    /* Turns without work of ours in which the kernel did not take the processor away: an interrupt, the hypervisor, the firmware. */
    uint64_t stalled;
    /* The longest of those. [ns] */
    uint64_t stalled_worst_ns;
    /* All of those together. [ns] */
    uint64_t stalled_total_ns;
    /* When the newest of all ended. [ns since epoch] */
    uint64_t newest_ns;
    uint8_t reserved_112[8];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, thread) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, limit_ns) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, work) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, work_worst_ns) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, work_total_ns) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, preempted) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, preempted_worst_ns) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, preempted_total_ns) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, stalled) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, stalled_worst_ns) == 88);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, stalled_total_ns) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_turn, newest_ns) == 104);
CROSSTICK_ASSERT(sizeof(struct crosstick_turn) == 120);

#define CROSSTICK_WORST_TICK_REACHED_KERNEL 1u
#define CROSSTICK_WORST_TICK_REACHED_DECODED 2u
#define CROSSTICK_WORST_TICK_REACHED_TAKEN 4u
#define CROSSTICK_WORST_TICK_REACHED_DECIDED 8u
#define CROSSTICK_WORST_TICK_REACHED_GATED 16u
#define CROSSTICK_WORST_TICK_REACHED_SENT 32u
#define CROSSTICK_WORST_TICK_REACHED_ACKNOWLEDGED 64u

/* One of the ticks of this run that took longest from the socket read to the last stage of their way; the rows are in no order. Written by the core thread. */
struct crosstick_worst_tick {
    /* From the socket read to the last of taken, decided, gated and sent; 0: the row is free. [ns] */
    uint64_t total_ns;
    /* When its bytes were read. [ns since epoch] */
    uint64_t recv_ns;
    /* The venue's number of it. */
    uint64_t venue_seq;
    /* The instrument. [row of `instruments`] */
    uint32_t instrument;
    /* What it is. [enum `tick_kind`] */
    uint32_t kind;
    /* The line that brought it. */
    uint32_t line;
    /* Ticks of the same socket read; 0: not known. */
    uint32_t read_ticks;
    /* Which of the stamps below there are. [bits: 1 kernel, 2 decoded, 4 taken, 8 decided, 16 gated, 32 sent, 64 acknowledged] */
    uint32_t reached;
    /* What it led to. [enum `led_to`] */
    uint32_t led_to;
    /* Why risk denied it; 4294967295: it did not. [enum `deny_code`] */
    uint32_t code;
    /* Orders that a gateway took. */
    uint32_t orders;
    /* The first of those orders. */
    uint64_t first_order;
    /* From the kernel's receive time of the newest packet of the read to the read. [ns] */
    uint64_t kernel_ns;
    /* From the read until all ticks of the read were in the ring. [ns] */
    uint64_t decoded_ns;
    /* From the read until the core took it. [ns] */
    uint64_t taken_ns;
    /* From the read until the strategy's first intents were out. [ns] */
    uint64_t decided_ns;
    /* From the read until risk's verdict on them. [ns] */
    uint64_t gated_ns;
    /* From the read until a gateway had their orders. [ns] */
    uint64_t sent_ns;
    /* From the read until the core took the first report of the first order. [ns] */
    uint64_t acknowledged_ns;
};
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, total_ns) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, recv_ns) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, venue_seq) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, instrument) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, kind) == 28);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, line) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, read_ticks) == 36);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, reached) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, led_to) == 44);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, code) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, orders) == 52);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, first_order) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, kernel_ns) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, decoded_ns) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, taken_ns) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, decided_ns) == 88);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, gated_ns) == 96);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, sent_ns) == 104);
CROSSTICK_ASSERT(offsetof(struct crosstick_worst_tick, acknowledged_ns) == 112);
CROSSTICK_ASSERT(sizeof(struct crosstick_worst_tick) == 120);

#define CROSSTICK_TICK_EVENT_FLAGS_TAKER_SOLD 1u
#define CROSSTICK_TICK_EVENT_FLAGS_OFF_MARKET 2u
#define CROSSTICK_TICK_EVENT_FLAGS_LAST_OF_BATCH 4u

/* A quote or a trade, as the core took it. */
struct crosstick_tick_event {
    /* Best bid of a quote, price of a trade. [price; decimals: `instruments.price_decimals` of row `instrument`] */
    int64_t price;
    /* Quantity at the best bid, or traded. [quantity; decimals: `instruments.quantity_decimals` of row `instrument`] */
    int64_t quantity;
    /* Best ask of a quote; 0 of a trade. [price; decimals: `instruments.price_decimals` of row `instrument`] */
    int64_t ask;
    /* Quantity at the best ask; 0 of a trade. [quantity; decimals: `instruments.quantity_decimals` of row `instrument`] */
    int64_t ask_quantity;
    /* When its bytes were read. [ns since epoch] */
    uint64_t recv_ns;
    /* The venue's number of it. */
    uint64_t venue_seq;
    /* Venue time minus receive time; -2147483648: the venue gives none. [us] */
    int32_t exchange_offset_us;
    /* The instrument. [row of `instruments`] */
    uint16_t instrument;
    /* Quote or trade. [enum `tick_kind`] */
    uint8_t kind;
    /* What is special about it; the three upper bits are the line that brought it. [bits: 1 taker_sold, 2 off_market, 4 last_of_batch] */
    uint8_t flags;
};
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, price) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, quantity) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, ask) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, ask_quantity) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, recv_ns) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, venue_seq) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, exchange_offset_us) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, instrument) == 52);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, kind) == 54);
CROSSTICK_ASSERT(offsetof(struct crosstick_tick_event, flags) == 55);
CROSSTICK_ASSERT(sizeof(struct crosstick_tick_event) == 56);

/* The begin or the end of an opportunity. */
struct crosstick_opportunity_event {
    /* Counts opportunities from 1 in every run; begin and end have the same. */
    uint64_t id;
    /* Begin or end. [enum `phase`] */
    uint32_t phase;
    /* What became of it; `open` at its begin. [enum `outcome`] */
    uint32_t outcome;
    /* The market. [row of `markets`] */
    uint32_t market;
    /* Where to buy. [row of `venues`] */
    uint32_t buy_venue;
    /* Where to sell. [row of `venues`] */
    uint32_t sell_venue;
    /* What to buy. [row of `instruments`] */
    uint32_t buy_instrument;
    /* What to sell. [row of `instruments`] */
    uint32_t sell_instrument;
    uint8_t reserved_36[4];
    /* Core time of its begin. [ns since epoch] */
    uint64_t begin_ns;
    /* Core time of its end; 0 at its begin, and where the run ended before it. [ns since epoch] */
    uint64_t end_ns;
    /* Edge at its begin. [ppm] */
    int64_t first_edge_ppm;
    /* Best edge so far. [ppm] */
    int64_t best_edge_ppm;
    /* The ask to buy at, at its begin. [price; decimals: `markets.price_decimals` of row `market`] */
    int64_t buy_price;
    /* The bid to sell at, at its begin. [price; decimals: `markets.price_decimals` of row `market`] */
    int64_t sell_price;
    /* Quantity at its begin, in base units. [base units; decimals: `markets.quantity_decimals` of row `market`] */
    int64_t quantity;
    uint8_t reserved_96[24];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, id) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, phase) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, outcome) == 12);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, market) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, buy_venue) == 20);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, sell_venue) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, buy_instrument) == 28);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, sell_instrument) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, begin_ns) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, end_ns) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, first_edge_ppm) == 56);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, best_edge_ppm) == 64);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, buy_price) == 72);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, sell_price) == 80);
CROSSTICK_ASSERT(offsetof(struct crosstick_opportunity_event, quantity) == 88);
CROSSTICK_ASSERT(sizeof(struct crosstick_opportunity_event) == 120);

/* An execution. */
struct crosstick_fill_event {
    /* The order. */
    uint64_t order;
    /* The group of intents that the order belongs to. */
    uint64_t group;
    /* The instrument. [row of `instruments`] */
    uint32_t instrument;
    /* Bought or sold. [enum `side`] */
    uint8_t side;
    /* Whether we were there first. [enum `liquidity`] */
    uint8_t liquidity;
    /* Whether the order opens or closes. [enum `purpose`] */
    uint8_t purpose;
    /* Leg of the group, from 0. */
    uint8_t leg;
    /* Core time of its report. [ns since epoch] */
    uint64_t at_ns;
    /* Price. [price; decimals: `instruments.price_decimals` of row `instrument`] */
    int64_t price;
    /* Quantity (contracts where inverse). [quantity; decimals: `instruments.quantity_decimals` of row `instrument`] */
    int64_t quantity;
    /* Fee; negative for a rebate. [fee_asset; 16 decimals] */
    struct crosstick_i128 fee;
    /* What the fee was taken in. */
    char fee_asset[16];
    uint8_t reserved_80[40];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, order) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, group) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, instrument) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, side) == 20);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, liquidity) == 21);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, purpose) == 22);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, leg) == 23);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, at_ns) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, price) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, quantity) == 40);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, fee) == 48);
CROSSTICK_ASSERT(offsetof(struct crosstick_fill_event, fee_asset) == 64);
CROSSTICK_ASSERT(sizeof(struct crosstick_fill_event) == 120);

/* Something that an operator would want to know. */
struct crosstick_engine_event {
    /* Core time. [ns since epoch] */
    uint64_t at_ns;
    /* What happened. [enum `event_kind`] */
    uint32_t kind;
    /* Which limit or halt; 4294967295: none. [enum `deny_code`] */
    uint32_t code;
    /* Which venue; 4294967295: none. [row of `venues`] */
    uint32_t venue;
    /* Which line of the venue; 4294967295: none. */
    uint32_t line;
    /* Which instrument; 4294967295: none. [row of `instruments`] */
    uint32_t instrument;
    uint8_t reserved_28[4];
    /* A number that belongs to it, such as an order's id; 0 if there is none. */
    uint64_t value;
    /* In words, where there is more to say. */
    char text[80];
};
CROSSTICK_ASSERT(offsetof(struct crosstick_engine_event, at_ns) == 0);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine_event, kind) == 8);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine_event, code) == 12);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine_event, venue) == 16);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine_event, line) == 20);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine_event, instrument) == 24);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine_event, value) == 32);
CROSSTICK_ASSERT(offsetof(struct crosstick_engine_event, text) == 40);
CROSSTICK_ASSERT(sizeof(struct crosstick_engine_event) == 120);

/* What came of a look at a record. */
enum crosstick_seen {
    CROSSTICK_WHOLE = 0,     /* it was copied whole */
    CROSSTICK_UNDER_WAY = 1, /* a row: a write was under way at every attempt */
    CROSSTICK_NOT_YET = 2,   /* a slot: the record was not written yet */
    CROSSTICK_LAPPED = 3     /* a slot: the record was overwritten */
};

static inline uint64_t crosstick_version(const void *at) {
    uint64_t version = __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return version;
}

/* Copies `bytes` (a multiple of eight) behind the version at `at`. */
static inline void crosstick_copy(const void *at, void *value, size_t bytes) {
    const uint64_t *from = (const uint64_t *)at + 1;
    for (size_t i = 0; i < bytes / 8; i++) {
        uint64_t word = __atomic_load_n(from + i, __ATOMIC_RELAXED);
        memcpy((char *)value + 8 * i, &word, 8);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* The row of a seqlock table that lies at `at`. */
static inline enum crosstick_seen crosstick_read_row(const void *at, void *value, size_t bytes, unsigned attempts) {
    for (; attempts > 0; attempts--) {
        uint64_t before = crosstick_version(at);
        if (before % 2 != 0)
            continue;
        crosstick_copy(at, value, bytes);
        if (crosstick_version(at) == before)
            return CROSSTICK_WHOLE;
    }
    return CROSSTICK_UNDER_WAY;
}

/* How many records were ever written to the ring at `at`. */
static inline uint64_t crosstick_written(const void *at) {
    return crosstick_version(at);
}

/* The record of that sequence number (they count from 0) in a ring's slot `sequence % count`, which lies at `at`. */
static inline enum crosstick_seen crosstick_read_slot(const void *at, uint64_t sequence, void *value, size_t bytes) {
    uint64_t whole = 2 * sequence + 2, before = crosstick_version(at);
    if (before != whole)
        return before > whole ? CROSSTICK_LAPPED : CROSSTICK_NOT_YET;
    crosstick_copy(at, value, bytes);
    return crosstick_version(at) == before ? CROSSTICK_WHOLE : CROSSTICK_LAPPED;
}

/* Whether the first bytes of a file of that many bytes are the head of a region that this header describes. */
static inline int crosstick_is_region(const struct crosstick_head *head, uint64_t file_bytes) {
    return file_bytes >= CROSSTICK_HEAD_BYTES && memcmp(head->magic, "XTICKSHM", 8) == 0 &&
           head->byte_order == CROSSTICK_BYTE_ORDER && head->layout_version == CROSSTICK_LAYOUT_VERSION &&
           head->region_bytes <= file_bytes;
}

#ifdef __cplusplus
}
#endif

#endif
