/* Random numbers for the sampler: splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
 *
 * One counter is all its state, so that threads of an interpreter with a GIL of its own, which may
 * get as far as drawing (see sampling.c), can at worst draw the same number twice. */

#ifndef LEAKPROBE_SAMPLER_RANDOM_H
#define LEAKPROBE_SAMPLER_RANDOM_H

#include <stdint.h>

static inline uint64_t
random_bits(uint64_t *state)
{
    uint64_t bits = __atomic_load_n(state, __ATOMIC_RELAXED) + 0x9E3779B97F4A7C15u;
    __atomic_store_n(state, bits, __ATOMIC_RELAXED);
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return bits ^ (bits >> 31);
}

/* Uniform in (0, 1]: its logarithm is always finite. */
static inline double
random_unit(uint64_t *state)
{
    return (double)((random_bits(state) >> 11) + 1) * 0x1p-53;
}

#endif
