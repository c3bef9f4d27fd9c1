/* The way to an object folded into a number: objects with one number are held in the same way. */
#ifndef LEAKPROBE_HEAP_WAYS_H
#define LEAKPROBE_HEAP_WAYS_H

#include "walk.h"

#include "rows.h"

struct way {
    uint64_t way;    /* 0: not known yet */
    uint32_t step;   /* the last one, folded */
    uint32_t depth;  /* how many steps */
};

struct ways {
    const struct walk *walk;
    struct way *of_node;
    struct rows climbed;  /* uint32_t: a stack of nodes */
};

void open_ways(struct ways *ways, const struct walk *walk);

/* Its way is not 0. */
const struct way *way_to(struct ways *ways, uint32_t node);

void close_ways(struct ways *ways);

/* The finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
static inline uint64_t
mix(uint64_t one, uint64_t other)
{
    uint64_t value = (one ^ other) + UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

#endif
