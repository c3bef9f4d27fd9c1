/* A counting filter over addresses: says for most blocks that are freed that none was sampled.
 *
 * One counter of 8 bits for each of 64 Ki folded addresses, and one bit that says whether it is
 * above zero. Only the bits are asked: they take 8 KiB, so that they stay in the first cache beside
 * what the application has there. A counter that has reached 255 stays there: it then costs a
 * needless search and never loses a sample. */

#ifndef LEAKPROBE_SAMPLER_FILTER_H
#define LEAKPROBE_SAMPLER_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define UNLIKELY(condition) __builtin_expect(condition, 0)

enum { FILTER_SIZE = 1 << 16, FILTER_STUCK = UINT8_MAX };

enum { FILTER_WORD_BITS = 64 };

extern uint8_t filter_counters[FILTER_SIZE];
extern uint64_t filter_bits[FILTER_SIZE / FILTER_WORD_BITS];

/* Blocks are aligned to 16 bytes; neighbours get counters of their own. */
static inline uint32_t
filter_place(const void *block)
{
    uintptr_t line = (uintptr_t)block >> 4;
    return (uint32_t)((line ^ (line >> 16)) % FILTER_SIZE);
}

/* Whether the block may be sampled; atomic, as it is asked from every interpreter (sampling.c). */
static inline bool
filter_hit(const void *block)
{
    uint32_t place = filter_place(block);
    uint64_t word = __atomic_load_n(&filter_bits[place / FILTER_WORD_BITS], __ATOMIC_RELAXED);
    return word >> place % FILTER_WORD_BITS & 1;
}

static inline void
filter_set(uint32_t place, bool used)
{
    uint64_t *word = &filter_bits[place / FILTER_WORD_BITS];
    uint64_t bit = UINT64_C(1) << place % FILTER_WORD_BITS;
    __atomic_store_n(word, used ? *word | bit : *word & ~bit, __ATOMIC_RELAXED);
}

static inline void
filter_add(const void *block)
{
    uint32_t place = filter_place(block);
    if (filter_counters[place] != FILTER_STUCK) {
        filter_counters[place]++;
    }
    filter_set(place, true);
}

static inline void
filter_remove(const void *block)
{
    uint32_t place = filter_place(block);
    if (filter_counters[place] != FILTER_STUCK) {
        filter_counters[place]--;
    }
    filter_set(place, filter_counters[place] != 0);
}

#endif
