/* Prints the prices of a running crosstick engine. It knows the head's offsets and nothing else: tables, fields, types
 * and scales come from the schema inside the region.
 *
 *     cc -O2 -Wall -Wextra -o top_prices top_prices.c -ljansson      (Debian: apt-get install gcc libjansson-dev)
 *     ./top_prices [--json] [/dev/shm/crosstick]
 *
 * Prices are integers at a power-of-ten scale and stay integers here: no floating point comes near them. */

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if !defined(__x86_64__)
#error "regions are promised for x86-64 alone: their readers rely on its memory order"
#endif

enum { LAYOUT_VERSION = 2, HEAD_BYTES = 256, ATTEMPTS = 100000, RECORD_BYTES_MAX = 4096 };

static const char *path = "/dev/shm/crosstick";
static const unsigned char *base; /* the mapped region */
static uint64_t region_bytes;
static json_t *schema;

static void fail(const char *why) {
    fprintf(stderr, "top_prices: %s: %s\n", path, why);
    exit(1);
}

/* A file that is cut short under a mapping raises SIGBUS at the next look. */
static void on_sigbus(int signal_number) {
    static const char words[] = "top_prices: the region was cut short while it was read; start the engine again\n";
    (void)signal_number;
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(1);
}

static uint64_t word_at(uint64_t offset) {
    uint64_t value;
    memcpy(&value, base + offset, sizeof value);
    return value;
}

static void attach(void) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) fail("cannot be opened: is the engine running, and are you in its group?");
    struct stat meta;
    if (fstat(fd, &meta) != 0 || !S_ISREG(meta.st_mode) || meta.st_size < HEAD_BYTES) fail("is not a region");
    base = mmap(NULL, (size_t)meta.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) fail("cannot be mapped");
    close(fd);

    uint32_t version, byte_order;
    memcpy(&version, base + 8, sizeof version);
    memcpy(&byte_order, base + 12, sizeof byte_order);
    if (memcmp(base, "XTICKSHM", 8) != 0) fail("is not a region of crosstick");
    if (byte_order != 0x01020304) fail("was written in another byte order");
    if (version != LAYOUT_VERSION) fail("has another layout version than this reader: use the one of that build");
    region_bytes = word_at(24);
    uint64_t schema_offset = word_at(32), schema_bytes = word_at(40);
    if (region_bytes > (uint64_t)meta.st_size) fail("was cut short");
    if (schema_offset > region_bytes || schema_bytes > region_bytes - schema_offset) fail("has its schema outside");
    schema = json_loadb((const char *)base + schema_offset, schema_bytes, 0, NULL);
    if (schema == NULL) fail("has a schema that is no JSON");
}

static uint64_t number(const json_t *object, const char *key) {
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value < 0 ? 0 : (uint64_t)value;
}

static json_t *named(json_t *list, const char *name) {
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry) {
        const char *found = json_string_value(json_object_get(entry, "name"));
        if (found != NULL && strcmp(found, name) == 0) return entry;
    }
    return NULL;
}

struct table {
    uint64_t offset, stride, count, value_bytes;
    json_t *fields;
};

static struct table table(const char *name) {
    json_t *entry = named(json_object_get(schema, "tables"), name);
    const char *record_name = json_string_value(json_object_get(entry, "record"));
    json_t *record = record_name ? json_object_get(json_object_get(schema, "records"), record_name) : NULL;
    struct table t = {number(entry, "offset"), number(entry, "stride"), number(entry, "count"),
                      number(record, "bytes"), json_object_get(record, "fields")};
    if (record == NULL) fail("lacks a table that this reader needs: is it another build's?");
    if (t.value_bytes > RECORD_BYTES_MAX || t.stride < t.value_bytes + 8 || t.stride % 8 || t.offset % 8 ||
        t.offset > region_bytes || t.count > (region_bytes - t.offset) / t.stride)
        fail("has a table outside of it");
    return t;
}

/* A whole copy of a row: its version is even, and the same before and after. 0 if that can't be had. */
static int read_row(const struct table *t, uint64_t row, unsigned char *value) {
    const unsigned char *cell = base + t->offset + row * t->stride;
    const uint64_t *version = (const uint64_t *)cell;
    for (int i = 0; i < ATTEMPTS; i++) {
        uint64_t before = __atomic_load_n(version, __ATOMIC_ACQUIRE);
        if (before % 2) continue;
        memcpy(value, cell + 8, t->value_bytes);
        __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the copy ends before the version is looked at again */
        if (__atomic_load_n(version, __ATOMIC_RELAXED) == before) return 1;
    }
    return 0;
}

