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

