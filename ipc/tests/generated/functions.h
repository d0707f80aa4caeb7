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