/* An integer field of a copied row, whatever its width and sign. */
static int64_t integer(const struct table *t, const char *name, const unsigned char *value) {
    json_t *field = named(t->fields, name);
    const char *type = json_string_value(json_object_get(field, "type"));
    uint64_t offset = number(field, "offset"), bits = type ? strtoul(type + 1, NULL, 10) : 0, raw = 0;
    if (bits < 8 || bits > 64 || offset > t->value_bytes || bits / 8 > t->value_bytes - offset)
        fail("lacks a field that this reader needs: is it another build's?");
    memcpy(&raw, value + offset, bits / 8);
    int negative = type[0] == 'i' && bits < 64 && raw >> (bits - 1);
    return (int64_t)(negative ? raw | ~0ull << bits : raw);
}

static void text(const struct table *t, const char *name, const unsigned char *value, char *out, size_t room) {
    json_t *field = named(t->fields, name);
    uint64_t offset = number(field, "offset"), bytes = number(field, "bytes");
    if (offset > t->value_bytes || bytes > t->value_bytes - offset || bytes >= room) fail("has a text outside of it");
    memcpy(out, value + offset, bytes);
    out[bytes] = 0;
}

/* `mantissa` at 10^-decimals, all decimals shown. */
static void fixed(int64_t mantissa, int decimals, char out[80]) {
    char digits[64];
    uint64_t size = mantissa < 0 ? 0 - (uint64_t)mantissa : (uint64_t)mantissa;
    int length = snprintf(digits, sizeof digits, "%0*llu", decimals + 1, (unsigned long long)size);
    sprintf(out, "%s%.*s%s%s", mantissa < 0 ? "-" : "", length - decimals, digits, decimals ? "." : "",
            digits + length - decimals);
}

int main(int count, char **arguments) {
    int as_json = 0;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0) as_json = 1;
        else path = arguments[i];
    }
    signal(SIGBUS, on_sigbus);
    attach();

    static const char *shown[] = {"bid_quantity", "bid", "ask", "ask_quantity"};
    struct table venues = table("venues"), instruments = table("instruments"), prices = table("prices");
    if (!as_json) printf("%-28s %20s %20s %20s %20s\n", "instrument", shown[0], shown[1], shown[2], shown[3]);
    if (as_json) printf("[");
    const char *comma = "";
    for (uint64_t i = 0; i < prices.count; i++) {
        unsigned char facts[RECORD_BYTES_MAX], price[RECORD_BYTES_MAX], venue[RECORD_BYTES_MAX];
        if (i >= instruments.count || !read_row(&instruments, i, facts) || !read_row(&prices, i, price)) continue;
        uint64_t of = (uint64_t)integer(&instruments, "venue", facts);
        if (of >= venues.count || !read_row(&venues, of, venue)) continue;
        char names[2][64], label[132], cells[4][80];
        text(&venues, "name", venue, names[0], sizeof names[0]);
        text(&instruments, "symbol", facts, names[1], sizeof names[1]);
        snprintf(label, sizeof label, "%s:%s", names[0], names[1]);
        for (int k = 0; k < 4; k++) {
            /* Where a field's decimals stand is told by its scale: here, in the instrument of the same row. */
            json_t *scale = json_object_get(named(prices.fields, shown[k]), "scale");
            const char *decimals = json_string_value(json_object_get(scale, "field"));
            int64_t n = decimals ? integer(&instruments, decimals, facts) : 0;
            fixed(integer(&prices, shown[k], price), n < 0 || n > 32 ? 0 : (int)n, cells[k]);
        }
        if (!as_json) printf("%-28s %20s %20s %20s %20s\n", label, cells[0], cells[1], cells[2], cells[3]);
        else {
            printf("%s\n {\"instrument\": \"%s\", \"%s\": \"%s\", \"%s\": \"%s\", \"%s\": \"%s\", \"%s\": \"%s\"}",
                   comma, label, shown[0], cells[0], shown[1], cells[1], shown[2], cells[2], shown[3], cells[3]);
            comma = ",";
        }
    }
    if (as_json) printf("\n]\n");
    return 0;
}
