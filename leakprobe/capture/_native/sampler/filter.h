/* A counting filter over addresses: says for most blocks that are freed that none was sampled.
 *
 * One counter of 8 bits for each of 64 Ki folded addresses. A counter that has reached 255 stays
 * there: it then costs a needless search and never loses a sample. */

#ifndef LEAKPROBE_SAMPLER_FILTER_H
#define LEAKPROBE_SAMPLER_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define UNLIKELY(condition) __builtin_expect(condition, 0)

enum { FILTER_SIZE = 1 << 16, FILTER_STUCK = UINT8_MAX };

extern uint8_t filter_counters[FILTER_SIZE];

/* Blocks are aligned to 16 bytes; neighbours get counters of their own. */
static inline uint8_t *
filter_counter(const void *block)
{
    uintptr_t line = (uintptr_t)block >> 4;
    return &filter_counters[(line ^ (line >> 16)) % FILTER_SIZE];
}

/* Whether the block may be sampled; atomic, as it is asked from every interpreter (sampling.c). */
static inline bool
filter_hit(const void *block)
{
    return __atomic_load_n(filter_counter(block), __ATOMIC_RELAXED) != 0;
}

static inline void
filter_add(const void *block)
{
    uint8_t *counter = filter_counter(block);
    if (*counter != FILTER_STUCK) {
        __atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
    }
}

static inline void
filter_remove(const void *block)
{
    uint8_t *counter = filter_counter(block);
    if (*counter != FILTER_STUCK) {
        __atomic_store_n(counter, *counter - 1, __ATOMIC_RELAXED);
    }
}

#endif
